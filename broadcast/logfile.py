"""The log: ``YYYY-MM-DD HH:MM:SS [LEVEL] message``, one event, one line, UTF-8."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import RLock
from typing import Any

from twisted.logger import (
    FileLogObserver,
    LogEvent,
    Logger,
    LogLevel,
    formatEvent,
)
from twisted.python.failure import Failure

from broadcast.base.values import reason_of
from broadcast.protocol.sanitize import escape

_LEVELS = {LogLevel.warn: "WARNING"}
_BY_NAME = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warning": LogLevel.warn,
    "error": LogLevel.error,
}
_QUIET = (LogLevel.debug, LogLevel.info)

CANT_BE_WRITTEN = "the log file can't be written: {why}"
CAN_BE_WRITTEN = "the log file can be written again"
CANT_BE_ROTATED = "the log file can't be rotated: {why}"
IS_ROTATED = "the log file is rotated again"


def format_line(event: LogEvent, chatty: bool = False) -> str | None:
    """Return the line for ``event``; None for Twisted's own small talk.

    Args:
        chatty: that too.
    """
    level = event.get("log_level", LogLevel.info)
    namespace = event.get("log_namespace", "")
    if level in _QUIET and not (chatty or namespace.startswith("broadcast")):
        return None
    message = formatEvent(event)
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        trace = failure.getTraceback().strip().split("\n")
        message = " | ".join([message, *(line.strip() for line in trace)])
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["log_time"]))
    name = _LEVELS.get(level, level.name.upper())
    return f"{stamp} [{name}] {escape(message)}\n"


class Threshold:
    """What is logged: events of a level and graver ones; changed while it runs.

    At ``debug`` Twisted's own small talk is logged too.
    """

    def __init__(self) -> None:
        self.name = "info"
        self._level = LogLevel.info

    def set(self, name: str) -> bool:
        """Log ``debug``, ``info``, ``warning`` or ``error``, and what is graver.

        Returns:
            Whether it is one of these; else nothing has changed.
        """
        if name not in _BY_NAME:
            return False
        self.name, self._level = name, _BY_NAME[name]
        return True

    def line_observer(self, out: Any) -> Callable[[LogEvent], None]:
        """Return an observer that writes our lines to ``out``, a text file."""
        return FileLogObserver(out, self.format_line)

    def format_line(self, event: LogEvent) -> str | None:
        """Return the line for ``event``; None if it is below the level."""
        if event.get("log_level", LogLevel.info) < self._level:
            return None
        return format_line(event, chatty=self._level is LogLevel.debug)


class RotatingFile:
    """A log file that is rotated, and that survives a full disk.

    What can't be written is counted, and told in the file when it can be written
    again; that it can't, and that it can again, is logged once, for the console.
    Where there is no room for a new file, the old one is written on.

    Args:
        path: the file; its folder must exist.
        size: bytes at which it is rotated.
        count: rotated files kept.
        log: told how things are; what it is told may come back as a line.

    Raises:
        OSError: the file can't be opened.
    """

    def __init__(self, path: str, size: int, count: int, log: Logger) -> None:
        self._path = Path(path).absolute()
        self._size = size
        self._count = count
        self._logger = log
        self._lost = 0
        self._is_stuck = False
        self._lock = RLock()
        self._file = FileIO(self._path, "ab")

    def write(self, text: str) -> None:
        """Write ``text``, a line, or count that it was lost; raise nothing."""
        with self._lock:
            self._rotate_if_due()
            lost = self._lost
            told = f"{lost} lines could not be written here\n" if lost else ""
            try:
                self._append((told + text).encode())
            except OSError as error:
                self._lost += 1
                if not lost:
                    self._logger.error(CANT_BE_WRITTEN, why=reason_of(error))
            else:
                self._lost = 0
                if lost:
                    self._logger.info(CAN_BE_WRITTEN)

    def reopen(self) -> str:
        """Open the file anew: something else (logrotate) has moved it away.

        Raises:
            OSError: it can't be opened; the old one is written on.
        """
        with self._lock:
            self._take(FileIO(self._path, "ab"))
        return str(self._path)

    def flush(self) -> None:
        """Do nothing: each line has been flushed."""

    def _append(self, data: bytes) -> None:
        """Write all of ``data``, or nothing.

        Raises:
            OSError: it can't be written.
        """
        size = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError:
            with suppress(OSError):  # there are things that have no size
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
                self._logger.error(CANT_BE_ROTATED, why=reason_of(error))
        else:
            self._is_stuck = False
            if was_stuck:
                self._logger.info(IS_ROTATED)

    def _rotate(self) -> None:
        """Begin a new file, which is there before the old one is put aside.

        Raises:
            OSError: that can't be done; the old one is where it was.
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
