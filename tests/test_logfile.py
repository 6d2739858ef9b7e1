"""The log file: what can't be written is told, and what can be is there."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import Logger, formatEvent

from broadcast.logfile import RotatingFile


class LogFile:
    """A log file of 4 KiB, with what is told meanwhile written to it too."""

    def __init__(self, path: Path, count: int = 2) -> None:
        self.told: list[str] = []
        hear: Any = self._hear  # zope knows it as an observer
        log = Logger("broadcast", observer=hear)
        self.file = RotatingFile(str(path), 4096, count, log)

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.file._file.close()

    def _hear(self, event: Any) -> None:
        self.told.append(formatEvent(event))
        self.file.write(f"{self.told[-1]}\n")

    def fill(self, name: str, count: int = 50) -> list[str]:
        """Write lines of a hundred bytes; return them."""
        lines = [f"{name} {number} ".ljust(99, "x") for number in range(count)]
        for line in lines:
            self.file.write(f"{line}\n")
        return lines


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let the kernel write no file beyond so many bytes, like a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_nobody_waits_for_the_reader_of_a_fifo(tmp_path: Path) -> None:
    """Not even until there is one; whoever comes late finds the lines."""
    path = tmp_path / "log"
    os.mkfifo(path)
    with LogFile(path) as written:
        lines = written.fill("line", 2000)
        written.file.finish()  # for now: it is full
        written.file.reopen()
        assert written.file.dropped == 0
        with path.open() as reader:
            assert [reader.readline().rstrip() for _ in lines] == lines


def _lines(folder: Path) -> list[str]:
    """Return the lines of all files, the oldest first."""
    files = sorted(folder.glob("log*"), reverse=True)
    return [line for file in files for line in file.read_text().splitlines()]


def test_without_room_lines_are_lost_whole(tmp_path: Path) -> None:
    """None is cut off; how many are lost is told, each way once."""
    with LogFile(tmp_path / "log") as written:
        before = written.fill("before", 10)
        with files_end_at(1050):
            written.fill("lost", 20)
        after = written.fill("after", 3)
        assert written.told == [
            "the log file can't be written: file too large",
            "the log file can be written again",
        ]
        assert _lines(tmp_path) == [
            *before,
            "21 lines could not be written here",
            after[0],
            "the log file can be written again",
            *after[1:],
        ]


def test_without_room_for_another_file_the_old_one_is_written_on(
    tmp_path: Path,
) -> None:
    """Nothing is lost, it is told once; rotation goes on by itself."""
    folder, away = tmp_path / "folder", tmp_path / "away"
    folder.mkdir()
    with LogFile(folder / "log") as written:
        before = written.fill("before", 39)
        folder.rename(away)
        meanwhile = written.fill("meanwhile", 20)
        assert len(written.told) == 1
        assert written.told[0] == (
            "the log file can't be rotated: no such file or directory"
        )
        assert (away / "log").stat().st_size > 4096
        away.rename(folder)
        after = written.fill("after", 3)
        assert written.told[1:] == ["the log file is rotated again"]
        said = [line for line in _lines(folder) if line not in written.told]
        assert said == [*before, *meanwhile, *after]
        assert (folder / "log").stat().st_size < 1000


def test_a_rotation_that_fails_midway_loses_no_old_ones(tmp_path: Path) -> None:
    """However often it is tried; the old ones move when it is possible."""
    with LogFile(tmp_path / "log", count=4) as written:
        (tmp_path / "log.1").write_text("old\n")
        (tmp_path / "log.2").mkdir()
        (tmp_path / "log.3").write_text("a file can't take a folder's place\n")
        (tmp_path / "log.new").mkdir()
        lines = written.fill("line", 60)
        assert (tmp_path / "log.1").read_text() == "old\n"
        assert len(written.told) == 1
        (tmp_path / "log.new").rmdir()
        (tmp_path / "log.2").rmdir()
        lines += written.fill("line", 1)
        assert (tmp_path / "log.2").read_text() == "old\n"
        assert len(written.told) == 2
        assert [line for line in _lines(tmp_path) if line in lines] == lines


def test_the_mode_outlives_rotation(tmp_path: Path) -> None:
    """The mode of the log file is kept when it is rotated."""
    path = tmp_path / "log"
    path.touch(0o640)
    path.chmod(0o640)
    with LogFile(path) as written:
        written.fill("line", 100)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o640}


@pytest.mark.parametrize("count", [1, 3])
def test_so_many_old_ones_are_kept(count: int, tmp_path: Path) -> None:
    """Also when more were kept before."""
    for number in range(1, 7):
        (tmp_path / f"log.{number}").write_text(f"{number}\n")
    with LogFile(tmp_path / "log", count) as written:
        written.fill("line", 45)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"log", *(f"log.{n}" for n in range(1, count + 1))}
