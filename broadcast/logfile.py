"""The log file: rotated, reopened, and complete through a full disk."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import RLock

from twisted.logger import Logger

from broadcast.base.values import reason_of
from broadcast.logqueue import WERE_DROPPED, LogQueue, may_block

CANT_BE_WRITTEN = "the log file can't be written: {reason}"
CAN_BE_WRITTEN = "the log file can be written again"
CANT_BE_ROTATED = "the log file can't be rotated: {reason}"
IS_ROTATED = "the log file is rotated again"
WERE_LOST = "{} lines could not be written here".format

PAUSE = 0.1
"""Seconds between two attempts to write to a FIFO that is full."""


class RotatingFile:
    """A log file that is rotated, and that survives a full disk.

    Lines that can't be written are counted; the file gets their number once it can be
    written again. The failure and the recovery are each logged once, for the console.
    If a new file can't be made, the old one grows.

    A FIFO is written to as the console is, without waiting for its reader, and is never
    rotated.

    Args:
        path: the file; its folder must exist.
        size: bytes at which it is rotated.
        count: rotated files kept.
        log: gets failures and recoveries, which may come back as lines.
        lost_line: returns the line, without its end, that stands for lost lines.

    Raises:
        OSError: the file can't be opened.
    """

    def __init__(
        self,
        path: str,
        size: int,
        count: int,
        log: Logger,
        lost_line: Callable[[int], str] = WERE_LOST,
    ) -> None:
        self._path = Path(path).absolute()
        self._size = size
        self._count = count
        self._logger = log
        self._lost_line = lost_line
        self._lost = 0
        self._dropped = 0
        self._is_stuck = False
        self._lock = RLock()
        self._queue = LogQueue(self._put_slowly, self._tell)
        self._file = _open(self._path)
        self._is_slow = may_block(self._file.fileno())

    @property
    def dropped(self) -> int:
        """The number of lines that could not be written."""
        return self._dropped + self._queue.dropped

    def write(self, text: str) -> None:
        """Write ``text``, a line, or count that it was lost; raise nothing."""
        if self._is_slow:
            self._queue.write(text.encode())
            return
        with self._lock:
            self._rotate_if_due()
            lost = self._lost
            told = f"{self._lost_line(lost)}\n" if lost else ""
            try:
                self._append((told + text).encode())
            except OSError as error:
                self._lost += 1
                self._dropped += 1
                if not lost:
                    self._logger.error(
                        CANT_BE_WRITTEN,
                        event="log-file-not-written",
                        reason=reason_of(error),
                    )
            else:
                self._lost = 0
                if lost:
                    self._logger.info(CAN_BE_WRITTEN, event="log-file-written")

    def reopen(self) -> str:
        """Open the file anew: another program (logrotate) has moved it away.

        Raises:
            OSError: the file can't be opened; the old one stays in use.
        """
        with self._lock:
            self._take(_open(self._path))
        return str(self._path)

    def finish(self) -> None:
        """Wait a moment for unwritten lines: the daemon ends."""
        self._queue.finish()

    def flush(self) -> None:
        """Do nothing: each line has been flushed."""

    def _put_slowly(self, data: bytes) -> None:
        """Write all of ``data`` to a FIFO, in the thread, waiting for its reader.

        The lock is not held while waiting, so that another file can be opened.

        Raises:
            OSError: the FIFO can't be written.
        """
        while data:
            with self._lock:
                file = self._file
                taken = file.write(data)
            if taken is None:
                time.sleep(PAUSE)
            else:
                data = data[taken:]

    def _tell(self, count: int) -> None:
        self._logger.error(
            WERE_DROPPED, event="log-lines-lost", count=count, subject="log file"
        )

    def _append(self, data: bytes) -> None:
        """Write all of ``data``, or nothing.

        Raises:
            OSError: the file can't be written.
        """
        size = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            with suppress(OSError):  # not every file can be truncated
                self._file.truncate(size)
            raise

    def _rotate_if_due(self) -> None:
        if os.fstat(self._file.fileno()).st_size < self._size:
            return
        was_stuck = self._is_stuck
        try:
            self._rotate()
        except OSError as error:
            self._is_stuck = True
            if not was_stuck:
                self._logger.error(
                    CANT_BE_ROTATED,
                    event="log-file-not-rotated",
                    reason=reason_of(error),
                )
        else:
            self._is_stuck = False
            if was_stuck:
                self._logger.info(IS_ROTATED, event="log-file-rotated")

    def _rotate(self) -> None:
        """Begin a new file, which is made before the old one is renamed.

        Raises:
            OSError: the new file can't be made; the old one is in its place.
        """
        for number in self._rotated():
            if number >= self._count:
                self._aside(number).unlink(missing_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.new")
        file = FileIO(fresh, "ab")
        try:
            fresh.chmod(os.fstat(self._file.fileno()).st_mode & 0o777)
            free = 1
            while self._aside(free).exists():
                free += 1
            for number in range(free, 1, -1):
                self._aside(number - 1).rename(self._aside(number))
            with suppress(FileNotFoundError):
                self._path.rename(self._aside(1))
            fresh.rename(self._path)
        except OSError:
            file.close()
            raise
        self._take(file)

    def _rotated(self) -> list[int]:
        """Return the numbers of the rotated files."""
        names = (path.name for path in self._path.parent.iterdir())
        tails = (name.removeprefix(f"{self._path.name}.") for name in names)
        return [int(tail) for tail in tails if tail.isdecimal()]

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _take(self, file: FileIO) -> None:
        """Write to another file from now on."""
        self._file.close()
        self._file = file
        self._is_slow = may_block(file.fileno())


def _open(path: Path) -> FileIO:
    """Open a file for appending.

    A FIFO is opened for reading too. Otherwise opening blocks until there is a reader,
    and writing fails while there is none.

    Raises:
        OSError: the file can't be opened.
    """
    if not path.is_fifo():
        return FileIO(path, "ab")
    try:
        number = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        number = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return FileIO(number, "wb")
