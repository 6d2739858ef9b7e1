"""Work in small pieces: connections that have more to do take turns.

What comes in one read may be a thousand requests. Each connection handles one at once
and the rest here, by turns with the others, a few milliseconds in each turn of the
reactor.
"""

from collections.abc import Callable
from typing import Final, Protocol

SLICE: Final = 0.004
"""Seconds of one turn of the reactor that this work may take."""


class IJob(Protocol):
    """Work that is done in steps."""

    def step(self, until: float) -> bool:
        """Do at least one piece, begin none after ``until``; is there more now?

        It never raises: what fails is the job's own business.
        """


class Turns:
    """A round of jobs.

    Args:
        clock: seconds, never going back.
        later: calls a function after so many seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._clock = clock
        self._later = later
        self._jobs: dict[IJob, None] = {}

    def add(self, job: IJob) -> None:
        """Let ``job`` take its steps, from the next turn on; once, however often."""
        if not self._jobs:
            self._later(0, self._run)
        self._jobs[job] = None

    def _run(self) -> None:
        """Let jobs take steps, those that waited longest first, while there is time."""
        until = self._clock() + SLICE
        again: dict[IJob, None] = {}
        while self._jobs:
            job = next(iter(self._jobs))
            share = (until - self._clock()) / len(self._jobs)
            has_more = job.step(self._clock() + share)
            del self._jobs[job]
            if has_more:
                again[job] = None
            if self._clock() >= until:
                break
        self._jobs |= again
        if self._jobs:
            self._later(0, self._run)
