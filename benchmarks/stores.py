"""Compares the stores with each other, and with what the disk itself can do.

    python -m benchmarks.stores [--folder .] [--rounds 9] [--seconds 0.4]
    python -m benchmarks.stores --open 10000000

Commits a second, one in flight, by lines a commit: the store in memory, the one that
lasts, and a plain file to which the same bytes are appended with an fdatasync each. The
three run by turns, and each one's median is told: a disk that others use is as slow as
they make it, so only the ratios mean anything. One commit at a time is what the room
does; in the daemon a commit has as many lines as come while the one before it lasts.

With ``--open``, a file of so many lines is made, 16 a commit, and opened three times:
until the newest of it is in the ring, and lines can be said. The newest dump of its
state is as old as a daemon lets it become. What the kernel has of the file is dropped
before each. Then how much is on the disk for each byte of text; the newest 200,000
lines are read, three times; and page after page, back to the first. The CPU that it
took stands behind each time.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from broadcast.protocol.dialects import Speaker
from broadcast.store.base import IRoom, IStore
from broadcast.store.codec import Body, encode
from broadcast.store.database import Database
from broadcast.store.entries import Batch, Run
from broadcast.store.history import History
from broadcast.store.memory import MemoryStore
from broadcast.store.recall import LEAST
from broadcast.store.rows import MAX_ID, Row
from broadcast.store.sqlite import SqliteStore
from broadcast.store.state import State

SIZES: Final = (1, 16, 256, 2048)
"""Lines a commit."""

LINE: Final = b"x" * 64
SPEAKER: Final = Speaker("alice")
LINES_A_ROW: Final = 16
ROWS_AT_A_TIME: Final = 10_000

NEWEST: Final = 200_000
PAGE: Final = 1000
"""Lines that are read at a time."""


class Loop:
    """A reactor that does nothing but what threads ask of it."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, callable: Callable[..., object], *args: Any) -> None:
        self._calls.put(lambda: callable(*args))

    def run(self, wanted: list[object]) -> None:
        """Do what is asked until something was put in the list."""
        while not wanted:
            self._calls.get(timeout=60)()


class Room:
    """A room that only counts what is handed in."""

    def __init__(self) -> None:
        self.lines = 0

    def heard(self, batch: Batch) -> None:
        self.lines += batch.count

    def stalled(self, why: str) -> None:
        raise SystemExit(f"the disk fails: {why}")

    def flowing(self) -> None: ...

    def cut_off(self, why: str) -> None:
        raise SystemExit(why)

    def renewed(self, last_id: int) -> None: ...

    def sending(self) -> None: ...

    def away(self, why: str) -> None:
        raise SystemExit(why)

    def back(self, epoch: str) -> None: ...


def run_of(lines: int) -> Run:
    """Return so many lines that one member said."""
    text, count = SPEAKER.text((LINE + b"\n") * lines)
    return Run(1, SPEAKER, text, count)


@contextmanager
def opened(store: IStore, loop: Loop, room: IRoom) -> Iterator[None]:
    """Have a store started, and stopped at the end."""
    for begin, end in ((True, False), (False, True)):
        done: list[object] = []
        if begin:
            store.start(room).addBoth(done.append)
            loop.run(done)
            if done[0] is not None:
                raise SystemExit(str(done[0]))
            yield
        if end:
            store.stop().addBoth(done.append)
            loop.run(done)


def of_store(store: IStore, loop: Loop, lines: int, seconds: float) -> float:
    """Return commits a second."""
    count, text = 0, run_of(lines).text
    with opened(store, loop, Room()):
        start = time.perf_counter()
        while (took := time.perf_counter() - start) < seconds:
            done: list[object] = []
            store.commit([Run(1, SPEAKER, text, lines)], done.append)
            loop.run(done)
            count += 1
    return count / took


def of_disk(path: Path, lines: int, seconds: float) -> float:
    """Return how often a second as many bytes are appended and synced."""
    count, body = 0, encode(Body([run_of(lines)]))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        start = time.perf_counter()
        while (took := time.perf_counter() - start) < seconds:
            os.write(file, body)
            os.fdatasync(file)
            count += 1
    finally:
        os.close(file)
    return count / took


