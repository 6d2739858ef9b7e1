"""Compares readers of events with members over WebSocket and TCP, all in json.

    python -m benchmarks.readers [--members 1000] [--rounds 5] [--batches 300]

The daemon's CPU for a delivered line, by turns. Each round starts a daemon for each
way and lets so many members in over it. One member says a line at a time: each is a
batch of its own, and the next one comes after the pong of the one before. All must
have the last line. The medians are told, the median of the ratios to WebSocket, and
the memory that each member takes.

    python -m benchmarks.readers --together [--readers 5000] [--stalled 50]

All ways in one daemon, so many members over each, but so many readers of events, and
some that read nothing. A line is said when all the others have had the one before. It
needs an ``ulimit -n`` of all of them.
"""

import argparse
import contextlib
import resource
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.machine import describe
from soak.room import Room, read_until, room

TEXT: Final = b"x" * 64
LONG: Final = b"x" * 4000
LAST: Final = b"the last line of round %d"
AT_ONCE: Final = 100
"""Members that are let in at a time."""

DEADLINE: Final = 120.0

_GET: Final = b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n"
_UPGRADE: Final = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
WAYS: Final = {
    "ws": (True, _GET % (b"/ws?format=json&quiet=1", _UPGRADE)),
    "sse": (True, _GET % (b"/events", b"")),
    "ndjson": (True, _GET % (b"/lines", b"Accept: application/x-ndjson\r\n")),
    "tcp": (False, b"/format json\n/quiet\n/ping in\n"),
}
"""Way → whether it is over HTTP, and what is sent first."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one way took.

    Attributes:
        cpu: seconds of the daemon's CPU.
        deliveries: lines times members.
        seconds: how long it lasted.
        memory: bytes for each member.
        missing: members that did not have the last line in time.
    """

    cpu: float
    deliveries: int
    seconds: float
    memory: float
    missing: int = 0

    @property
    def each(self) -> float:
        """Microseconds of CPU for a delivered line."""
        return self.cpu / self.deliveries * 1e6

    def __str__(self) -> str:
        """Return it in a line."""
        return (
            f"{self.each:.2f} µs of CPU a delivered line,"
            f" {self.deliveries / self.seconds:,.0f} deliveries/s,"
            f" {self.memory / 1024:.1f} KiB a member, {self.missing} missing"
        )


def let_in(port: int, web: int, way: str, count: int) -> list[socket.socket]:
    """Return so many members, greeted."""
    is_http, first = WAYS[way]
    members: list[socket.socket] = []
    while len(members) < count:
        some = []
        for _ in range(min(AT_ONCE, count - len(members))):
            joined = socket.create_connection(("127.0.0.1", web if is_http else port))
            joined.sendall(first)
            some.append(joined)
        for joined in some:
            data = b""
            while b'"event":"welcome"' not in data:
                data += joined.recv(1 << 16)
        members += some
    return members


class Ears:
    """Reads what all members are sent, and knows who has had the last line."""

    def __init__(self, members: Sequence[socket.socket]) -> None:
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, bytes] = {}
        for member in members:
            member.setblocking(False)
            self._selector.register(member, selectors.EVENT_READ)
        self._members = members

    def read_for(self, seconds: float) -> None:
        """Read what has come."""
        for key, _ in self._selector.select(seconds):
            member = key.fileobj
            assert isinstance(member, socket.socket)
            try:
                data = member.recv(1 << 18)
            except BlockingIOError:
                continue
            except ConnectionError:
                data = b""
            if not data:
                self._selector.unregister(member)
            elif member in self._waiting:
                self._look(member, data)

    def begin(self, last: bytes) -> None:
        """Wait for ``last`` at all of them."""
        self._last = last
        self._waiting = dict.fromkeys(self._members, b"")

    @property
    def missing(self) -> int:
        """How many have not had it yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Close all."""
        self._selector.close()
        for member in self._members:
            member.close()

    def _look(self, member: socket.socket, data: bytes) -> None:
        tail = self._waiting[member] + data
        if self._last in tail:
            del self._waiting[member]
        else:
            self._waiting[member] = tail[-len(self._last) :]


def measure(here: Room, ears: Ears, batches: int) -> tuple[float, float]:
    """Say ``batches`` lines, one at a time; return CPU and seconds."""
    talker = here.connect("/format json\n/quiet\n/name talker")
    last = LAST % time.monotonic_ns()
    ears.begin(last)
    before, began = here.cpu, time.monotonic()
    for number in range(batches):
        line = last if number == batches - 1 else TEXT
        talker.sendall(b"%b\n/ping p%d\n" % (line, number))
        talker.setblocking(False)
        pong, data = b'"token":"p%d"' % number, b""
        while pong not in data:
            ears.read_for(0.001)
            with contextlib.suppress(BlockingIOError):
                data += talker.recv(1 << 16)
        talker.setblocking(True)
    while ears.missing and time.monotonic() < began + DEADLINE:
        ears.read_for(0.1)
    seconds = time.monotonic() - began
    cpu = here.cpu - before
    talker.close()
    return cpu, seconds


