"""The file of a store that lasts, to be written to. All of it blocks."""

import fcntl
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from broadcast.store.base import InUseError, StoreError
from broadcast.store.rows import MAX_ID, VERSION, Connect, Row, Rows, plainly

JOURNAL_SIZE: Final = 8 << 20
"""Bytes that the write-ahead log keeps; a backup may have made it grow."""

IS_READ: Final = "another program reads it"
"""Why not all of the file can be on the disk just now."""

_LAYOUT: Final = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value)",
    "CREATE TABLE batch(seq INTEGER PRIMARY KEY,"
    " first INTEGER, count INTEGER, at REAL, body BLOB)",
    "CREATE TABLE state(seq INTEGER PRIMARY KEY, body BLOB)",
)


class Lock:
    """Keeps a second daemon out of a file, as long as it is held.

    It is flock(2) on ``PATH.lock``, which stays: were it removed, two could hold
    files of that name. It can't be on the file itself, since SQLite's own locks go as
    soon as anybody in this process closes that.

    Args:
        path: of the file.

    Raises:
        InUseError: another program holds it.
        OSError: there can be no such file.
    """

    def __init__(self, path: str) -> None:
        name = f"{os.path.realpath(path)}.lock"
        self._file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise InUseError(
                f"{path} is in use by a running daemon; stop it first, or name another"
                " file"
            ) from None

    def release(self) -> None:
        """Let others have the file."""
        os.close(self._file)


class Database(Rows):
    """A file that is written to, made if it isn't there.

    All that can be read is on the disk once it is open: a sync that has failed may
    leave rows behind that can be read, and would be gone after a power cut.

    Args:
        path: where the file is.
        connect: ``sqlite3.connect``.

    Raises:
        StoreError: it isn't one of ours.
        OSError, sqlite3.OperationalError: it can't be opened now.
    """

    def __init__(self, path: str, connect: Connect = sqlite3.connect) -> None:
        make(path)
        super().__init__(path, connect, "rw")

    def insert(self, row: Row) -> None:
        """Write a row, and have it on the disk."""
        self._do(
            "INSERT INTO batch VALUES(?, ?, ?, ?, ?)",
            row.seq,
            row.first,
            row.count,
            row.at,
            row.body,
        )

    def keep(self, seq: int, dumped: bytes) -> None:
        """Keep a dump of the state, instead of the one before, on the disk.

        Args:
            seq: the last row that it knows of.
            dumped: its bytes.
        """
        with self._transaction():
            self._do("INSERT OR REPLACE INTO state VALUES(?, ?)", seq, dumped)
            self._do("DELETE FROM state WHERE seq <> ?", seq)

    def drop_oldest(self, size: int, until: int = MAX_ID) -> bool:
        """Delete the oldest rows: so many that their bodies have ``size`` bytes.

        The newest row stays, so that no id is ever given twice.

        Args:
            size: bytes.
            until: the last row that may go; later decisions have to stay.

        Returns:
            There was one to delete.
        """
        stop = min(self._first_after(size), until + 1)
        return self._do("DELETE FROM batch WHERE seq < ?", stop) > 0

    def drop_before(self, at: float) -> bool:
        """Delete the oldest rows, up to the first that was said ``at`` or later.

        The newest row stays.

        Returns:
            There was one to delete.
        """
        later = (row.seq for row in self.since(0) if row.at >= at)
        stop = next(later, self._newest)
        return self._do("DELETE FROM batch WHERE seq < ?", stop) > 0

    def rewrite(self, rows: Iterable[Row]) -> None:
        """Keep other bodies of rows, all or none; nothing is left of those before.

        SQLite overwrites from here on what it frees. Pages that it freed before, as it
        moved rows to others, may have copies still: so the file is written anew, too.
        """
        self._all("PRAGMA secure_delete = ON")
        with self._transaction():
            for row in rows:
                self._do("UPDATE batch SET body = ? WHERE seq = ?", row.body, row.seq)
        self.sync()
        self.shrink()

    def shrink(self) -> None:
        """Write the file anew, without what was deleted."""
        self._do("VACUUM")
        self.sync()

    def begin_epoch(self) -> str:
        """Take a new epoch, since the log has lost something; return it."""
        epoch = secrets.token_hex(8)
        with self._transaction():
            self._do("UPDATE meta SET value = ? WHERE key = 'epoch'", epoch)
            self._do("DELETE FROM meta WHERE key = 'restored'")
        return epoch

    def mark_restored(self) -> None:
        """Have the next daemon that opens the file take a new epoch."""
        self._do("INSERT OR REPLACE INTO meta VALUES('restored', 1)")

    def sync(self) -> None:
        """Have all that can be read on the disk.

        Raises:
            sqlite3.OperationalError: that can't be done, or somebody reads meanwhile.
        """
        if self._one("PRAGMA wal_checkpoint(TRUNCATE)"):
            raise sqlite3.OperationalError(IS_READ)

    def _begin(self) -> None:
        is_laid_out = self._is_laid_out()  # before anything in it is changed
        if self._all("PRAGMA journal_mode = WAL") != [("wal",)]:
            raise StoreError(
                f"{self.path} has to be on a local disk; name another file"
            )
        for pragma in (
            "synchronous = FULL",
            "secure_delete = OFF",
            f"journal_size_limit = {JOURNAL_SIZE}",
        ):
            self._all(f"PRAGMA {pragma}")
        if not is_laid_out:
            self._lay_out()
        self.meta()
        self.sync()

    def _lay_out(self) -> None:
        with self._transaction():
            for statement in _LAYOUT:
                self._do(statement)
            for key, value in (
                ("version", VERSION),
                ("epoch", secrets.token_hex(8)),
                ("salt", secrets.token_bytes(16)),
            ):
                self._do("INSERT INTO meta VALUES(?, ?)", key, value)

    def _first_after(self, size: int) -> int:
        """Return the first row after so many bytes of the oldest, or the newest."""
        with plainly(self.path):
            for seq, length in self.connection.execute(
                "SELECT seq, length(body) FROM batch ORDER BY seq"
            ):
                if size <= 0:
                    return int(seq)
                size -= max(length, 1)
        return self._newest

    @property
    def _newest(self) -> int:
        """The number of the newest row."""
        return self._one("SELECT coalesce(max(seq), 0) FROM batch")

    def _do(self, statement: str, *values: object) -> int:
        """Execute a statement; return how many rows it has changed."""
        with plainly(self.path):
            return self.connection.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._do("BEGIN IMMEDIATE")
        try:
            yield
            self._do("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise


def make(path: str) -> None:
    """Make an empty file that nobody else may read, unless one is there.

    Raises:
        StoreError: there is something else.
        OSError: it can't be made.
    """
    refuse_no_file(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    sync_folder(path)


def refuse_no_file(path: str) -> None:
    """Refuse what is no regular file: to open a named pipe may block.

    Raises:
        StoreError: there is something else at the path.
    """
    with suppress(OSError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise StoreError(f"{path} is no file; name another one")


def sync_folder(path: str) -> None:
    """Have the name of a file on the disk."""
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