def compare(folder: Path, rounds: int, seconds: float) -> None:
    """Measure all three by turns, and print the medians."""
    print(f"{'lines':>5} {'memory':>10} {'sqlite':>8} {'disk':>8}   sqlite/disk")
    for lines in SIZES:
        found: dict[str, list[float]] = {"memory": [], "sqlite": [], "disk": []}
        for n in range(rounds):
            loop = Loop()
            memory, lasting = MemoryStore(), SqliteStore(str(folder / f"{n}.db"), loop)
            found["memory"].append(of_store(memory, loop, lines, seconds / 4))
            found["sqlite"].append(of_store(lasting, loop, lines, seconds))
            found["disk"].append(of_disk(folder / f"{n}.log", lines, seconds))
            for path in folder.iterdir():
                path.unlink()
        pairs = zip(found["sqlite"], found["disk"], strict=True)
        ratio = statistics.median(ours / disk for ours, disk in pairs)
        memory_, sqlite, disk = map(statistics.median, found.values())
        print(f"{lines:5} {memory_:10,.0f} {sqlite:8,.0f} {disk:8,.0f} {ratio:13.2f}")


def fill(path: Path, lines: int) -> int:
    """Make a file of so many lines; return the bytes of their text."""
    run = run_of(LINES_A_ROW)
    body = encode(Body([run]))
    rows = lines // LINES_A_ROW
    dumped = max(0, rows - LEAST // len(body))
    with closing(Database(str(path))) as database:
        for start in range(0, rows, ROWS_AT_A_TIME):
            database.connection.execute("BEGIN")
            for n in range(start, min(start + ROWS_AT_A_TIME, rows)):
                database.insert(Row(1 + n, 1 + n * run.count, run.count, 1e9 + n, body))
            database.connection.execute("COMMIT")
        database.keep(dumped, State().freeze()())
    return rows * len(run.text)


def measure_opening(path: Path, lines: int) -> None:
    """Make a file, open it, and print how long that took and how large it is."""
    size = fill(path, lines)
    times: list[str] = []
    for _ in range(3):
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
        loop, room = Loop(), Room()
        taken = stopwatch()
        with opened(SqliteStore(str(path), loop, size=1 << 40), loop, room):
            times.append(taken())
    print(f"{lines:,} lines: ready after {', '.join(times)} s,")
    print(f"{room.lines:,} of them in the ring;", end=" ")
    print(f"{path.stat().st_size / size:.2f} bytes on disk for one of text")
    read_back(path, lines)


def stopwatch() -> Callable[[], str]:
    """Begin to measure; return what tells the seconds since, and those of CPU."""
    start, cpu = time.perf_counter(), time.process_time()
    return lambda: (
        f"{time.perf_counter() - start:.3f} ({time.process_time() - cpu:.3f})"
    )


def read_back(path: Path, lines: int) -> None:
    """Read the newest of a file, then all of it, and print how long that took."""
    with closing(History(str(path))) as history:
        times: list[str] = []
        for _ in range(3):
            taken = stopwatch()
            page = history.before(MAX_ID, NEWEST, 1 << 30, lines)
            times.append(taken())
        print(f"the newest {page.count:,} lines read in {', '.join(times)} s;")
        taken, first, count, pages = stopwatch(), lines + 1, 0, 0
        while page.more or not pages:
            page = history.before(first, PAGE, 1 << 20, lines)
            first = page.batches[0].first + page.skip
            count, pages = count + page.count, pages + 1
    print(f"back to line {first} in {pages:,} pages, {count:,} lines, in {taken()} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.stores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", default=".", help="on the disk that is measured")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4, help="for each figure")
    parser.add_argument("--open", type=int, metavar="LINES", help="open a large file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="stores-") as folder:
        if given.open:
            measure_opening(Path(folder) / "room.db", given.open)
        else:
            compare(Path(folder), given.rounds, given.seconds)


if __name__ == "__main__":
    main()
