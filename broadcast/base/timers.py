"""Many equal delays with a single timer.

Ten thousand ``DelayedCall`` objects cost 22 ms and 5 MB; a deque costs neither.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from weakref import ReferenceType

from broadcast.base.work import Work

T = TypeVar("T")

GRAIN = 0.005
"""Seconds within which items that are added fall due together, with the first."""


class IApplicant(Protocol):
    """A session that has to join, or to log in, before a deadline."""

    def expire(self) -> bool:
        """Close the session, unless it has joined or is gone; tell which."""


def expire_applicant(reference: "ReferenceType[IApplicant]") -> bool:
    """Close a session whose deadline has passed, unless it is gone.

    The reference is weak, so that a lost session takes no memory until its deadline.
    """
    applicant = reference()
    return applicant is not None and applicant.expire()


class Deadlines(Generic[T]):
    """Calls ``expire`` for each item, ``delay`` seconds after it was added.

    Thousands of items that are due at once take many turns: this is a job of ``work``.

    Args:
        delay: seconds.
        work: the queue of jobs, which also has the clock.
        expire: called with an item; returns whether there was anything to do.
    """

    def __init__(self, delay: float, work: Work, expire: Callable[[T], bool]) -> None:
        self._delay = delay
        self._work = work
        self._expire = expire
        self._slots: deque[tuple[float, deque[T]]] = deque()
        self._is_timed = False

    def add(self, item: T) -> None:
        """Start the delay for ``item``."""
        due = self._work.clock.seconds() + self._delay
        if not self._is_timed and not self._slots:
            self._look_in(self._delay)
        if not self._slots or due - self._slots[-1][0] > GRAIN:
            self._slots.append((due, deque()))
        self._slots[-1][1].append(item)

    def step(self, until: float) -> bool:
        """Expire the items that are due."""
        now = self._work.clock.seconds()
        while self._slots and self._slots[0][0] <= now:
            items = self._slots[0][1]
            while items:
                had_work = self._expire(items.popleft())
                if had_work and self._work.clock.seconds() >= until:
                    return True
            self._slots.popleft()
        if self._slots and not self._is_timed:
            self._look_in(max(0.0, self._slots[0][0] - now))
        return False

    def abort(self) -> None:
        """Go on with the other items: the item that failed has been removed."""
        self._work.add(self)

    def _look_in(self, seconds: float) -> None:
        self._is_timed = True
        self._work.clock.callLater(seconds, self._look)

    def _look(self) -> None:
        self._is_timed = False
        self._work.add(self)
