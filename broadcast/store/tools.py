"""The actions of ``bcast-store`` on the file of a store; the words are in ``cli``.

An action that only reads does so a few rows at a time, so that a daemon that writes
meanwhile never waits. An action that changes the file takes its lock: the daemon has to
be stopped.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final

from broadcast.protocol.dialects import Moment, Speaker
from broadcast.protocol.sanitize import is_clean, mend_line
from broadcast.store.base import DamagedError, StoreError
from broadcast.store.codec import Speakers
from broadcast.store.database import (
    IS_READ,
    Database,
    Lock,
    refuse_no_file,
    sync_folder,
)
from broadcast.store.entries import Run
from broadcast.store.figures import DISK_FULL, IO_ERROR
from broadcast.store.recall import recall
from broadcast.store.rows import Row, Rows, in_words

PIECE: Final = 64
"""Rows that are read at a time."""

RESTORE: Final = "restore a backup"
"""The advice about a file with a problem."""

SLICE: Final = 4096
"""Bytes of rows that are deleted at a time, at least."""

UNCHANGING: Final = "ro&immutable=1"
"""SQLite's words for a file that nobody else can change either."""

Render = Callable[[Speaker, bytes, int, Moment], bytes]


@dataclass(slots=True)
class Findings:
    """The findings in a file.

    Attributes:
        epoch: the log's identity.
        problems: the problems, a line each.
        batches: the number of rows.
        lines: the number of lines in them.
        oldest: the oldest row.
        newest: the newest row.
    """

    epoch: str
    problems: list[str]
    batches: int = 0
    lines: int = 0
    oldest: Row | None = None
    newest: Row | None = None


def check(path: str) -> Findings:
    """Look at all that is in a file, SQLite's structures and what we put there.

    Raises:
        StoreError: it is none of ours.
    """
    with _reading(path) as rows:
        found = Findings(
            rows.meta().epoch, [f"{problem}; {RESTORE}" for problem in rows.integrity()]
        )
        try:
            for row in _all(rows):
                _look_at(rows, row, found)
        except StoreError as error:
            found.problems.append(_damage(error))
    return found


def identify(path: str) -> None:
    """Look whether a file is one of ours, without making any beside it.

    Raises:
        StoreError: it isn't, or can't be read.
    """
    mode = "ro" if os.path.exists(f"{path}-wal") else UNCHANGING
    with _in_one_line(path):
        Rows(path, mode=mode).close()


def dump(path: str, render: Render) -> Iterator[bytes]:
    """Yield all lines, oldest first.

    Characters that could act on a terminal are made visible: a relay's lines may be
    anything.

    Args:
        path: the path of the file.
        render: the function that writes a batch, as a dialect does.

    Raises:
        StoreError: it can't be read.
    """
    with _reading(path) as rows:
        speakers = Speakers()
        for row in _all(rows):
            batch = rows.batch(row, speakers)
            for run in batch.entries:
                if isinstance(run, Run):
                    text = _safe(run.text)
                    yield render(run.speaker, text, run.first, batch.when)


