"""The file of a store that lasts: SQLite, one row a batch. All calls block.

``meta`` has the epoch, the version of the layout, the salt of the owners and, in a
copy, a mark that it is one. ``batch`` has the commits: the row's number, the first
line's id, the number of lines, the time, and the body (``codec``). ``state`` has the
newest dump of the decisions (``store.state``), and the number of the last row in it.

Rows are numbered without holes, and are found by a line's id by halving: that needs no
index, which would be written at each commit. Ids have no holes either: a row without
lines takes none.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broadcast.base.values import reason_of
from broadcast.store.base import DamagedError, TooNewError
from broadcast.store.codec import BodyError, NewerBodyError, Speakers, decode
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.figures import DISK_FULL

VERSION: Final = 1
"""The version of the layout."""

MAX_ID: Final = 1 << 53
"""The limit of ids, below which any JSON reader has them whole."""

PATIENCE: Final = 5.0
"""Seconds to wait for another program that has locked the file."""

NO_SESSION: Final = 0
"""The session of a run that was kept: nobody's who is here."""

MOST_PROBLEMS: Final = 20
"""Faults of SQLite's structures that are listed."""

_FULL: Final = "database or disk is full"  # SQLITE_FULL

_YEARS: Final = (-62135596800.0, 253402300800.0)
"""The years 1 to 9999, in seconds since 1970: the limits of a batch's time."""

_NOT_OURS: Final = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # a table or a column of ours isn't there
        sqlite3.SQLITE_CONSTRAINT,  # somebody else has written the next row
    )
)

Connect = Callable[..., sqlite3.Connection]


