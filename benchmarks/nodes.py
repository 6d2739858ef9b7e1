"""Measure a room of several daemons, beside one daemon in memory.

python -m benchmarks.nodes [--lines 200000] [--hearers 10] [--rounds 1]

For each kind of room: senders at full speed and hearers at each daemon (lines said,
deliveries, processor time of the daemons and of the nats-servers), then 1000 lines a
second from a member of one daemon to one of another: the time that a line takes, how
many lines share a message of the stream, and the processor time for a message at the
daemon that writes it, at one that only reads it, and of the servers.
"""

import argparse
import asyncio
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from broadcast.base.values import plural
from broadcast.store.nats import Access, Link
from soak.room import Room, percentile, read_until
from soak.servers import Servers

CHUNK = 1 << 18
SENDERS = 10
LINE = b"x" * 63 + b"\n"
BLOCK = 100
"""Lines that are written at once."""

PACE = 1000
PACED = 5.0


@dataclass(frozen=True)
class Kind:
    """A kind of room: how many daemons, on how many nats-servers (0: in memory)."""

    daemons: int
    servers: int

    def __str__(self) -> str:
        if not self.servers:
            return "in memory, 1 daemon"
        return f"R{self.servers}, {plural(self.daemons, 'daemon')}"


KINDS: tuple[Kind, ...] = (
    Kind(1, 0),
    Kind(1, 1),
    Kind(2, 1),
    Kind(1, 3),
    Kind(2, 3),
    Kind(3, 3),
)


@contextmanager
def daemons(kind: Kind, folder: Path) -> Iterator[tuple[list[Room], list[Room]]]:
    """Start a room; return its daemons, and its servers as processes."""
    with ExitStack() as stack:
        options: list[str] = []
        behind: list[Room] = []
        if kind.servers:
            servers = stack.enter_context(Servers(folder, kind.servers))
            options = ["--nats", servers.urls]
            for server in servers.all:
                assert server.process is not None
                behind.append(Room(server.process, server.port))
        rooms = [
            stack.enter_context(daemon(n, options, folder)) for n in range(kind.daemons)
        ]
        yield rooms, behind


@contextmanager
def daemon(number: int, options: list[str], folder: Path) -> Iterator[Room]:
    """Start a daemon on a port of its own."""
    command = [sys.executable, "-m", "broadcast", "--port", "0", "--rate", "0"]
    command += ["--log-size", "512M"]  # nobody is to be too slow
    path = folder / f"d{number}.log"
    with path.open("w") as out, subprocess.Popen([*command, *options], stdout=out) as p:
        try:
            end = time.monotonic() + 40
            while "listening on 127.0.0.1:" not in (text := path.read_text()):
                if time.monotonic() > end or p.poll() is not None:
                    raise SystemExit(f"the daemon did not start: {text}")
                time.sleep(0.02)
            yield Room(p, int(text.split("127.0.0.1:")[1].split()[0]))
        finally:
            p.terminate()
            p.wait(30)


