"""The lines older than the ring, read from the file. All calls block.

It has a connection of its own, beside the one that writes. With one for both, each
commit would wait for the read before it. A read is short, so that the write-ahead
log can be emptied, and bounded, so that it can be held in memory.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from broadcast.store.base import Page, StoreError
from broadcast.store.codec import Speakers
from broadcast.store.entries import Batch
from broadcast.store.rows import Connect, Row, Rows, in_words


@dataclass(slots=True)
class _Taken:
    """Some rows with lines that were asked for.

    Attributes:
        rows: in the order they came.
        lines: how many lines of theirs were asked for.
        more: there are more such rows.
    """

    rows: list[Row] = field(default_factory=list)
    lines: int = 0
    more: bool = False


class History:
    """The pages of a file, which is opened when the first is read.

    Args:
        path: where the file is.
        connect: ``sqlite3.connect``.
    """

    def __init__(self, path: str, connect: Connect = sqlite3.connect) -> None:
        self._path = path
        self._connect = connect
        self._rows: Rows | None = None

    def before(self, id: int, lines: int, size: int, last_id: int) -> Page:
        """Return the last lines before ``id``.

        Args:
            id: the id of a line.
            lines: the number of lines at most.
            size: bytes after which no further batch is read.
            last_id: the last line that may be read.

        Raises:
            StoreError: it can't be read.
        """
        stop = min(id, last_id + 1)
        taken = self._take(
            lambda rows: rows.before(stop),
            lambda row: min(row.count, stop - row.first),
            lines,
            size,
        )
        taken.rows.reverse()
        count = min(taken.lines, lines)
        skip = taken.lines - count
        return Page(self._batches(taken), skip, count, taken.more or skip > 0)

    def after(self, id: int, lines: int, size: int, last_id: int) -> Page:
        """Return the first lines after ``id``.

        Args:
            id: the id of a line.
            lines: the number of lines at most.
            size: bytes after which no further batch is read.
            last_id: the last line that may be read.

        Raises:
            StoreError: it can't be read.
        """
        taken = self._take(
            lambda rows: rows.after(id, last_id),
            lambda row: row.count - max(0, id + 1 - row.first),
            lines,
            size,
        )
        count = min(taken.lines, lines)
        skip = max(0, id + 1 - taken.rows[0].first) if taken.rows else 0
        more = taken.more or taken.lines > count
        return Page(self._batches(taken), skip, count, more)

    def close(self) -> None:
        """Close the file."""
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()

    def _take(
        self,
        find: Callable[[Rows], Iterable[Row]],
        wanted: Callable[[Row], int],
        lines: int,
        size: int,
    ) -> _Taken:
        """Return rows until they have so many lines, or so many bytes."""
        taken = _Taken()
        try:
            if self._rows is None:
                self._rows = Rows(self._path, self._connect)
            for row in find(self._rows):
                if (has := wanted(row)) <= 0:
                    continue
                if taken.lines >= lines or size <= 0:
                    taken.more = True
                    break
                taken.rows.append(row)
                taken.lines += has
                size -= len(row.body)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreError(f"can't read {self._path}: {in_words(error)}") from None
        return taken

    def _batches(self, taken: _Taken) -> list[Batch]:
        assert self._rows is not None
        speakers = Speakers()
        return [self._rows.batch(row, speakers) for row in taken.rows]