@dataclass(slots=True)  # not frozen: that takes longer to make
class Row:
    """A batch as it is kept.

    Attributes:
        seq: its number.
        first: the first line's id; the next line's, if there is none.
        count: the number of lines.
        at: the time of the commit.
        body: its encoded content.
    """

    seq: int
    first: int
    count: int
    at: float
    body: bytes

    @property
    def next_id(self) -> int:
        """The first id of the row after it."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Meta:
    """The description of a file in itself.

    Attributes:
        epoch: the log's identity.
        salt: the salt of the owners' digests.
        is_restored: it is a copy, and so may have lost something.
    """

    epoch: str
    salt: bytes
    is_restored: bool


class Rows:
    """The content of a file, to be read: a connection that changes nothing.

    Args:
        path: the path of the file.
        connect: ``sqlite3.connect``.
        mode: SQLite's word for the kind of access.

    Raises:
        StoreError: it isn't one of ours.
        sqlite3.OperationalError: it can't be opened now.
    """

    def __init__(
        self, path: str, connect: Connect = sqlite3.connect, mode: str = "ro"
    ) -> None:
        self.path = path
        address = f"{Path(path).absolute().as_uri()}?mode={mode}"
        with plainly(path):
            self.connection = connect(
                address,
                uri=True,
                timeout=PATIENCE,
                isolation_level=None,
                check_same_thread=False,  # opened in one, used in another: never in two
            )
            self.connection.text_factory = lambda text: text.decode(errors="replace")
            try:
                self._begin()
            except BaseException:
                self.connection.close()
                raise

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def meta(self) -> Meta:
        """Return what the file says of itself, checked.

        Raises:
            StoreError: it isn't one of ours.
        """
        meta: dict[object, object] = dict(self._all("SELECT key, value FROM meta"))
        version, epoch, salt = map(meta.get, ("version", "epoch", "salt"))
        if type(version) is int and version > VERSION:
            raise newer(self.path)
        if type(version) is not int or not isinstance(salt, bytes) or not salt:
            raise damaged(self.path, "it does not say what it is")
        if not isinstance(epoch, str) or not (epoch.isascii() and epoch.isalnum()):
            raise damaged(self.path, "it has no epoch")
        return Meta(epoch, salt, "restored" in meta)

    @property
    def used(self) -> int:
        """The bytes of the file that hold something."""
        pages, free, size = (
            self._one(f"PRAGMA {word}")
            for word in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    @property
    def count(self) -> int:
        """How many rows there are; they are counted one by one."""
        return self._one("SELECT count(*) FROM batch")

    @property
    def first_id(self) -> int:
        """The oldest line's id; the next one's if there is none."""
        for row in self.since(0):
            return row.first
        return 1

    @property
    def newest(self) -> Row | None:
        """The newest row; None in an empty file."""
        return next(self.before(MAX_ID), None)

    @property
    def last_id(self) -> int:
        """The newest line's id; 0 in an empty file."""
        newest = self.newest
        return 0 if newest is None else newest.next_id - 1

    def before(self, id: int) -> Iterator[Row]:
        """Yield the rows that begin before ``id``, newest first."""
        return self._rows("seq < ? ORDER BY seq DESC", self._seq_from(id))

    def since(self, seq: int) -> Iterator[Row]:
        """Yield the rows after a row, by its number, oldest first."""
        return self._rows("seq > ? ORDER BY seq", seq)

    def after(self, id: int, last_id: int = MAX_ID) -> Iterator[Row]:
        """Yield the rows with lines after ``id``, oldest first.

        Args:
            id: the id of a line.
            last_id: the last line that may be read.
        """
        for row in self.since(self._seq_from(id + 1) - 2):
            if row.first > last_id:
                break
            if row.count and row.next_id - 1 > id:
                yield row

    def holds(self, row: Row) -> bool:
        """Tell whether that very row is here."""
        return next(self.since(row.seq - 1), None) == row

    def integrity(self) -> list[str]:
        """Return what is wrong with SQLite's own structures, a line each."""
        found = self._all(f"PRAGMA integrity_check({MOST_PROBLEMS})")
        told = [" ".join(str(words).split()) for (words,) in found]
        return [] if told == ["ok"] else told

    def batch(self, row: Row, speakers: Speakers) -> Batch:
        """Return what was said in a row, by nobody that is here.

        Args:
            row: the row.
            speakers: the speakers of all rows that are read together.

        Raises:
            StoreError: it can't be read.
        """
        runs = [entry for entry in self._read(row, speakers) if type(entry) is Run]
        for run in runs:
            run.session_id = NO_SESSION
        return Batch([*runs], row.first, row.at)

    def whole(self, row: Row, speakers: Speakers) -> Batch:
        """Return all that a row says, as it was committed.

        Args:
            row: the row.
            speakers: the speakers of all rows that are read together.

        Raises:
            StoreError: it can't be read.
        """
        return Batch([*self._read(row, speakers)], row.first, row.at)

    def _read(self, row: Row, speakers: Speakers) -> Sequence[Entry]:
        try:
            body = decode(row.body, speakers)
        except NewerBodyError:
            raise newer(self.path) from None
        except BodyError as error:
            raise self._broken(row, str(error)) from None
        if body.count != row.count:
            raise self._broken(row, "it has not as many lines as it says")
        return body.entries

    def newest_dump(self) -> tuple[int, bytes]:
        """Return the last row that the newest dump knows of, and the dump.

        0 and no bytes, if there is none.
        """
        found = self._all("SELECT seq, body FROM state ORDER BY seq DESC LIMIT 1")
        for seq, body in found:
            if type(seq) is not int or not isinstance(body, bytes):
                raise damaged(self.path, "its state is none of ours")
            return seq, body
        return 0, b""

    def _begin(self) -> None:
        if not self._is_laid_out():
            raise damaged(self.path, "it is empty")
        self.meta()

    def _is_laid_out(self) -> bool:
        """Tell whether our tables are there; False if there are none at all.

        Raises:
            DamagedError: there are others.
        """
        tables = {name for (name,) in self._all("SELECT name FROM sqlite_master")}
        if tables and not tables >= {"meta", "batch", "state"}:
            raise damaged(self.path, "it is another program's")
        return bool(tables)

    def _rows(self, which: str, *values: object) -> Iterator[Row]:
        """Yield some rows; the file is read as long as that goes on."""
        query = f"SELECT seq, first, count, at, body FROM batch WHERE {which}"
        with plainly(self.path):
            for found in self.connection.execute(query, values):
                row = Row(*found)
                if not _is_sane(row):
                    raise self._broken(row, "it is none of ours")
                yield row

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with plainly(self.path):
            return self.connection.execute(query, values).fetchall()

    def _one(self, query: str) -> int:
        return int(self._all(query)[0][0])

    def _broken(self, row: Row, why: str) -> DamagedError:
        return damaged(self.path, f"row {row.seq}: {why}")

    def _seq_from(self, id: int) -> int:
        """Return the number of the first row that begins at ``id`` or later.

        It is the next row's if none does.
        """
        ends = "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 FROM batch"
        low, high = self._all(ends)[0]
        while low < high:
            middle = (low + high) // 2
            row = self._all("SELECT first >= ? FROM batch WHERE seq = ?", id, middle)
            if row and row[0][0]:
                high = middle
            else:
                low = middle + 1
        return int(low)


def in_words(error: Exception) -> str:
    """Return why something failed, in SQLite's or the system's own words."""
    if str(error) == _FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return DISK_FULL
    return reason_of(error) or type(error).__name__


def newer(path: str) -> TooNewError:
    """Return the error of a file that a newer version of this program has written."""
    return TooNewError(
        f"{path} was written by a newer version of broadcast; run that, or name"
        " another file"
    )


def damaged(path: str, why: str) -> DamagedError:
    """Return the error of a file that can't be read, or is none of ours."""
    hint = "move the file away, its -wal with it, or name another one"
    return DamagedError(f"{path} can't be used: {why}; {hint}", why)


@contextmanager
def plainly(path: str) -> Iterator[None]:
    """Have SQLite's errors that no retry can mend raised as ours.

    Raises:
        DamagedError: the file is damaged, or none of ours.
    """
    try:
        yield
    except UnicodeDecodeError:  # the name of a column, even
        raise damaged(path, "there is text in it that is not UTF-8") from None
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_OURS:
            raise damaged(path, in_words(error)) from None
        raise


def _is_sane(row: Row) -> bool:
    """Tell whether a row has what one has: SQLite keeps anything in any column."""
    first, count, at, body = row.first, row.count, row.at, row.body
    return (
        type(first) is int
        and type(count) is int
        and type(at) is float
        and isinstance(body, bytes)
        and first > 0
        and count >= 0
        and row.next_id <= MAX_ID
        and _YEARS[0] <= at < _YEARS[1]
    )
