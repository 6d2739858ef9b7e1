"""Comings and goings: told one by one while they are few, folded in a burst."""

from collections.abc import Callable
from typing import TypeGuard

from broadcast.base.work import IReactorTime
from broadcast.protocol.events import Join, Leave, Notice, Presence
from broadcast.store.entries import Entry, Told

ONE_BY_ONE = 8
"""Presence events told one by one within ``WINDOW``; more are folded."""

WINDOW = 0.5
"""Seconds: while a burst lasts, what is folded is told this often, or along
with the next lines said."""


class PresenceFold:
    """Holds back and folds the presence events of a burst.

    Args:
        clock: for the length of a burst.
        count: how many are here now.

    Attributes:
        pending: what is held back.
    """

    def __init__(self, clock: IReactorTime, count: Callable[[], int]) -> None:
        self._clock = clock
        self._count = count
        self.pending: list[Told] = []
        self._window = 0.0
        self._told = 0

    @property
    def due(self) -> float:
        """In how many seconds what is pending must be told."""
        return max(0.0, self._window - self._clock.seconds())

    def fold(self, entries: list[Entry]) -> list[Entry]:
        """Return the entries of a turn as they are to be committed.

        A turn in which lines are said takes along all that is held: nobody's
        lines come before its arrival.
        """
        now = self._clock.seconds()
        if now >= self._window:
            self._window, self._told = now + WINDOW, 0
        news = [entry for entry in entries if _is_presence(entry)]
        if not news and not self.pending:
            return entries
        few = self._told + len(self.pending) + len(news) <= ONE_BY_ONE
        if few:
            self._told += len(self.pending) + len(news)
            pending, self.pending = self.pending, []
            return [*pending, *entries]
        self.pending += news
        said = [entry for entry in entries if not _is_presence(entry)]
        if not said and self._told >= ONE_BY_ONE:
            return []
        return [*self._release(), *said]

    def _release(self) -> list[Entry]:
        pending, self.pending = self.pending, []
        self._told += ONE_BY_ONE
        joined = sum(isinstance(told.event, Join) for told in pending)
        left = sum(isinstance(told.event, Leave) for told in pending)
        return [Told(None, Presence(joined, left, self._count()))]


def _is_presence(entry: Entry) -> TypeGuard[Told]:
    return isinstance(entry, Told) and not isinstance(entry.event, Notice)
