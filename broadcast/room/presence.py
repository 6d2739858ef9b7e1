"""Comings and goings: told one by one while they are few, folded in a burst."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

from broadcast.base.work import IReactorTime
from broadcast.protocol.events import Attendance, Join, Leave, Presence, Rename
from broadcast.store.entries import Entry, Told

ONE_BY_ONE = 8
"""Presence events told one by one within ``WINDOW``; more are folded. Those of quiet
members are counted apart: however many come, people are told of the others by name."""

WINDOW = 0.5
"""Seconds: while a burst lasts, what is folded is told this often, or along
with the next lines said."""


class PresenceFold:
    """Holds back and folds the presence events of a burst.

    Args:
        clock: for the length of a burst.
        count: how many are here now.

    Attributes:
        pending: the events that are held back.
    """

    def __init__(self, clock: IReactorTime, count: Callable[[], int]) -> None:
        self._clock = clock
        self._count = count
        self.pending: list[Told] = []
        self._quiet = 0  # of those: a burst looks at each only once
        self._window = 0.0
        self._told = 0
        self._told_quiet = 0

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
            self._window = now + WINDOW
            self._told = self._told_quiet = 0
        news = [*filter(_is_presence, entries)]
        if not news and not self.pending:
            return entries
        quiet = self._quiet + sum(map(_is_quiet, news))
        loud = len(self.pending) + len(news) - quiet
        if loud and self._told + loud > ONE_BY_ONE:
            return self._fold_all(news, entries)
        self._told += loud
        if self._told_quiet + quiet > ONE_BY_ONE:
            return self._fold_quiet(entries)
        self._told_quiet += quiet
        return [*self._take(), *entries]

    def _fold_all(self, news: list[Told], entries: list[Entry]) -> list[Entry]:
        """Fold a burst."""
        said = [entry for entry in entries if not _is_presence(entry)]
        if not said and self._told >= ONE_BY_ONE:
            self._hold(news)
            return []
        news = [*self._take(), *news]
        self._told += ONE_BY_ONE
        loud = [told.event for told in news if not _is_quiet(told)]
        joined = sum(isinstance(event, Join) for event in loud)
        left = sum(isinstance(event, Leave) for event in loud)
        return [Told(None, Presence(joined, left, self._count())), *said]

    def _fold_quiet(self, entries: list[Entry]) -> list[Entry]:
        """Fold a burst of quiet members; the few others are told one by one."""
        kept = [entry for entry in entries if not _is_quiet(entry)]
        if self._quiet < len(self.pending):  # a burst of others is over
            held = self._take()
            kept = [*(told for told in held if not _is_quiet(told)), *kept]
            self._hold([*filter(_is_quiet, held)])
        if all(map(_is_presence, kept)) and self._told_quiet >= ONE_BY_ONE:
            self._hold([*filter(_is_quiet, entries)])
            return kept
        self._take()
        self._told_quiet += ONE_BY_ONE
        folded = Told(None, Presence(0, 0, self._count(), quiet=True))
        return [folded, *map(self._counted_now, kept)]

    def _hold(self, news: list[Told]) -> None:
        self.pending += news
        self._quiet += sum(map(_is_quiet, news))

    def _take(self) -> list[Told]:
        held, self.pending, self._quiet = self.pending, [], 0
        return held

    def _counted_now(self, entry: Entry) -> Entry:
        """Return what comes after a sum, which has counted it, with the sum's count."""
        if isinstance(entry, Told) and isinstance(entry.event, Join | Leave | Rename):
            return replace(entry, event=replace(entry.event, count=self._count()))
        return entry


def _is_presence(entry: Entry) -> TypeGuard[Told]:
    return isinstance(entry, Told) and isinstance(entry.event, Attendance)


def _is_quiet(entry: Entry) -> TypeGuard[Told]:
    if not isinstance(entry, Told) or not isinstance(entry.event, Attendance):
        return False
    return entry.event.quiet
