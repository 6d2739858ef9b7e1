"""A log that nobody reads holds nobody up, and what it lacks is told."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import Logger, formatEvent

from broadcast.logqueue import EXIT_TIME, PIECE, Console, LogQueue, take_over
from tests.support.daemon import DEADLINE
from tests.test_logfile import files_end_at

LINE = b"x" * 99 + b"\n"


class Gate:
    """Where a queue writes to: it stands still until it is opened."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.got: list[bytes] = []
        self.fails = False
        self.told: list[int] = []
        self.has_told = threading.Event()

    def put(self, data: bytes) -> None:
        assert self.is_open.wait(DEADLINE)
        if self.fails:
            raise OSError
        self.got.append(data)

    def tell(self, count: int) -> None:
        self.told.append(count)
        self.has_told.set()


class Pipe:
    """A pipe, and a console that writes to it, also what is told meanwhile."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        hear: Any = self._hear  # zope knows it as an observer
        log = Logger("broadcast", observer=hear)
        self.console = Console(self.writer, log)

    def _hear(self, event: Any) -> None:
        self.console.write(f"{formatEvent(event)}\n")

    def read_until(self, end: bytes) -> bytes:
        """Return what comes, up to a line that ends so."""
        data = b""
        while not data.endswith(end + b"\n"):
            data += os.read(self.reader, 1 << 16)
        return data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    with suppress(OSError):
        os.close(made.reader)  # a thread that writes still is freed by this
    made.console.finish()
    os.close(made.writer)


def test_nobody_waits_for_a_pipe_that_is_not_read(pipe: Pipe) -> None:
    """Lines are kept to a limit; what is beyond it is missing whole, and counted."""
    lines = [b"%d " % number + b"x" * 99 for number in range(30_000)]
    began = time.monotonic()
    for line in lines:
        pipe.console.write(f"{line.decode()}\n")
    assert time.monotonic() - began < DEADLINE / 2
    dropped = pipe.console.dropped
    assert 10_000 < dropped < 25_000
    told = b"%d lines are missing here: the console could not take them" % dropped
    kept = lines[: len(lines) - dropped]
    assert pipe.read_until(told).splitlines() == [*kept, told]
    pipe.console.write("and on\n")
    assert pipe.read_until(b"and on") == b"and on\n"
    assert pipe.console.dropped == dropped


def test_drops_are_told_once_when_all_that_waited_is_written() -> None:
    """Room for a short line doesn't let one in: the gap is where it is told."""
    gate = Gate()
    queue = LogQueue(gate.put, gate.tell, limit=10 * len(LINE) + 5)
    for _ in range(25):
        queue.write(LINE)
    queue.write(b"x\n")
    assert queue.dropped == 16
    gate.is_open.set()
    assert gate.has_told.wait(DEADLINE)
    assert gate.told == [16]
    assert b"".join(gate.got) == LINE * 10


def test_pieces_are_whole_lines() -> None:
    """A write has no more than a pipe takes at once; a long line goes alone."""
    gate = Gate()
    queue = LogQueue(gate.put, gate.tell)
    long = b"y" * 2 * PIECE + b"\n"
    for line in [LINE] * 100 + [long] + [LINE] * 3:
        queue.write(line)
    gate.is_open.set()
    queue.finish()
    assert b"".join(gate.got) == LINE * 100 + long + LINE * 3
    assert long in gate.got
    assert all(len(piece) <= PIECE for piece in gate.got if piece != long)


def test_what_can_not_be_written_is_told_when_something_is() -> None:
    """While it fails nothing is told: it would fail too."""
    gate = Gate()
    gate.fails = True
    gate.is_open.set()
    queue = LogQueue(gate.put, gate.tell)
    for _ in range(3):
        queue.write(LINE)
        queue.finish()
    assert queue.dropped == 3
    assert gate.told == []
    gate.fails = False
    queue.write(LINE)
    assert gate.has_told.wait(DEADLINE)
    assert gate.told == [3]


def test_the_end_waits_a_moment_at_most() -> None:
    """Also when lines come after it; all together no longer than for the first."""
    gate = Gate()
    queue = LogQueue(gate.put, gate.tell)
    queue.write(LINE)
    began = time.monotonic()
    queue.finish()
    for _ in range(20):
        queue.write(LINE)
    took = time.monotonic() - began
    gate.is_open.set()
    assert EXIT_TIME <= took < 4 * EXIT_TIME


def test_lines_after_the_end_are_waited_for() -> None:
    """The reactor's last line is written when the process ends."""
    gate = Gate()
    gate.is_open.set()
    queue = LogQueue(gate.put, gate.tell)
    queue.finish()
    queue.write(LINE)
    assert gate.got == [LINE]


def test_a_full_disk_under_the_console_is_survived(tmp_path: Path) -> None:
    """A line that was cut is ended; how many are missing is told."""
    told: list[str] = []
    hear: Any = lambda event: told.append(formatEvent(event))  # noqa: E731
    with (tmp_path / "log").open("ab") as file:
        console = Console(file.fileno(), Logger("broadcast", observer=hear))
        console.write("before\n")
        with files_end_at(10):
            for _ in range(3):
                console.write("lost\n")
        assert console.dropped == 3
        assert told == []
        console.write("after\n")
    assert (tmp_path / "log").read_text() == "before\nlos\nafter\n"
    assert told == ["3 lines are missing here: the console could not take them"]


def test_a_process_that_is_forked_off_writes_too() -> None:
    """The thread stays behind in the parent; the child begins another."""
    program = (
        "import os\n"
        "from twisted.logger import Logger\n"
        "from broadcast.logqueue import Console\n"
        "console = Console(1, Logger())\n"
        "console.write('parent\\n')\n"
        "console.finish()\n"
        "if os.fork() == 0:\n"
        "    console.write('child\\n')\n"
        "    console.finish()\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=DEADLINE
    )
    assert done.stdout == b"parent\nchild\n"


def test_what_is_no_file_is_left_alone() -> None:
    """Then ``twist`` logs as it would without us."""
    for twist in ({}, {"logFile": object()}):
        before = dict(twist)
        assert take_over(twist, Logger()) is None
        assert twist == before


def test_standard_output_that_is_closed() -> None:
    """What is logged goes nowhere, and is no fault."""
    twist: dict[str, Any] = {"logFile": None}
    console = take_over(twist, Logger())
    assert console is not None
    assert twist["logFile"] is console
    console.write("a line\n")
    console.finish()
    assert console.dropped == 0
