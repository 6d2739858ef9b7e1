"""What is in the file of a store that lasts: SQLite, one row a batch. All of it blocks.

``meta`` has the epoch, the version of the layout, the salt of the owners and, in a
copy, a mark that it is one. ``batch`` has what was said: the first line's id, how many
lines, when, and the body (``codec``). The row after one without lines has the next id
all the same, so that each has a key of its own.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broadcast.base.values import reason_of
from broadcast.store.base import DamagedError, Said, TooNewError
from broadcast.store.codec import BodyError, NewerBodyError, Speakers, decode
from broadcast.store.entries import Batch

VERSION: Final = 1
"""The version of the layout."""

MAX_ID: Final = 1 << 53
"""What an id stays below, so that any json reader has it whole."""

PATIENCE: Final = 5.0
"""Seconds to wait for another program that has locked the file."""

MOST_PROBLEMS: Final = 20
"""Faults of SQLite's structures that are listed."""

_FULL: Final = "database or disk is full"  # SQLITE_FULL

_YEARS: Final = (-62135596800.0, 253402300800.0)
"""The years 1 to 9999, in seconds since 1970: what a batch's time can be told as."""

_NOT_OURS: Final = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,  # a table or a column of ours isn't there
        sqlite3.SQLITE_CONSTRAINT,  # somebody else has written the next row
    )
)

Connect = Callable[..., sqlite3.Connection]


@dataclass(frozen=True, slots=True)
class Row:
    """A batch as it is kept."""

    first: int
    count: int
    at: float
    body: bytes

    @property
    def next_id(self) -> int:
        """The first id of the row after it."""
        return self.first + max(self.count, 1)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a file says of itself.

    Attributes:
        epoch: the log's identity.
        salt: what the owners are told apart with.
        is_restored: it is a copy, and so may have lost something.
    """

    epoch: str
    salt: bytes
    is_restored: bool


class Rows:
    """What is in a file, to be read: a connection that changes nothing.

    Args:
        path: where the file is.
        connect: ``sqlite3.connect``.
        mode: SQLite's word for what is to be done.

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
        """The oldest row's id; the next one's if there is none."""
        return self._one("SELECT coalesce(min(first), 1) FROM batch")

    @property
    def last_id(self) -> int:
        """The last id that is taken; 0 in an empty file."""
        for row in self.before(MAX_ID):
            return row.next_id - 1
        return 0

    def before(self, id: int) -> Iterator[Row]:
        """Yield the rows that begin before ``id``, newest first."""
        return self._rows("first < ? ORDER BY first DESC", id)

    def after(self, id: int, last_id: int = MAX_ID) -> Iterator[Row]:
        """Yield the rows with lines after ``id``, oldest first.

        Args:
            last_id: the last line that may be told of.
        """
        start = "coalesce((SELECT max(first) FROM batch WHERE first <= ?), 0)"
        which = f"first >= {start} AND first <= ? ORDER BY first"
        for row in self._rows(which, id, last_id):
            if row.next_id - 1 > id:
                yield row

    def holds(self, row: Row) -> bool:
        """Tell whether that very row is here."""
        return next(self.before(row.first + 1), None) == row

    def integrity(self) -> list[str]:
        """Return what is wrong with SQLite's own structures, a line each."""
        found = self._all(f"PRAGMA integrity_check({MOST_PROBLEMS})")
        told = [" ".join(str(words).split()) for (words,) in found]
        return [] if told == ["ok"] else told

    def batch(self, row: Row, speakers: Speakers) -> tuple[Batch, list[Said]]:
        """Return what a row says, and its tokens.

        Args:
            speakers: those of all that is read together.

        Raises:
            StoreError: it can't be read.
        """
        try:
            body = decode(row.body, speakers)
        except NewerBodyError:
            raise newer(self.path) from None
        except BodyError as error:
            raise self._broken(row, str(error)) from None
        if body.count != row.count:
            raise self._broken(row, "it has not as many lines as it says")
        return Batch(body.entries, row.first, row.at), body.said

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
        if tables and not tables >= {"meta", "batch"}:
            raise damaged(self.path, "it is another program's")
        return bool(tables)

    def _rows(self, which: str, *values: object) -> Iterator[Row]:
        """Yield some rows; the file is read as long as that goes on."""
        query = f"SELECT first, count, at, body FROM batch WHERE {which}"
        with plainly(self.path):
            for first, count, at, body in self.connection.execute(query, values):
                row = Row(first, count, at, body)
                if not _is_sane(row):
                    raise self._broken(row, "it is none of ours")
                yield row

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        with plainly(self.path):
            return self.connection.execute(query).fetchall()

    def _one(self, query: str) -> int:
        return int(self._all(query)[0][0])

    def _broken(self, row: Row, why: str) -> DamagedError:
        return damaged(self.path, f"row {row.first}: {why}")


def in_words(error: Exception) -> str:
    """Return why something failed, in SQLite's or the system's own words."""
    if str(error) == _FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return "the disk is full"
    return reason_of(error) or type(error).__name__


def newer(path: str) -> TooNewError:
    """Return the error of a file that a newer version of this program has written."""
    return TooNewError(
        f"{path} was written by a newer version of broadcast; run that, or name"
        " another file"
    )


def damaged(path: str, why: str) -> DamagedError:
    """Return the error of a file that can't be read, or is none of ours."""
    return DamagedError(
        f"{path} can't be used: {why}; move the file away, its -wal with it, or name"
        " another one"
    )


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
