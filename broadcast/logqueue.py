"""The queue of log lines for a reader that may be slow, or not read at all.

A pipe, a socket and a terminal block their writer until they are read. The daemon must
not block, so a thread writes to them. ``O_NONBLOCK`` is no alternative: it belongs to
the open file description, which a terminal shares with the shell.
"""

import os
import stat
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, RLock, Thread, current_thread
from typing import Any

from twisted.logger import Logger

WERE_DROPPED = "{count} lines are missing here: the {subject} could not take them"

MAX_WAITING = 1 << 20
"""Bytes in the queue, at most. Further lines are dropped, and counted."""

EXIT_TIME = 0.5
"""Seconds that the end of the daemon waits for the queue to be written."""

GATHERING = 0.005
"""Seconds for which an idle thread gathers lines. Without it the daemon took a tenth
more CPU time while many members joined and left."""

PIECE = 4096
"""Bytes of a write, unless a line is longer. A pipe takes so many atomically
(``PIPE_BUF``), so that lines of other writers don't come in between."""


def may_block(descriptor: int) -> bool:
    """Tell whether a write may block until it is read.

    Files on a disk and ``/dev/null`` don't count.
    """
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


class Direct:
    """Lines that are written at once, where writing doesn't block.

    Args:
        put: writes all of some bytes.
        tell: called with the number of lost lines, once writing works again.

    Attributes:
        dropped: the number of lost lines in all.
    """

    def __init__(
        self, put: Callable[[bytes], None], tell: Callable[[int], None]
    ) -> None:
        self.dropped = 0
        self._put = put
        self._tell = tell
        self._unreported = 0
        self._lock = RLock()

    def write(self, line: bytes) -> None:
        """Write a line, or count that it could not be written."""
        with self._lock:
            try:
                self._put(line)
            except OSError:
                self.dropped += 1
                self._unreported += 1
                return
            unreported, self._unreported = self._unreported, 0
        if unreported:
            self._tell(unreported)

    def finish(self) -> None:
        """Do nothing: all is written."""


class LogQueue:
    """A queue of lines that a thread writes. Any thread may add lines.

    When ``limit`` bytes are queued, lines are dropped until the queue is empty. The
    number of lines that were dropped or failed is reported then, once.

    The thread starts with the first line, and again in a forked process. It does not
    delay the end of the process, however long a write takes.

    Args:
        put: writes all of some bytes, and may block.
        tell: called with the number of lost lines, once writing works again.
        limit: bytes in the queue, at most.

    Attributes:
        dropped: the number of lost lines in all.
    """

    def __init__(
        self,
        put: Callable[[bytes], None],
        tell: Callable[[int], None],
        limit: int = MAX_WAITING,
    ) -> None:
        self.dropped = 0
        self._put = put
        self._tell = tell
        self._limit = limit
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._is_full = False
        self._unreported = 0
        self._is_telling = False
        self._changed = Condition()
        self._thread: Thread | None = None
        self._end: float | None = None

    def write(self, line: bytes) -> None:
        """Queue a line, or drop it; never block, except after ``finish``."""
        with self._changed:
            if self._is_full or self._size + len(line) > self._limit:
                self._is_full = True
                self._count(1)
                return
            self._lines.append(line)
            self._size += len(line)
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        if self._end is not None and current_thread() is not self._thread:
            self._await_all()

    def finish(self) -> None:
        """Wait until the queue is written, for at most ``EXIT_TIME``.

        Later calls of ``write`` wait too, within the same time: the process may end at
        any moment, and the thread with it.
        """
        self._end = time.monotonic() + EXIT_TIME
        self._await_all()

    def _await_all(self) -> None:
        assert self._end is not None
        left = max(0.0, self._end - time.monotonic())
        with self._changed:
            self._changed.wait_for(lambda: not (self._size or self._is_telling), left)

    def _count(self, lines: int) -> None:
        self.dropped += lines
        self._unreported += lines

    def _work(self) -> None:
        while True:
            with self._changed:
                was_idle = not self._lines
                self._changed.wait_for(lambda: self._lines)
            if was_idle and self._end is None:
                time.sleep(GATHERING)
            with self._changed:
                lines = self._take()
            piece = b"".join(lines)
            try:
                self._put(piece)
            except OSError:
                self._done(len(piece), len(lines))
            else:
                if unreported := self._done(len(piece), 0):
                    self._tell(unreported)
                    self._is_telling = False

    def _take(self) -> list[bytes]:
        """Return the next lines, for a single write."""
        lines = [self._lines.popleft()]
        size = len(lines[0])
        while self._lines and size + len(self._lines[0]) <= PIECE:
            lines.append(self._lines.popleft())
            size += len(lines[-1])
        return lines

    def _done(self, size: int, failed: int) -> int:
        """Note that bytes have left the queue; return the lost lines to be reported.

        Args:
            size: the bytes that have left the queue.
            failed: the number of their lines that could not be written.
        """
        with self._changed:
            self._size -= size
            self._count(failed)
            if self._size:
                return 0
            self._is_full = False
            unreported = 0
            if not failed:
                unreported, self._unreported = self._unreported, 0
            self._is_telling = unreported > 0
            self._changed.notify_all()
            return unreported


class Console:
    """The file that ``twist`` logs to: standard output, standard error or a file.

    Writing never waits for a reader, and a full disk is survived. Lost lines are
    counted, and their number is logged once writing works again.

    Args:
        descriptor: the descriptor of the file.
        log: gets the number of lost lines.
    """

    def __init__(self, descriptor: int, log: Logger) -> None:
        self._descriptor = descriptor
        self._logger = log
        self._is_cut = False
        out = LogQueue if may_block(descriptor) else Direct
        self._out = out(self._put, self._tell)

    @property
    def dropped(self) -> int:
        """The number of lines that could not be written."""
        return self._out.dropped

    def write(self, text: str) -> None:
        """Write or queue a line; raise nothing."""
        self._out.write(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Do nothing: no line is held back here."""

    def finish(self) -> None:
        """Wait a moment for unwritten lines: the daemon ends."""
        self._out.finish()

    def _put(self, data: bytes) -> None:
        """Write all of ``data``, on a new line if the last write ended within a line.

        Raises:
            OSError: the descriptor can't be written.
        """
        if self._is_cut:
            data = b"\n" + data
        while data:
            sent = os.write(self._descriptor, data)
            self._is_cut = data[sent - 1] != ord("\n")
            data = data[sent:]

    def _tell(self, count: int) -> None:
        self._logger.error(
            WERE_DROPPED, event="log-lines-lost", count=count, subject="console"
        )


def take_over(twist: Any, log: Logger) -> Console | None:
    """Replace the file that ``twist`` would log to by a ``Console``.

    Args:
        twist: the options of ``twist``.
        log: gets the number of lost lines.

    Returns:
        The console; None if ``twist`` logs to no real file.
    """
    file = twist.get("logFile")
    try:
        if file is None and "logFile" in twist:  # standard output is closed
            descriptor = os.open(os.devnull, os.O_WRONLY)
        else:
            descriptor = file.fileno()
        console = Console(descriptor, log)
    except (AttributeError, OSError):
        return None
    twist["logFile"] = console
    return console
