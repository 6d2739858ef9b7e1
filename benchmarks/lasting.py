"""Compares a daemon with --store with one that keeps its log in memory, by turns.

    python -m benchmarks.lasting [--folder .] [--pairs 10] [--deliveries 20000000]

In each pair the two run one after the other, the first one changing, and each does:

- what ``python -m soak.deliveries`` does, each line checked, for 50 receivers and for
  10: deliveries a second for the first, the daemon's CPU for a line for the second;
- a line each millisecond, and one each 20, said by one member and heard by another:
  how long it takes from the one to the other, the median. What the store adds to it is
  compared with what the disk alone takes: lines come at the same pace, as much is
  appended to a file in the same folder as one row takes, and fdatasync(2) is called,
  once for all that came during the call before. The three take turns every few lines.

Told are the mean of the pairs' ratios and its 95 % interval.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from benchmarks.machine import describe
from benchmarks.turns import interval
from soak.deliveries import problems_of, run
from soak.room import CHUNK, Room, room

SENDERS: Final = 20
MANY: Final = 50
FEW: Final = 10
"""Receivers: for the deliveries a second, and for the CPU that a line takes."""

PACES: Final = ((0.001, 100, 10), (0.02, 10, 10))
"""Seconds between two lines, lines in a turn, and turns."""

ROW: Final = b"x" * 8240
"""What is appended for a row: two pages of the write-ahead log."""

DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one daemon has done.

    Attributes:
        rate: deliveries a second.
        cpu: seconds of CPU for a line.
    """

    rate: float
    cpu: float


