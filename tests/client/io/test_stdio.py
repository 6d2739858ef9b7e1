"""Text out and lines in, through pipes, each in a thread of its own."""

import asyncio
import io
import os
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broadcast.client.core.decode import MAX_LINE
from broadcast.client.io.stdio import FULL, Printer, read_lines
from tests.support.client.asynchronous import run


@contextmanager
def pipe() -> Iterator[tuple[io.FileIO, io.FileIO]]:
    """Both ends; what waits at the other one is woken when they are closed."""
    read, write = os.pipe()
    with open(read, "rb", 0) as reader, open(write, "wb", 0) as writer:
        yield reader, writer


class Printed:
    """A printer, and what it says of itself."""

    def __init__(self, fd: int) -> None:
        self.drained = 0
        self.problems: list[OSError] = []
        self.printer = Printer(fd, self._drain, self.problems.append)

    def _drain(self) -> None:
        self.drained += 1


def test_all_is_printed_in_order() -> None:
    """After ``flush`` everything is out, also what UTF-8 has no bytes for."""

    async def main() -> None:
        with pipe() as (reader, writer):
            printer = Printed(writer.fileno()).printer
            await printer.flush()
            for number in range(100):
                printer.write(f"{number} ä\ud800\n")
            await printer.flush()
            writer.close()
            expected = "".join(f"{number} ä?\n" for number in range(100))
            assert reader.readall() == expected.encode()

    run(main())


def test_reader_that_goes_is_noticed_without_a_write() -> None:
    """A pipe that is watched fails once, though nothing is written to it."""

    async def main() -> None:
        failed = asyncio.Event()
        with pipe() as (reader, writer):
            problems: list[OSError] = []

            def fail(problem: OSError) -> None:
                problems.append(problem)
                failed.set()

            printer = Printer(writer.fileno(), lambda: None, fail)
            printer.watch()
            printer.write("one\n")
            await printer.flush()
            assert not problems
            reader.close()
            await failed.wait()
            printer.write("two\n")
            await printer.flush()
            assert [type(each) for each in problems] == [BrokenPipeError]

    run(main())


def test_what_is_no_pipe_is_not_watched(tmp_path: Path) -> None:
    """A file has no reader that could go, and a pipe that we hold ourselves neither."""

    async def main() -> None:
        os.mkfifo(tmp_path / "fifo")
        both = os.open(tmp_path / "fifo", os.O_RDWR)
        with open(tmp_path / "file", "wb", 0) as file, open(both, "wb", 0) as fifo:
            for each in (file, fifo):
                printed = Printed(each.fileno())
                printed.printer.watch()
                printed.printer.write("one\n")
                await printed.printer.flush()
                printed.printer.write("two\n")
                await printed.printer.flush()
                assert not printed.problems

    run(main())


def test_full_printer_says_so_until_it_is_drained() -> None:
    """A writer is told when to stop, and to go on once little is left."""

    async def main() -> None:
        with pipe() as (reader, writer):
            printed = Printed(writer.fileno())
            printer = printed.printer
            printer.write("a" * FULL)
            before = printer.is_full
            printer.write("b" * FULL)
            assert (before, printer.is_full) == (False, True)
            reading = asyncio.create_task(asyncio.to_thread(reader.readall))
            await printer.flush()
            assert (printer.is_full, printed.drained) == (False, 1)
            writer.close()
            assert await reading == b"a" * FULL + b"b" * FULL
            assert printed.problems == []

    run(main())


def test_reader_that_goes_is_told_once() -> None:
    """After a failure nobody waits for what can't be printed any more."""

    async def main() -> None:
        with pipe() as (reader, writer):
            reader.close()
            printed = Printed(writer.fileno())
            for _ in range(3):
                printed.printer.write("x\n")
            await printed.printer.flush()
            (problem,) = printed.problems
            assert isinstance(problem, BrokenPipeError)
            assert printed.drained == 0

    run(main())


def test_nothing_waits_for_a_printer_that_failed() -> None:
    """Text written after a failure is dropped: nothing waits, and nothing is full."""

    async def main() -> None:
        with pipe() as (reader, writer):
            reader.close()
            printer = Printed(writer.fileno()).printer
            printer.write("x\n")
            await printer.flush()
            printer.write("y" * 2 * FULL)
            await printer.flush()
            assert not printer.is_full

    run(main())


def test_lines_are_read_as_they_come() -> None:
    """A line is there once it has its end; the last one needs none."""

    async def main() -> None:
        with pipe() as (reader, writer):
            lines = read_lines(reader.fileno())
            writer.write(b"one\n\ntw")
            assert await anext(lines) == ["one", ""]
            writer.write(b"o\r\n")
            assert await anext(lines) == ["two"]
            writer.write(b"three")
            writer.close()
            assert [found async for found in lines] == [["three"]]

    run(main())


def test_slow_taker_slows_the_writer() -> None:
    """While lines are not dealt with, what comes after them stays in the pipe."""

    async def main() -> None:
        with pipe() as (reader, writer):
            lines = read_lines(reader.fileno())
            writer.write(b"one\n")
            assert await anext(lines) == ["one"]
            writer.write(b"two\n")
            await asyncio.to_thread(select.select, [], [writer], [])
            assert select.select([reader], [], [], 0)[0] == [reader]
            assert await anext(lines) == ["two"]
            writer.close()
            assert [found async for found in lines] == []

    run(main())


def test_line_without_end_is_refused() -> None:
    """A stream that is no text fills no memory: it is an error in words."""

    async def main() -> None:
        with pipe() as (reader, writer):
            data = b"x" * (MAX_LINE + 1)
            writing = asyncio.create_task(asyncio.to_thread(writer.write, data))
            with pytest.raises(ValueError, match="a line is too long; end it earlier"):
                await anext(read_lines(reader.fileno()))
            await writing

    run(main())


def test_unreadable_input_is_a_failure(tmp_path: Path) -> None:
    """A stdin that cannot be read is no end of it: the reason is told."""

    async def main() -> None:
        with (
            open(tmp_path / "file", "wb", 0) as writer,
            pytest.raises(OSError, match="Bad file descriptor"),
        ):
            await anext(read_lines(writer.fileno()))

    run(main())


async def _all(lines: AsyncIterator[list[str]]) -> list[str]:
    return [line async for more in lines for line in more]


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_byte_order_mark_is_dropped(cut: int) -> None:
    """At the start of the input, however it is cut; it is kept everywhere else."""

    async def main() -> None:
        data = "\ufeff/who\n\ufeffx".encode()
        with pipe() as (reader, writer):
            lines = read_lines(reader.fileno())
            writer.write(data[:cut])
            reading = asyncio.create_task(_all(lines))
            while select.select([reader], [], [], 0)[0]:
                await asyncio.sleep(0)
            writer.write(data[cut:])
            writer.close()
            found = await reading
        assert found == ["/who", "\ufeffx"]

    run(main())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_characters_are_named(encoding: str) -> None:
    """UTF-16 is said to be that, and none of it is text."""

    async def main() -> None:
        with pipe() as (reader, writer):
            writer.write("\ufeffhello\n".encode(encoding))
            with pytest.raises(ValueError, match="UTF-16"):
                await anext(read_lines(reader.fileno()))

    run(main())
