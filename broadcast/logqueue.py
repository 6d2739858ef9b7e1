"""Lines of the log on their way to a reader that may be slow, or stand still.

A pipe, a socket and a terminal hold up their writer until they are read. The daemon
must not wait for that, so a thread writes there. ``O_NONBLOCK`` would not do: it
belongs to the open file, and a terminal's is the shell's too.
"""

import os
import stat
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, RLock, Thread, current_thread
from typing import Any

from twisted.logger import Logger

WERE_DROPPED = "{count} lines are missing here: the {where} could not take them"

MAX_WAITING = 1 << 20
"""Bytes that wait for a reader. What comes then is dropped, and counted."""

EXIT_TIME = 0.5
"""Seconds that the end of the daemon waits for what was logged to be read."""

GATHERING = 0.005
"""Seconds in which an idle thread lets lines come together. To wake it for each took
the daemon a tenth more CPU time while people came and went."""

PIECE = 4096
"""Bytes of one write, unless a line is longer. A pipe takes so many at once or not at
all (``PIPE_BUF``): lines of other writers don't come between."""


def may_block(descriptor: int) -> bool:
    """Tell whether a write may have to wait until somebody reads.

    Not so for files on a disk, which is waited for, and for ``/dev/null``.
    """
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor)


class Direct:
    """Lines that are written at once, where writing waits for nobody.

    Args:
        put: writes all of some bytes.
        tell: told how many lines could not be written, when it is possible again.

    Attributes:
        dropped: how many lines in all could not be written.
    """

    def __init__(
        self, put: Callable[[bytes], None], tell: Callable[[int], None]
    ) -> None:
        self.dropped = 0
        self._put = put
        self._tell = tell
        self._untold = 0
        self._lock = RLock()

    def write(self, line: bytes) -> None:
        """Write a line, or count that it could not be written."""
        with self._lock:
            try:
                self._put(line)
            except OSError:
                self.dropped += 1
                self._untold += 1
                return
            untold, self._untold = self._untold, 0
        if untold:
            self._tell(untold)

    def finish(self) -> None:
        """Do nothing: all is written."""


class LogQueue:
    """Lines that wait for a thread to write them. Any thread may write.

    When ``limit`` bytes wait, lines are dropped until all that waits is written. How
    many they were is told then, once, and so is how many could not be written.

    The thread begins with the first line, and again in a process that was forked off.
    It does not hold up the end of the process, however long a write takes.

    Args:
        put: writes all of some bytes, and may take its time.
        tell: told how many lines were dropped, when writing is possible again.
        limit: bytes that may wait.

    Attributes:
        dropped: how many lines in all were dropped or could not be written.
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
        self._untold = 0
        self._is_telling = False
        self._changed = Condition()
        self._thread: Thread | None = None
        self._end: float | None = None

    def write(self, line: bytes) -> None:
        """Have a line written, or drop it; wait for nothing."""
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
        """Wait until all is written, for ``EXIT_TIME`` in all.

        Later lines are waited for too, as long as that time lasts: the process may end
        at any moment, and the thread with it.
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
        self._untold += lines

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
                if untold := self._done(len(piece), 0):
                    self._tell(untold)
                    self._is_telling = False

    def _take(self) -> list[bytes]:
        """Return the next lines, for one write."""
        lines = [self._lines.popleft()]
        size = len(lines[0])
        while self._lines and size + len(self._lines[0]) <= PIECE:
            lines.append(self._lines.popleft())
            size += len(lines[-1])
        return lines

    def _done(self, size: int, failed: int) -> int:
        """Note that bytes wait no more; return how many lost lines are to be told.

        Args:
            failed: so many lines could not be written.
        """
        with self._changed:
            self._size -= size
            self._count(failed)
            if self._size:
                return 0
            self._is_full = False
            untold = 0
            if not failed:
                untold, self._untold = self._untold, 0
            self._is_telling = untold > 0
            self._changed.notify_all()
            return untold


class Console:
    """What ``twist`` logs to: standard output, standard error or a file.

    Nobody waits for whoever reads it (``broadcast.logqueue``), and a full disk is
    survived: what is missing is counted, and told when it can be written again.

    Args:
        descriptor: where it is written to.
        log: told that lines are missing.
    """

    def __init__(self, descriptor: int, log: Logger) -> None:
        self._descriptor = descriptor
        self._logger = log
        self._is_cut = False
        out = LogQueue if may_block(descriptor) else Direct
        self._out = out(self._put, self._tell)

    @property
    def dropped(self) -> int:
        """How many lines could not be written."""
        return self._out.dropped

    def write(self, text: str) -> None:
        """Write a line, or have it written; raise nothing."""
        self._out.write(text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Do nothing: no line is held back here."""

    def finish(self) -> None:
        """Wait a moment for what is not written yet: the daemon ends."""
        self._out.finish()

    def _put(self, data: bytes) -> None:
        """Write all of ``data``; what follows a part of a line begins another.

        Raises:
            OSError: it can't be written.
        """
        if self._is_cut:
            data = b"\n" + data
        while data:
            sent = os.write(self._descriptor, data)
            self._is_cut = data[sent - 1] != ord("\n")
            data = data[sent:]

    def _tell(self, count: int) -> None:
        self._logger.error(WERE_DROPPED, count=count, where="console")


def take_over(twist: Any, log: Logger) -> Console | None:
    """Put our console in the place of the file that ``twist`` would log to.

    Args:
        twist: its options.
        log: told that lines are missing.

    Returns:
        Our console; None where ``twist`` logs to no real file.
    """
    file = twist.get("logFile")
    try:
        console = Console(file.fileno(), log)
    except (AttributeError, OSError):
        return None
    twist["logFile"] = console
    return console
