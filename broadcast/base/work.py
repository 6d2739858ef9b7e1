"""A time budget for each turn of the reactor: no connection's input delays the others.

Everything but a clean block of lines is processed here: commands and their answers,
control frames, requests, logins, deadlines, members that catch up. The work of a
connection is a job. Jobs are stepped round-robin. All of them together have a few
milliseconds in a turn, half of it before the turn's messages are committed and sent.

A connection that was idle, and has sent little, goes first, unit by unit, for as long
as a slice. So a ``/ping`` now and then doesn't wait for connections that have sent
thousands (the rule of fq_codel for sparse flows, RFC 8290, 4.2). Output that no member
waits for, thousands of members that fall behind at one moment, takes turns with all the
rest. Reads are counted too.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol

from twisted.logger import Logger

BUDGET: Final = 0.004
"""Seconds of work in a turn of the reactor, with reads, without a little fan-out."""

FAN_OUT: Final = 0.002
"""Seconds of fan-out in a turn that the budget does not count. It counts the rest: ten
blocks of 64 KiB to hundreds of members would take as long as ten times the budget."""

SLICE: Final = 0.00025
"""Seconds after which a job yields to the next. A single unit may take longer. A fresh
job yields after each unit, and is an old one when its units have taken a slice. With a
single unit, a connection that had to wait once would go on waiting: more has come by
then."""

SPARSE: Final = 1024
"""Bytes that come at once from a connection that has sent little, at most."""

SMALL_READ: Final = 4096
"""Bytes read at a time from a connection that has not yet sent a clean block of lines,
or has work queued. A dirty 64 KiB costs half a millisecond before any queue can help.
"""

READS: Final = 32
"""Readers that go on in a turn, of those that had to wait; and small reads in a turn
that has taken twice its budget. A read that finds the end of a connection takes the
time of a hundred others, and is known for one too late."""

LARGE_READ: Final = 65536
"""Bytes read at a time from a connection whose lines are clean."""


class IReactorTime(Protocol):
    """Twisted's interface of that name, as a type that can be checked.

    Reactors and ``twisted.internet.task.Clock`` provide it.
    """

    def seconds(self) -> float:
        """Return the seconds of a monotonic clock."""

    def callLater(self, delay: float, callable: Callable[[], object]) -> Any:
        """Call ``callable`` after ``delay`` seconds; return a delayed call."""


class IReader(Hashable, Protocol):
    """A connection that is read in turn."""

    def read_on(self) -> object:
        """Watch the socket again; ``may_read`` is asked when there is input."""

    def has_little(self) -> bool:
        """Tell whether ``SPARSE`` bytes at most can be read, but not the end."""


class IJob(Hashable, Protocol):
    """Work that is done a slice at a time."""

    def step(self, until: float) -> bool:
        """Do at least one unit, and begin none after ``until``.

        Returns:
            Whether more can be done now. A job that waits for an event returns False,
            and is added again at that event.
        """

    def abort(self) -> object:
        """End the work that the job stands for, after a step has raised."""


class Work:
    """The queue of jobs, and the turns of the reactor in which they are stepped.

    Args:
        clock: schedules the turns.

    Attributes:
        commits: called in the middle of each turn to commit the turn's messages.
        queued: the jobs in the queue.
        is_due: a turn is scheduled.
    """

    _logger = Logger(namespace="broadcast")

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.commits: list[Callable[[], None]] = []
        self._fresh: deque[IJob] = deque()
        self._old: deque[IJob] = deque()
        self._background: deque[IJob] = deque()
        self._spent: dict[IJob, float] = {}  # seconds, by fresh jobs
        self._is_old_next = True
        self.queued: dict[IJob, deque[IJob]] = {}  # and in which queue
        self.is_due = False
        self._end = 0.0
        self._fan_out = FAN_OUT  # seconds that are still excluded in this turn
        self._little = READS  # small reads that are still made, late as it is
        self._waiting = OrderedDict[IReader, None]()  # a set
        self._first: set[IReader] = set()

    def soon(self) -> None:
        """Schedule a turn, even if there is no job."""
        if not self.is_due:
            self.is_due = True
            self.clock.callLater(0, self._turn)

    def add(self, job: IJob, is_fresh: bool = False) -> None:
        """Queue ``job``, unless it is queued already.

        Args:
            job: the work to be stepped.
            is_fresh: the job belongs to a connection that was idle, and has sent
                ``SPARSE`` bytes at most. A job that goes on, or was held up, is not
                fresh.
        """
        self._add(job, self._fresh if is_fresh else self._old)
        self.soon()

    def add_background(self, job: IJob) -> None:
        """Queue ``job``, unless it is queued already, behind those that are awaited."""
        self._add(job, self._background)
        self.soon()

    def hasten(self, job: Any) -> None:
        """Have a job that waits among others go before them."""
        queue = self.queued.get(job)
        if queue is not None and queue is not self._fresh:
            self.queued[job] = self._fresh
            self._fresh.append(job)  # it stays in its queue, and is skipped there

    def is_late(self, grace: float = 0.0) -> bool:
        """Tell whether this turn's budget is spent, and ``grace`` seconds more."""
        now = self.clock.seconds()
        if not self._end:  # the first work of this turn
            self._end = now + BUDGET
            self.soon()
            return False
        return now > self._end + grace

    def exclude(self, seconds: float) -> None:
        """Exclude time of fan-out, ``FAN_OUT`` at most, from this turn's budget."""
        if self._end:
            excluded = min(seconds, self._fan_out)
            self._fan_out -= excluded
            self._end += excluded

    def may_read(self, reader: IReader) -> bool:
        """Tell whether ``reader`` may be read in this turn.

        If not, it is to watch its socket no more, until ``read_on``. Readers that wait
        come first in the next turns. The kernel reports readers in the same order each
        time, so the last ones would starve otherwise. A little is read nevertheless:
        until the turn has taken twice its budget, and ``READS`` times after that.
        """
        is_due = not self._first or reader in self._first
        if is_due and not self.is_late():
            return True
        if self._little and reader.has_little():
            self._little -= self.is_late(BUDGET)
            return True
        self._waiting[reader] = None
        return False

    def __len__(self) -> int:
        """Return the number of queued jobs."""
        return len(self.queued)

    def _turn(self) -> None:
        self.is_due = False
        self._run(BUDGET / 2)
        for commit in self.commits:
            commit()
        self._run(BUDGET / 2)
        self._end = 0.0
        self._fan_out, self._little = FAN_OUT, READS
        self._first.clear()
        if self._waiting:
            self._read_on()
        if self.queued or self._first:
            self.soon()

    def _read_on(self) -> None:
        """Let some that wait be read in the next turn: the oldest and the newest.

        Of thousands that came at once the newest may be one that sends now and then.
        """
        for number in range(min(READS, len(self._waiting))):
            reader, _ = self._waiting.popitem(last=number % 2 == 1)
            self._first.add(reader)
            reader.read_on()

    def _run(self, seconds: float) -> None:
        """Step jobs for ``seconds``; fresh jobs have the first half of it.

        In the rest, old jobs and those of the background take turns.
        """
        now = self.clock.seconds()
        half, end = now + seconds / 2, now + seconds
        while self.queued and now < end:
            others = self._others()
            is_fresh = bool(self._fresh) and (now < half or not others)
            queue = self._fresh if is_fresh else others
            job = queue.popleft()
            if self.queued.get(job) is queue:
                self._is_old_next = queue is not self._old
                began = now
                has_more = self._step(job, now if is_fresh else now + SLICE)
                now = self.clock.seconds()
                if is_fresh:
                    queue = self._after_unit(job, has_more, now - began)
                if has_more:
                    self._add(job, queue)

    def _others(self) -> deque[IJob]:
        """Return the queue whose turn it is, but for the fresh jobs."""
        if self._is_old_next:
            return self._old or self._background
        return self._background or self._old

    def _add(self, job: IJob, queue: deque[IJob]) -> None:
        if job not in self.queued:
            self.queued[job] = queue
            queue.append(job)

    def _after_unit(self, job: IJob, has_more: bool, seconds: float) -> deque[IJob]:
        """Return the queue in which a fresh job goes on after a unit."""
        spent = self._spent.pop(job, 0.0) + seconds
        if not has_more or spent >= SLICE:
            return self._old
        self._spent[job] = spent
        return self._fresh

    def _step(self, job: IJob, until: float) -> bool:
        """Step ``job``; return whether it is to be queued again."""
        del self.queued[job]  # before the step, which may add it again
        try:
            return job.step(until)
        except Exception:
            self._logger.failure(
                "a connection is closed: its work has failed", event="fault"
            )
            job.abort()
            return False
