"""Old lines wherever they are: in the log's ring, or in the store alone.

The ring answers at once. A page that begins before it is read from the store, all of
it: the store has what the ring has, too. Where the store has nothing better, or can't
be read, the ring's own page is the answer.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from twisted.internet.defer import Deferred

from broadcast.protocol.dialects import Dialect
from broadcast.store.base import IStore
from broadcast.store.base import Page as Kept
from broadcast.store.log import Log
from broadcast.store.pages import MAX_BYTES, MAX_LINES, Page, Pages

NO_LIMIT: Final = sys.maxsize

Find = Callable[[Pages], Page]


@dataclass(frozen=True, slots=True)
class Question:
    """A question for old lines.

    Attributes:
        id: the line before or after which they are; None: before the end or, where
            they are the lines after it, from the oldest on.
        count: the number of lines before it; None: as many as a page has, after it.
        goes_on: the page begins with the first of the last ``count`` lines; the lines
            after it are another question.
    """

    id: int | None
    count: int | None
    goes_on: bool = False

    def answer(self, pages: Pages) -> Page:
        """Return what ``pages`` have."""
        if self.count is None:
            return pages.all() if self.id is None else pages.after(self.id)
        if self.goes_on:
            return pages.last(self.count)
        if self.id is None:
            return pages.newest(self.count)
        return pages.before(self.id, self.count)


class Archive:
    """The kept lines of a room.

    Args:
        store: the store with the older lines.
        log: the log with the newest lines.
        depth: number of past lines that may be asked for; None: all of them.
    """

    def __init__(self, store: IStore, log: Log, depth: int | None) -> None:
        self._store = store
        self._log = log
        self._depth = depth
        self._first = log.id_at(log.oldest) if log.lines else log.last_id + 1
        self._floor = store.first_id
        if depth is not None:
            back = max(0, depth - log.lines)
            self._floor = max(self._floor, store.id_before(self._first, back))

    def in_ring(self, question: Question, dialect: Dialect) -> Page:
        """Return the page that the ring gives."""
        pages = Pages(self._log, self._depth, dialect)
        page = question.answer(pages)
        if page.missing:
            page = replace(page, missing=self._missing(question, pages.first_id))
        if question.count is None or question.goes_on or page.first != self._first:
            return page
        return replace(page, more=page.more or self._floor < self._first)

    def lacks(self, question: Question) -> bool:
        """Tell whether the store may know more of what is asked than the ring."""
        if self._floor >= self._first:
            return False
        id, log = question.id, self._log
        if question.goes_on:
            return question.count is not None and question.count > log.lines
        if question.count is None:
            begin = 0 if id is None or id > log.last_id else id + 1
            return self._store.count(max(begin, self._floor), self._first) > 0
        is_last = id is None or id > log.last_id
        end = log.total if is_last or id is None else log.place_after(id - 1)
        return end - min(question.count, MAX_LINES) < log.oldest

    def read(self, question: Question) -> Deferred[Kept]:
        """Ask the store."""
        id, last_id = question.id, self._log.last_id
        if question.count is None or question.goes_on:
            begin = 0 if id is None or id > last_id else id
            if question.count is not None:
                back = max(0, question.count - self._log.lines)
                begin = self._store.id_before(self._first, back) - 1
            begin = max(begin, self._floor - 1)
            return self._store.read_after(begin, MAX_LINES, MAX_BYTES)
        end = last_id + 1 if id is None else min(id, last_id + 1)
        count = min(question.count, MAX_LINES)
        return self._store.read_before(end, count, MAX_BYTES)

    def page(
        self, question: Question, kept: Kept, dialect: Dialect
    ) -> tuple[Log, Page]:
        """Return a page and where its lines are: in what was read, or in the ring."""
        ring = self.in_ring(question, dialect)
        log = _log_of(kept)
        begin = max(self._floor, kept.first_id)
        pages = Pages(log, None, dialect, first=begin)
        if question.count is None or question.goes_on:
            found = self._forwards(question, kept, pages)
            is_better = found.first is not None and (
                ring.first is None or found.first < ring.first
            )
        else:
            found = self._backwards(question, kept, question.answer(pages))
            is_better = found.stretch.count > ring.stretch.count
        return (log, found) if is_better else (self._log, ring)

    def _forwards(self, question: Question, kept: Kept, pages: Pages) -> Page:
        """Return a page of what was read, with what is missing before it."""
        missing, id = self._unknown(question), question.id
        if id is None or missing is None:
            found = pages.all()  # of what was read, which begins where it is to
        else:
            found = pages.after(id)
            if found.first is not None:
                missing = self._store.count(id + 1, found.first)
        return replace(found, missing=missing, more=found.more or kept.more)

    def _backwards(self, question: Question, kept: Kept, found: Page) -> Page:
        """Return a page that was read, with what is missing of it."""
        is_at_floor = kept.first_id <= self._floor
        more = found.more or (kept.more and not is_at_floor)
        missing, id = self._unknown(question), question.id
        if id is not None and missing is not None and not more:
            asked = min(question.count or 0, MAX_LINES, self._store.count(1, id))
            missing = asked - found.stretch.count
        return replace(found, missing=missing, more=more)

    def _missing(self, question: Question, first: int) -> int:
        """Return how many lines asked for are older than the first that may be had.

        The ring itself knows only how many batches are gone, where ids have holes.
        """
        id, store = question.id or 0, self._store
        if question.count is None:
            return store.count(id + 1, first)
        asked = min(question.count, MAX_LINES, store.count(1, id))
        return asked - min(asked, store.count(first, id))

    def _unknown(self, question: Question) -> int | None:
        """Return None where nobody knows what is missing, else 0."""
        if question.id is None:
            return 0 if question.count is not None else None
        return 0 if question.id <= self._log.last_id else None


def _log_of(kept: Kept) -> Log:
    """Return what was read as a log of its own."""
    log = Log(NO_LIMIT)
    if kept.count:
        log.begin(kept.batches[0].first - 1)
        for batch in kept.batches:
            log.append(batch)
    return log