@contextmanager
def daemon(folder: Path, lasts: bool) -> Iterator[Room]:
    """Start a daemon of one kind, whose file is new."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = ("--store", f"{place}/room.db") if lasts else ()
        with room("--rate", "0", "--log-size", "64M", *store) as here:
            yield here


def delivered(here: Room, deliveries: int, receivers: int) -> float:
    """Deliver so much; return how many seconds it took.

    Raises:
        SystemExit: something was lost, doubled or out of order.
    """
    heard, seconds = run(here, deliveries, SENDERS, receivers)
    if problems := problems_of(heard):
        raise SystemExit("\n".join(problems))
    return seconds


class Pair:
    """A member who speaks, and another who hears it.

    Args:
        here: in whose room.
    """

    def __init__(self, here: Room) -> None:
        self._mouth = here.connect("/name mouth")
        self._ear = here.connect("/name ear\n/quiet")

    def delays(self, pace: float, lines: int) -> list[float]:
        """Return how many seconds each of some lines takes from one to the other."""
        start = time.monotonic()
        sent: list[float] = []
        heard: list[float] = []
        rest = b""
        while len(heard) < lines:
            if len(sent) < lines:
                wait = start + len(sent) * pace - time.monotonic()
                if wait <= 0:
                    sent.append(time.monotonic())
                    self._mouth.sendall(b"a line\n")
                    continue
            self._ear.settimeout(wait if len(sent) < lines else DEADLINE)
            try:
                data = self._ear.recv(CHUNK)
            except TimeoutError:
                if len(sent) < lines:
                    continue
                raise
            now = time.monotonic()
            *whole, rest = (rest + data).split(b"\n")
            heard += [now] * whole.count(b"mouth: a line")
        return [end - begin for begin, end in zip(sent, heard, strict=True)]

    def close(self) -> None:
        """Leave."""
        self._mouth.close()
        self._ear.close()


def on_disk(file: BinaryIO, pace: float, lines: int) -> tuple[list[float], list[float]]:
    """Append lines as they come, and sync: those that come meanwhile are the next.

    Returns:
        How many seconds each line takes until it is on the disk, and each sync.
    """
    start = time.monotonic()
    taken: list[float] = []
    syncs: list[float] = []
    while len(taken) < lines:
        time.sleep(max(0.0, start + len(taken) * pace - time.monotonic()))
        begin = time.monotonic()
        os.write(file.fileno(), ROW)
        os.fdatasync(file.fileno())
        now = time.monotonic()
        syncs.append(now - begin)
        while len(taken) < lines and (due := start + len(taken) * pace) <= begin:
            taken.append(now - due)
    return taken, syncs


def delays(folder: Path) -> list[list[float]]:
    """Return, for each pace, the medians of memory, --store, the disk and its sync.

    They take turns every few lines: a disk that others use changes from one moment to
    the next.
    """
    found: list[list[float]] = []
    with (
        daemon(folder, False) as memory,
        daemon(folder, True) as lasting,
        tempfile.TemporaryFile(dir=folder, buffering=0) as file,
    ):
        pairs = [Pair(here) for here in (memory, lasting)]
        for pace, lines, turns in PACES:
            times: list[list[float]] = [[], [], [], []]
            for _ in range(turns):
                times[0] += pairs[0].delays(pace, lines)
                times[1] += pairs[1].delays(pace, lines)
                taken, syncs = on_disk(file, pace, lines)
                times[2] += taken
                times[3] += syncs
            found.append([statistics.median(some) for some in times])
        for pair in pairs:
            pair.close()
    return found


def measure(folder: Path, lasts: bool, deliveries: int) -> Found:
    """Return what a daemon of one kind does."""
    with daemon(folder, lasts) as here:
        rate = deliveries / delivered(here, deliveries, MANY)
        before = here.cpu
        delivered(here, deliveries // 5, FEW)
        cpu = (here.cpu - before) / (deliveries // 5 // FEW)
    return Found(rate, cpu)


def told(what: str, ratios: Sequence[float], more: str) -> None:
    """Print the mean of ratios, with its interval."""
    mean, low, high = interval(ratios)
    print(f"{what:34} {mean:.3f} [{low:.3f}, {high:.3f}]  {more}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.lasting",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", default=".", help="on the disk that is measured")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--deliveries", type=int, default=20_000_000)
    given = parser.parse_args()
    print("; ".join(describe(()).values()), f"; load {os.getloadavg()[0]:.1f}", sep="")
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="lasting-") as name:
        compare(Path(name), given.pairs, given.deliveries)


def compare(folder: Path, pairs: int, deliveries: int) -> None:
    """Measure both by turns, and print the ratios."""
    found: dict[bool, list[Found]] = {False: [], True: []}
    added: list[list[list[float]]] = []
    for pair in range(pairs):
        for lasts in (False, True) if pair % 2 else (True, False):
            found[lasts].append(measure(folder, lasts, deliveries))
        added.append(delays(folder))
    memory, lasting = found[False], found[True]
    both = list(zip(lasting, memory, strict=True))
    print(f"--store beside memory, {pairs} pairs: mean ratio and its 95 % interval")
    rates = [
        statistics.median(one.rate for one in kind) / 1e6 for kind in found.values()
    ]
    told(
        f"deliveries/s, {MANY} receivers",
        [ours.rate / theirs.rate for ours, theirs in both],
        f"medians {rates[1]:.1f} and {rates[0]:.1f} million",
    )
    cpus = [statistics.median(one.cpu for one in kind) * 1e6 for kind in found.values()]
    told(
        f"CPU of a line, {FEW} receivers",
        [ours.cpu / theirs.cpu for ours, theirs in both],
        f"medians {cpus[1]:.2f} and {cpus[0]:.2f} µs",
    )
    for n, (pace, _, _) in enumerate(PACES):
        columns = list(zip(*(one[n] for one in added), strict=True))
        memory_, store, disk, sync = (
            statistics.median(column) * 1e3 for column in columns
        )
        told(
            f"p50 added, {1 / pace:.0f} lines/s",
            [
                (ours - theirs) / disk
                for theirs, ours, disk, _ in zip(*columns, strict=True)
            ],
            f"medians {store:.2f} and {memory_:.2f} ms; the disk alone {disk:.2f} ms,"
            f" an fdatasync {sync:.2f} ms",
        )


if __name__ == "__main__":
    main()
