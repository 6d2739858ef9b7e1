"""The log: ``YYYY-MM-DD HH:MM:SS [LEVEL] message``, one event, one line, UTF-8."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.logger import (
    FileLogObserver,
    LogEvent,
    LogLevel,
    formatEvent,
)
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile

from broadcast.safe import escape

_LEVELS = {LogLevel.warn: "WARNING"}
_BY_NAME = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warning": LogLevel.warn,
    "error": LogLevel.error,
}
_QUIET = (LogLevel.debug, LogLevel.info)


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

    What can't be written is counted, and told on the console once and in the
    file when it can be written again.

    Args:
        path: the file; its folder must exist.
        size: bytes at which it is rotated.
        count: rotated files kept.
        complain: called once with what is wrong, when writing begins to fail.

    Raises:
        OSError: the file can't be opened.
    """

    def __init__(
        self, path: str, size: int, count: int, complain: Callable[[str], None]
    ) -> None:
        where = Path(path).absolute()
        self._file = LogFile(
            where.name, str(where.parent), rotateLength=size, maxRotatedFiles=count
        )
        self._complain = complain
        self._lost = 0

    def write(self, text: str) -> None:
        """Write ``text``, whole lines, or count that they were lost; raise nothing."""
        try:
            if self._lost:
                self._file.write(f"{self._lost} lines could not be written here\n")
                self._lost = 0
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self._lost += 1
            if self._lost == 1:
                self._complain(f"the log file can't be written: {error.strerror}")

    def reopen(self) -> str:
        """Open the file anew: something else (logrotate) has moved it away.

        Raises:
            OSError: it can't be opened; the old one is written on.
        """
        with open(self._file.path, "ab"):
            pass
        self._file.reopen()
        return self._file.path

    def flush(self) -> None:
        """Do nothing: each line has been flushed."""
