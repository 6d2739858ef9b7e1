"""The way of one line through the daemon, to the socket of another member.

    python -m benchmarks.trace

Counts calls of our functions, the modules that they are in, and the moves from one
module to another, by a call or a return. A line that is said, a command, and a line
over WebSocket are told apart by what is sent.
"""

import argparse
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType, SimpleNamespace
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from broadcast.base.settings import RoomSettings
from broadcast.base.work import Work
from broadcast.net.accept import Acceptor, PacedServer
from broadcast.net.connections import Connections
from broadcast.net.lines import BroadcastFactory
from broadcast.room.directory import Directory
from broadcast.room.room import Room
from broadcast.session import new_session
from broadcast.store.memory import MemoryStore

DEADLINE = 10
"""Seconds for a line to arrive."""


@dataclass
class Trace:
    """The calls that were made.

    Attributes:
        calls: module and function, in order.
        moves: from one module to another, by a call or a return.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    moves: int = 0

    @property
    def modules(self) -> int:
        """How many modules have a part in it."""
        return len({module for module, _ in self.calls})


def traced(act: Callable[[], None], package: str = "broadcast.") -> Trace:
    """Return the calls of functions of ``package`` that ``act`` leads to."""
    trace = Trace()
    stack: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if not module.startswith(package) or event not in ("call", "return"):
            return
        if event == "call":
            if stack and stack[-1] != module:
                trace.moves += 1
            stack.append(module)
            trace.calls.append((module, frame.f_code.co_name))
        elif stack:
            left = stack.pop()
            if stack and stack[-1] != left:
                trace.moves += 1

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return trace


class Pair:
    """Two members of a room in memory, over sockets of this process."""

    def __init__(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        work = Work(self.reactor)
        directory = Directory(self.reactor)
        room = Room(RoomSettings(), MemoryStore(), 1 << 20, directory, work)
        self._acceptor = Acceptor(work)
        self._ends: list[socket.socket] = []
        self._factory = BroadcastFactory(Connections(room, new_session))
        self.speaker, self._protocol = self._connect()
        self.hearer, _ = self._connect()
        self._advance(1.0)
        for end in (self.speaker, self.hearer):
            end.recv(1 << 16)
        self.way(b"so that all is as it is later\n")

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.close()

    def way(self, line: bytes) -> Trace:
        """Return the calls from when ``line`` has been read to the end of the turn."""

        def act() -> None:
            self._protocol.dataReceived(line)
            self._advance(0)

        trace = traced(act)
        heard = self.speaker if line.startswith(b"/") else self.hearer
        assert heard.recv(1 << 16)
        return trace

    def _advance(self, seconds: float) -> None:
        self.reactor.advance(seconds)

    def _connect(self) -> tuple[socket.socket, Any]:
        ours, theirs = socket.socketpair()
        self._ends += [ours, theirs]
        ours.setblocking(False)
        theirs.settimeout(DEADLINE)
        protocol: Any = self._factory.buildProtocol(None)
        port: Any = SimpleNamespace(acceptor=self._acceptor, _realPortNumber=1)
        peer = ("127.0.0.1", 1)
        server: Any = PacedServer(ours, protocol, peer, port, 0, self.reactor)
        protocol.makeConnection(server)
        return theirs, protocol


def main() -> None:
    """Print the way of a line, and of a command."""
    parser = argparse.ArgumentParser(description="the way of one line")
    parser.add_argument("line", nargs="*", default=["hello", "/ping"])
    lines = parser.parse_args().line
    with Pair() as pair:
        for line in lines:
            trace = pair.way(f"{line}\n".encode())
            print(f"{line}: {len(trace.calls)} calls,", end=" ")
            print(f"{trace.modules} modules, {trace.moves} moves")
            for module, function in trace.calls:
                print(f"    {module.removeprefix('broadcast.')}.{function}")


if __name__ == "__main__":
    main()
