"""Pages of what was said: which lines answer a question for old ones.

A page is found in the log alone, and at once; it is rendered piece by piece.

Lines older than the log's ring come from elsewhere, and later: see ``archive``, which
makes a log of them for a while.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from broadcast.protocol.dialects import Dialect
from broadcast.store.entries import Run, is_run
from broadcast.store.log import Log, Stretch

MAX_LINES: Final = 1000
"""Lines that one page may have."""

MAX_BYTES: Final = (1 << 20) - 1024
"""Bytes that its lines may have, so that an answer has at most 1 MiB with what stands
before and behind them. A single line that is longer is given all the same."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the lines that were asked for.

    Attributes:
        stretch: where they are.
        missing: lines asked for that can't be had; None if nobody knows.
        first: the oldest one's id; None if there are none.
        last: the id after which lines follow that are not here.
        more: there are more in the direction asked.
    """

    stretch: Stretch
    missing: int | None
    first: int | None
    last: int
    more: bool


class Pages:
    """The past lines of a log that may be asked for.

    Args:
        log: the log.
        depth: number of past lines that may be asked for; None: all of them.
        dialect: the dialect of a page, on which the length of a line depends.
        lines: number of lines that a page may have.
        size: bytes that they may have.
        first: no line with an id below it may be asked for.
    """

    def __init__(
        self,
        log: Log,
        depth: int | None,
        dialect: Dialect,
        lines: int = MAX_LINES,
        size: int = MAX_BYTES,
        first: int = 0,
    ) -> None:
        self._lines, self._size = lines, size
        self._log = log
        self._dialect = dialect
        self._begin = (
            log.oldest if depth is None else max(log.oldest, log.total - depth)
        )
        if first > log.first_id:
            self._begin = max(self._begin, log.place_after(first - 1))

    @property
    def first_id(self) -> int:
        """The oldest line that may be asked for; the next one if there is none."""
        log, begin = self._log, self._begin
        return log.id_at(begin) if begin < log.total else log.last_id + 1

    def newest(self, count: int) -> Page:
        """Return the last ``count`` lines, or as many of them as a page may have."""
        return self._before(self._log.total, count, self._log.last_id, 0)

    def last(self, count: int) -> Page:
        """Return the first of the last ``count`` lines: the next page goes on there."""
        return self._after(max(self._begin, self._log.total - count), 0)

    def before(self, id: int, count: int) -> Page:
        """Return the ``count`` lines before the one called ``id``."""
        log = self._log
        if id > log.last_id:
            return self._before(log.total, count, log.last_id, None)
        place = log.place_after(id - 1)
        wanted = min(count, self._lines)
        gone = min(wanted, place) - min(wanted, max(0, place - self._begin))
        return self._before(place, count, max(0, id - 1), gone)

    def after(self, id: int) -> Page:
        """Return the first lines after the one called ``id``.

        Of a position that the log has not reached they are the oldest that may be had,
        as in ``all``.
        """
        log = self._log
        if id > log.last_id:
            return self.all()
        place = log.place_after(id)
        begin = max(place, self._begin)
        return self._after(begin, begin - place)

    def all(self) -> Page:
        """Return the oldest lines that may be had: nobody knows what is missing."""
        return self._after(self._begin, None)

    def _after(self, begin: int, missing: int | None) -> Page:
        log = self._log
        end = begin + self._fitting(self._forwards(begin))
        return Page(
            log.stretch(begin, end),
            missing,
            first=log.id_at(begin) if end > begin else None,
            last=log.id_at(end - 1) if end > begin else log.last_id,
            more=end < log.total,
        )

    def _before(self, end: int, count: int, last: int, missing: int | None) -> Page:
        log = self._log
        wanted = min(count, self._lines, max(0, end - self._begin))
        begin = end - self._fitting(self._backwards(end, wanted))
        return Page(
            log.stretch(begin, end),
            missing,
            first=log.id_at(begin) if end > begin else None,
            last=log.id_at(end - 1) if end > begin else last,
            more=end > begin > self._begin,
        )

    def _fitting(self, parts: Iterator[tuple[Run, list[bytes]]]) -> int:
        """Count the lines that a page may have, of those in ``parts``: one at least."""
        count, space = 0, self._size
        measure = self._dialect.replayed_size
        for run, lines in parts:
            if not lines:
                continue
            size = measure(run.speaker, b"\n".join(lines), len(lines))
            if size <= space:
                count += len(lines)
                space -= size
                continue
            for line in lines:
                space -= measure(run.speaker, line, 1)
                if space < 0 and count:
                    return count
                count += 1
        return count

    def _forwards(self, begin: int) -> Iterator[tuple[Run, list[bytes]]]:
        """Yield runs from a place on, with the lines of each that are meant."""
        left = self._lines
        for batch in self._log.batches_from(begin):
            for run in filter(is_run, batch.entries):
                place = batch.before + run.first - batch.first
                lines = run.text.split(b"\n")[:-1][max(0, begin - place) :][:left]
                yield run, lines
                left -= len(lines)
            if not left:
                return

    def _backwards(self, end: int, left: int) -> Iterator[tuple[Run, list[bytes]]]:
        """Yield runs down from a place, their lines in reverse."""
        for batch in self._log.batches_before(end):
            for run in filter(is_run, reversed(batch.entries)):
                place = batch.before + run.first - batch.first
                lines = run.text.split(b"\n")[:-1][: max(0, end - place)]
                lines = lines[::-1][:left]
                yield run, lines
                left -= len(lines)
            if not left:
                return