def prune(path: str, size: int | None = None, before: float | None = None) -> int:
    """Delete the oldest batches, and make the file smaller.

    The newest batch stays, so that no id is ever given twice.

    Args:
        path: the path of the file.
        size: bytes that may be left; None: any number.
        before: seconds since 1970, up to which all is deleted; None: nothing is.

    Returns:
        The number of lines that went.

    Raises:
        StoreError: a daemon uses it, or it can't be changed.
    """
    with changing(path) as database:
        first = database.first_id
        if (newest := database.newest) is not None:
            database.keep(newest.seq, recall(database).ledger.state.dump())
        if before is not None:
            database.drop_before(before)
        if size is not None:
            # A row takes more than its bytes: half of what is left, each time.
            while (more := database.used - size) > 0:
                if not database.drop_oldest(max(SLICE, more // 2)):
                    break
        gone = database.first_id - first
        database.shrink()
    return gone


def back_up(path: str, copy: str) -> None:
    """Copy a file, also while a daemon writes to it.

    The copy is marked: a store that opens it takes a new epoch.

    Args:
        path: the path of the file.
        copy: the path of the copy, at which nothing may exist.

    Raises:
        StoreError: there is something, or it can't be written.
    """
    if os.path.lexists(copy):
        raise StoreError(f"{copy} is there already; name another file")
    if not os.path.isdir(os.path.dirname(copy) or "."):
        raise StoreError(f"{copy}: no such folder; make it first")
    with _in_one_line(copy), _part_of(copy) as part:
        with _reading(path) as rows, _in_one_line(copy):
            _copy(rows, part)
        os.rename(part, copy)
        sync_folder(copy)


def new_epoch(path: str) -> str:
    """Have all positions in the file count as another log's; return the new epoch.

    Raises:
        StoreError: a daemon uses it, or it can't be changed.
    """
    with changing(path) as database:
        return database.begin_epoch()


def _look_at(rows: Rows, row: Row, found: Findings) -> None:
    """Count a row, and note what is wrong with it."""
    last = found.newest
    follows = last is None or (row.seq, row.first) == (last.seq + 1, last.next_id)
    if not follows and last is not None and rows.holds(last):  # it was not deleted
        found.problems.append(
            f"row {row.seq} does not follow row {last.seq}; {RESTORE}"
        )
    found.oldest = found.oldest or row
    found.newest = row
    found.batches += 1
    found.lines += row.count
    try:
        rows.batch(row, Speakers())
    except StoreError as error:
        found.problems.append(_damage(error))


def _damage(error: StoreError) -> str:
    """Return what to say of a row that can't be read."""
    if isinstance(error, DamagedError):
        return f"{error.why}; {RESTORE}"
    return str(error)


def _all(rows: Rows) -> Iterator[Row]:
    """Yield all rows, oldest first; the file is read for a few of them at a time."""
    last = 0
    while piece := list(islice(rows.since(last), PIECE)):
        yield from piece
        last = piece[-1].seq


def _safe(text: bytes) -> bytes:
    if is_clean(text):
        return text
    return b"".join(mend_line(line) + b"\n" for line in text.split(b"\n")[:-1])


@contextmanager
def _part_of(copy: str) -> Iterator[str]:
    """Make a file that may become a copy; nothing is left of it if it doesn't."""
    part = f"{copy}.part"
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise StoreError(
            f"{part} is there already; wait for the backup that makes it, or delete"
            " what a killed one has left"
        ) from None
    try:
        yield part
    finally:
        for end in ("", "-wal", "-shm"):
            if os.path.exists(f"{part}{end}"):
                os.unlink(f"{part}{end}")


def _copy(rows: Rows, part: str) -> None:
    """Copy a file, all of it in one go: else each commit would make it begin anew."""
    with closing(sqlite3.connect(part)) as target:
        rows.connection.backup(target)
    with closing(Database(part)) as database:
        database.mark_restored()
        database.sync()


@contextmanager
def _reading(path: str) -> Iterator[Rows]:
    with _in_one_line(path):
        try:
            rows = _open(path)
        except DamagedError as error:
            raise StoreError(
                f"{path} is no store, or damaged: {error.why}; name another file, or"
                f" {RESTORE}"
            ) from None
        with closing(rows):
            try:
                yield rows
            except DamagedError as error:
                raise StoreError(f"{path}: {error.why}; {RESTORE}") from None


def _open(path: str) -> Rows:
    """Open a file to be read, also on a file system that can't be written to.

    SQLite makes files beside it for those who write meanwhile: there nobody does.
    """
    os.stat(path)  # says in plainer words than SQLite why that can't be
    refuse_no_file(path)
    try:
        return Rows(path)
    except sqlite3.OperationalError:
        if not _is_read_only(path):
            raise
        journal = f"{path}-wal"
        if os.path.exists(journal) and os.stat(journal).st_size:
            raise StoreError(
                f"{path} has a -wal, and nothing can be written beside it; copy both"
                " to another folder"
            ) from None
        return Rows(path, mode=UNCHANGING)


def _is_read_only(path: str) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


@contextmanager
def changing(path: str) -> Iterator[Database]:
    """Give a file of which no daemon makes use meanwhile."""
    with _reading(path):
        pass  # it is there, and ours: nothing is made
    with _in_one_line(path), _locked(path), closing(Database(path)) as database:
        yield database


@contextmanager
def _locked(path: str) -> Iterator[None]:
    lock = Lock(path)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _in_one_line(path: str) -> Iterator[None]:
    """Have errors of SQLite and the system raised as ours."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {in_words(error)}; {_hint(error)}") from None


def _hint(error: Exception) -> str:
    """Return what to do about an error of SQLite or the system."""
    if isinstance(error, FileNotFoundError):
        return "name a file that exists"
    if in_words(error) == DISK_FULL:
        return "make room on it"
    if in_words(error) == IS_READ:
        return "wait for that one, and try again"
    if in_words(error) == IO_ERROR:
        return "see whether the disk is full, or failing"
    if isinstance(error, PermissionError):
        return "use the daemon's account"
    return "name a file that you may use"