def in_step(here: Room, ears: Ears, batches: int) -> tuple[float, float]:
    """Say long lines, each when all have had the one before; return CPU and seconds."""
    talker = here.connect("/quiet\n/name talker")
    before, began = here.cpu, time.monotonic()
    for number in range(batches):
        line = b"%d %b %d." % (number, LONG, number)
        ears.begin(line[-16:])
        talker.sendall(line + b"\n")
        end = time.monotonic() + DEADLINE
        while ears.missing and time.monotonic() < end:
            ears.read_for(0.1)
        if ears.missing:
            break
    seconds = time.monotonic() - began
    cpu = here.cpu - before
    talker.close()
    return cpu, seconds


def one_way(way: str, members: int, batches: int) -> Run:
    """Measure a way in a daemon of its own."""
    web = _free_port()
    options = ("--web", str(web), "--web-max-per-host", "0", "--log-size", "64M")
    with room(*options) as here:
        for early in let_in(here.port, web, way, 50):  # what is made once is made
            early.close()
        before = here.memory
        found = let_in(here.port, web, way, members)
        memory = (here.memory - before) / members
        ears = Ears(found)
        measure(here, ears, max(1, batches // 10))  # to warm up
        cpu, seconds = measure(here, ears, batches)
        missing = ears.missing
        ears.close()
    return Run(cpu, members * batches, seconds, memory, missing)


def together(
    members: int, readers: int, batches: int, stalled: int
) -> tuple[Run, dict[str, float], int]:
    """Measure all ways in one daemon, beside readers that read nothing.

    Lines are long, so that the kernel can't keep them for those.

    Returns:
        What it took, the bytes of a member over each way, and how many of the stalled
        have been closed.
    """
    web = _free_port()
    limits = ("--web-max-per-host", "0", "--log-size", "1M")
    with room("--web", str(web), *limits) as here:
        deaf = let_in(here.port, web, "sse", stalled)
        found: list[socket.socket] = []
        memory: dict[str, float] = {}
        for way in WAYS:
            before, count = here.memory, readers if way == "sse" else members
            found += let_in(here.port, web, way, count)
            memory[way] = (here.memory - before) / count
        ears = Ears(found)
        cpu, seconds = in_step(here, ears, batches)
        missing = ears.missing
        with here.connect("/format json\n/quiet") as asking:
            asking.sendall(b"/who guest\n/ping done\n")
            listed = read_until(asking, b'"token":"done"}\n')
        count = int(listed.rpartition(b'"count":')[2].partition(b",")[0])
        closed = len(found) + stalled + 1 - count
        ears.close()
        for one in deaf:
            one.close()
    all_of_it = sum(memory.values()) / len(memory)
    return Run(cpu, len(found) * batches, seconds, all_of_it, missing), memory, closed


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def compare(
    members: int, rounds: int, batches: int, ways: Sequence[str] = tuple(WAYS)
) -> dict[str, list[Run]]:
    """Measure ways by turns."""
    found: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(rounds):
        order = list(ways) if number % 2 else list(reversed(ways))
        for way in order:
            found[way].append(one_way(way, members, batches))
    return found


def report(found: dict[str, list[Run]]) -> list[str]:
    """Return a line for each way."""
    lines = []
    for way, runs in found.items():
        each = statistics.median(run.each for run in runs)
        memory = statistics.median(run.memory for run in runs) / 1024
        ratios = [
            one.each / other.each for one, other in zip(runs, found["ws"], strict=True)
        ]
        missing = sum(run.missing for run in runs)
        lines.append(
            f"{way:7} {each:6.2f} µs a delivered line,"
            f" {statistics.median(ratios):.2f} × ws, {memory:5.1f} KiB a member,"
            f" {missing} missing"
        )
    return lines


def main() -> int:
    """Run the command; 1 if somebody did not have the last line."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.readers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--together", action="store_true", help="in one daemon")
    parser.add_argument("--readers", type=int, help="of events, beside --members")
    parser.add_argument("--stalled", type=int, default=50)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(" · ".join(f"{name} {value}" for name, value in describe([]).items()))
    if given.together:
        readers = given.readers or given.members
        run, memory, closed = together(
            given.members, readers, given.batches, given.stalled
        )
        print(
            f"{given.members} over each of {', '.join(WAYS)}, {readers} of sse: {run}"
        )
        print(", ".join(f"{way} {each / 1024:.1f} KiB" for way, each in memory.items()))
        print(f"of {given.stalled} that read nothing, {closed} were closed")
        return 1 if run.missing else 0
    found = compare(given.members, given.rounds, given.batches)
    print("\n".join(report(found)))
    return 1 if any(run.missing for runs in found.values() for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