def speed(rooms: list[Room], lines: int, hearers: int) -> float:
    """Return the seconds that it takes until all hearers have all lines."""
    ears = [rooms[n % len(rooms)].connect(f"/name ear{n}") for n in range(hearers)]
    mouths = [rooms[n % len(rooms)].connect(f"/name m{n}") for n in range(SENDERS)]
    each = lines // SENDERS // BLOCK * BLOCK
    selector = selectors.DefaultSelector()
    left = dict.fromkeys(ears, each * SENDERS)
    rests = dict.fromkeys(ears, b"")
    for ear in ears:
        ear.setblocking(False)
        selector.register(ear, selectors.EVENT_READ)

    def speak(mouth: socket.socket) -> None:
        for _ in range(each // BLOCK):
            mouth.sendall(LINE * BLOCK)

    def drain(mouth: socket.socket) -> None:
        with suppress(OSError):
            while mouth.recv(CHUNK):
                pass

    began = time.monotonic()
    for mouth in mouths:
        threading.Thread(target=speak, args=(mouth,)).start()
        threading.Thread(target=drain, args=(mouth,), daemon=True).start()
    while any(count > 0 for count in left.values()):
        for key, _ in selector.select(30):
            heard = key.fileobj
            assert isinstance(heard, socket.socket)
            news = heard.recv(CHUNK)
            if not news:
                raise SystemExit("a hearer was sent away")
            data = rests[heard] + news
            left[heard] -= data.count(b"x\n")
            rests[heard] = b"x" if data.endswith(b"x") else b""
    took = time.monotonic() - began
    for joined in (*ears, *mouths):
        joined.close()
    return took


def spent_by(process: Room) -> float:
    """Return the seconds of processor time of all threads of a process."""
    text = Path(f"/proc/{process.process.pid}/stat").read_text()
    words = text.rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Spent:
    """The processor time that processes have taken since this was made.

    Args:
        processes: which, in some groups.
    """

    def __init__(self, *processes: list[Room]) -> None:
        self._before = {each.process.pid: spent_by(each) for each in chain(*processes)}

    def by(self, processes: list[Room]) -> list[float]:
        """Return the seconds that each of some has taken."""
        return [spent_by(each) - self._before[each.process.pid] for each in processes]


def written(servers: list[Room]) -> int:
    """Return how many messages the room's stream has; 0 without servers."""
    if not servers:
        return 0

    async def ask() -> int:
        link = Link(Access((f"nats://127.0.0.1:{servers[0].port}",)))
        await link.connect()
        answer = await link.ask("STREAM.INFO.broadcast")
        await link.close()
        return int(answer["state"]["last_seq"])

    return asyncio.run(ask())


def paced(rooms: list[Room]) -> list[float]:
    """Return how long lines take from the first daemon to the last, in ms."""
    ear, mouth = rooms[-1].connect("/name ear"), rooms[0].connect("/name mouth")
    mouth.sendall(b"begin\n")
    read_until(ear, b"begin\n")
    sent: list[float] = []
    count = int(PACE * PACED)

    def speak() -> None:
        began = time.monotonic()
        for n in range(count):
            wait = began + n / PACE - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sent.append(time.monotonic())
            mouth.sendall(b"line\n")

    threading.Thread(target=speak).start()
    heard: list[float] = []
    while len(heard) < count:
        data = ear.recv(CHUNK)
        now = time.monotonic()
        heard += [now] * data.count(b"line\n")
    ear.close()
    mouth.close()
    return [(b - a) * 1000 for a, b in zip(sent, heard, strict=True)]


def measure(kind: Kind, lines: int, hearers: int) -> str:
    """Return a row of the report."""
    with (
        tempfile.TemporaryDirectory() as folder,
        daemons(kind, Path(folder)) as (rooms, behind),
    ):
        spent = Spent(rooms, behind)
        took = speed(rooms, lines, hearers)
        own, others = sum(spent.by(rooms)), sum(spent.by(behind))
        messages = written(behind)
        spent = Spent(rooms, behind)
        delays = paced(rooms)
        count = (written(behind) - messages) or len(delays)
        writer, *readers = spent.by(rooms)
        reader = f"{readers[-1] / count * 1e6:.0f}" if readers else ""
        servers = f"{sum(spent.by(behind)) / count * 1e6:.0f}" if behind else ""
    return (
        f"| {kind} | {lines / took:,.0f} | {lines * hearers / took:,.0f}"
        f" | {own / lines * 1e6:.2f} | {others / lines * 1e6:.2f}"
        f" | {percentile(delays, 0.5):.1f} | {percentile(delays, 0.99):.1f}"
        f" | {len(delays) / count:.1f} | {writer / count * 1e6:.0f}"
        f" | {reader} | {servers} |"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--hearers", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kinds", help="which rows, such as 1,6; all without it")
    chosen = parser.parse_args()
    print(
        "| room | lines/s | deliveries/s | daemons, µs a line | servers, µs a line"
        " | p50 ms | p99 ms | lines a message | µs to write it | to read it | servers |"
        "\n|" + "---|" * 11
    )
    kinds = KINDS
    if chosen.kinds:
        kinds = tuple(KINDS[int(number) - 1] for number in chosen.kinds.split(","))
    for _ in range(chosen.rounds):
        for kind in kinds:
            print(measure(kind, chosen.lines, chosen.hearers), flush=True)


if __name__ == "__main__":
    main()
