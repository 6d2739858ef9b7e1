"""A budget of time for each turn of the reactor: nobody's input holds others up.

Everything but a clean block of lines is done here: commands and their answers,
control frames, requests, logins, deadlines, members that catch up. What one connection
has to do is a job. Jobs are stepped by turns, and all of them together have a few
milliseconds in a turn, half of it before what was said is committed and sent.

A connection that had nothing to do goes first, for one unit of work: a single ``/ping``
doesn't wait for those who have sent thousands (the rule of fq_codel for sparse flows,
RFC 8290, 4.2). Reads are counted too.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol

from twisted.logger import Logger

BUDGET: Final = 0.004
"""Seconds of work in one turn of the reactor, reads included and fan-out not."""

SLICE: Final = 0.00025
"""Seconds after which a job lets the next one work. One unit may take longer."""

SMALL_READ: Final = 4096
"""Bytes read at a time from a connection that has not shown a clean block of lines, or
has work waiting. A dirty 64 KiB costs half a millisecond before any queue can help."""

LARGE_READ: Final = 65536
"""Bytes read at a time from a connection whose lines are clean."""


class IReactorTime(Protocol):
    """Twisted's interface of that name, as a type that can be checked.

    A reactor has it, and ``twisted.internet.task.Clock``.
    """

    def seconds(self) -> float:
        """Return seconds that never go back."""

    def callLater(self, delay: float, callable: Callable[[], object]) -> Any:
        """Call ``callable`` after ``delay`` seconds; return a delayed call."""


class IJob(Hashable, Protocol):
    """Something that is done a slice at a time."""

    def step(self, until: float) -> bool:
        """Do at least one unit, and begin none after ``until``.

        Returns:
            More can be done now. A job that waits for something returns False, and is
            added again by whatever it waits for.
        """

    def abort(self) -> object:
        """End what the job is for: a step has raised."""


class Work:
    """The jobs that wait, and the turns of the reactor in which they are done.

    Args:
        clock: where it runs.

    Attributes:
        commits: called in the middle of each turn: what was said is committed there.
        queued: the jobs that wait.
        is_due: a turn will be taken soon.
    """

    _logger = Logger(namespace="broadcast")

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.commits: list[Callable[[], None]] = []
        self._fresh: deque[IJob] = deque()
        self._old: deque[IJob] = deque()
        self.queued: set[IJob] = set()
        self.is_due = False
        self._end = 0.0
        self._skipped: set[object] = set()
        self._first: set[object] = set()

    def soon(self) -> None:
        """Take a turn soon, even if there is no job."""
        if not self.is_due:
            self.is_due = True
            self.clock.callLater(0, self._turn)

    def add(self, job: IJob, is_fresh: bool = False) -> None:
        """Have ``job`` stepped, unless it waits already.

        Args:
            is_fresh: it is a connection's that had nothing to do. A job that goes on,
                or was held up, is not fresh.
        """
        if job not in self.queued:
            self.queued.add(job)
            (self._fresh if is_fresh else self._old).append(job)
            self.soon()

    def is_late(self) -> bool:
        """Tell whether this turn's time is over, and somebody waits for the next."""
        now = self.clock.seconds()
        if not self._end:  # the first thing that is done in this turn
            self._end = now + BUDGET
            self.soon()
            return False
        return now > self._end

    def exclude(self, seconds: float) -> None:
        """Take time that was spent on the fan-out out of this turn's account."""
        if self._end:
            self._end += seconds

    def may_read(self, reader: object) -> bool:
        """Tell whether ``reader`` may be read in this turn.

        Those that were not read come first in the next turn: the kernel tells of all
        in the same order each time, and the last of them would starve.
        """
        if (self._first and reader not in self._first) or self.is_late():
            self._skipped.add(reader)
            return False
        return True

    def __len__(self) -> int:
        """Return how many jobs wait."""
        return len(self.queued)

    def _turn(self) -> None:
        self.is_due = False
        self._run(BUDGET / 2)
        for commit in self.commits:
            commit()
        self._run(BUDGET / 2)
        self._end = 0.0
        self._first, self._skipped = self._skipped, self._first
        self._skipped.clear()
        if self.queued or self._first:
            self.soon()

    def _run(self, seconds: float) -> None:
        """Step jobs for so long; the first half of it is for the fresh ones."""
        now = self.clock.seconds()
        half, end = now + seconds / 2, now + seconds
        while self.queued and now < end:
            if self._fresh and (now < half or not self._old):
                self._step(self._fresh.popleft(), now)
            else:
                self._step(self._old.popleft(), now + SLICE)
            now = self.clock.seconds()

    def _step(self, job: IJob, until: float) -> None:
        self.queued.discard(job)  # before the step, which may have it added again
        try:
            has_more = job.step(until)
        except Exception:
            self._logger.failure("a connection is closed: its work has failed")
            job.abort()
            return
        if has_more and job not in self.queued:
            self.queued.add(job)
            self._old.append(job)
