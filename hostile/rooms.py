"""Rooms in memory that are given any bytes, and what must hold of them after.

An *input* is all that one connection sends, in pieces. Whatever it is: nothing
raises, nothing is logged as a failure, and what others are sent is whole lines
without an active byte, valid json for those who asked for json.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import connectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from broadcast.auth.authenticator import Authenticator
from broadcast.auth.bans import Bans
from broadcast.auth.checkers import TokenChecker
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.base.work import Work
from broadcast.net.connections import Connections
from broadcast.net.lines import BroadcastFactory, LineProtocol
from broadcast.protocol.roles import ASKING, LISTEN_ONLY, UNRESTRICTED, Role
from broadcast.room.directory import Directory
from broadcast.room.room import Room
from broadcast.session import new_session
from broadcast.store.memory import MemoryStore
from hostile.wire import BrokenPromiseError, Wire, check_lines

SECRET = "open-sesame"
_HTTP = b"HTTP/1.1 400"
_TELNET = re.compile(rb"\xff[\xfc\xfe].", re.DOTALL)
"""An answer of telnet's: the only ones with a byte 255, which is never in UTF-8."""
_LOST = Failure(ConnectionLost())


class Arena:
    """One kind of room, with a text and a json member who listen.

    Attributes:
        half_closes: its face goes on when the other end has said all.
    """

    half_closes = True

    def __init__(
        self,
        settings: RoomSettings,
        role: Role = UNRESTRICTED,
        secret: str = "",
        flush_partial: float | None = None,
    ) -> None:
        self.clock = Clock()
        self.settings = settings
        self.role = role
        self.work = Work(self.clock)
        authenticator = self._authenticator(secret) if secret else None
        policy = Policy(Bans(self.clock.seconds), authenticator)
        directory = Directory(self.clock, policy)
        store = MemoryStore(self.clock.seconds, "e1")
        self.room = Room(settings, store, 1 << 18, directory, self.work)
        self.connections = Connections(self.room, new_session)
        self.factory = BroadcastFactory(self.connections, flush_partial)
        login = f"/login {secret}\n" if secret else ""
        self.ears = [self._ear(login), self._ear(f"/format json\n{login}")]
        self.clock.advance(1)

    def run(self, pieces: Sequence[bytes], host: str, ending: int) -> None:
        """Give the room one input, and check what must hold after.

        Args:
            ending: 0 closes, 1 closes one half, 2 resets, 3 waits first; 4 more
                if its wire is slow.
        """
        protocol, wire = self._visit(host, ending >= 4)
        for piece in pieces:
            for _ in range(40):
                if not wire.is_paused:
                    break
                self.clock.advance(0.05)
                wire.drain()
            protocol.dataReceived(piece)
            self.clock.advance(0)
            wire.drain()
        ending %= 4
        if ending == 3:
            self.clock.advance(0.3)
        if ending == 1 and self.half_closes:
            protocol.readConnectionLost()
            self.clock.advance(0)
        protocol.connectionLost(_LOST if ending == 2 else connectionDone)
        self.clock.advance(0)
        self._check(wire)

    def rest(self) -> None:
        """Let a minute pass; nobody may be left."""
        self.clock.advance(61)
        if len(self.connections) != len(self.ears):
            raise BrokenPromiseError("a connection that is gone is still kept")
        if len(self.room.subscriptions) != len(self.ears):
            raise BrokenPromiseError("a member that is gone is still here")
        if len(self.room.directory.sessions) != len(self.ears):
            raise BrokenPromiseError("a session that is gone is still kept")
        if len(self.clock.getDelayedCalls()) > 20:
            raise BrokenPromiseError("timers of those who are gone are still set")

    def _authenticator(self, secret: str) -> Authenticator:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tokens"
            path.write_text(secret)
            checker = TokenChecker(str(path))
        return Authenticator([checker], self.work, allows_plaintext=True)

    def _visit(self, host: str, is_slow: bool) -> tuple[Any, Wire]:
        """Return the connection that is given an input, and its wire."""
        return self._connect(host, self.role, is_slow)

    def _connect(
        self, host: str, role: Role, is_slow: bool = False
    ) -> tuple[LineProtocol, Wire]:
        protocol: Any = self.factory.buildProtocol(None)
        protocol.role = role
        wire = Wire(host, is_slow)
        protocol.makeConnection(wire)
        return protocol, wire

    def _ear(self, introduction: str) -> Wire:
        protocol, wire = self._connect("127.0.0.1", UNRESTRICTED)
        if not self.settings.relay:
            protocol.dataReceived(introduction.encode())
        return wire

    def _check(self, own: Wire) -> None:
        self._check_ears()
        self._check_own(own.take())

    def _check_ears(self) -> None:
        if self.settings.relay:
            for ear in self.ears:
                ear.take()
            return
        text, objects = (ear.take() for ear in self.ears)
        for data in (text, objects):
            check_lines(data)
        for line in objects.split(b"\n")[:-1]:
            json.loads(line)

    def _check_own(self, data: bytes) -> None:
        if self.settings.relay:
            return
        if not self.role.hears and _TELNET.search(data):
            raise BrokenPromiseError(f"a feed is answered: {data[:80]!r}")
        words = _TELNET.sub(b"", data)
        if self.role.asks:
            words = words.replace(self.settings.name_prompt.encode(), b"")
        if not words.startswith(_HTTP):
            check_lines(words)


def all_rooms() -> list[Arena]:
    """Return a room of each kind."""
    small = RoomSettings(max_line=256, welcome="hello")
    asking = RoomSettings(
        max_line=256, joined_text="[{name}, {count}]", login_timeout=1
    )
    return [
        Arena(small),
        Arena(RoomSettings(max_line=256, echo=True, rate=100, burst=100)),
        Arena(small, flush_partial=0.2),
        Arena(small, secret=SECRET),
        Arena(small, role=ASKING),
        Arena(asking, role=ASKING, secret=SECRET, flush_partial=0.2),
        Arena(small, role=LISTEN_ONLY),
        Arena(small, role=Role(hears=False, name="feed")),
        Arena(RoomSettings(max_line=256, relay=True)),
    ]


class Failures:
    """Notes what is logged as a failure while it is entered."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, event: Any) -> None:
        """Observe one event of the log."""
        if "log_failure" in event:
            self.found.append(event["log_failure"].getTraceback())

    def __enter__(self) -> "Failures":
        observer: Any = self
        globalLogPublisher.addObserver(observer)
        return self

    def __exit__(self, *_: object) -> None:
        observer: Any = self
        globalLogPublisher.removeObserver(observer)


def cut(data: bytes, choose: Callable[[int], int], most: int) -> Iterator[bytes]:
    """Yield ``data`` in up to ``most`` pieces; ``choose(n)`` is less than n."""
    while data and most > 1:
        at = 1 + choose(len(data))
        yield data[:at]
        data = data[at:]
        most -= 1
    if data:
        yield data
