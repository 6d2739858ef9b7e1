"""The writing of a store that lasts: full disks, failed syncs, files that go away."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from broadcast.store.base import DamagedError, StoreError
from broadcast.store.codec import Body, encode
from broadcast.store.database import Database
from broadcast.store.journal import GivenUpError, Journal, Retry
from broadcast.store.rows import Row, Rows, in_words
from broadcast.store.state import State
from tests.support.stores import Fault, Kept, failing, no_fault, run_of

FULL = sqlite3.OperationalError("database or disk is full")
EIO = sqlite3.OperationalError("disk I/O error")


def row_of(first: int, text: str = "x") -> Row:
    """Return the row of one line."""
    return Row(first, first, 1, 0.5, encode(Body([run_of(text)])))


class Faults:
    """A connection whose next statements fail.

    Attributes:
        pending: parts of statements that fail, each with its error, in that order.
        seen: the statements, in order.
    """

    def __init__(self) -> None:
        self.pending: list[tuple[str, Exception]] = []
        self.seen: list[str] = []

    def __call__(self, sql: str) -> Exception | None:
        """Return what this statement raises."""
        self.seen.append(sql)
        if self.pending and self.pending[0][0] in sql:
            return self.pending.pop(0)[1]
        return None


class Trial:
    """A journal that is told of, and the file that it writes.

    Args:
        path: where the file is.
        before: fails statements in place of doing them.
        after: fails statements that were done.
    """

    def __init__(self, path: Path, before: Fault, after: Fault) -> None:
        self.path = path
        self.told: list[str] = []
        self.journal = Journal(
            str(path),
            1 << 30,
            lambda why: self.told.append(f"stalled {why}"),
            lambda: self.told.append("flowing"),
            Retry(0.001, 0.004),
            failing(before, after),
        )
        self.journal.open(0)

    @property
    def rows(self) -> list[Row]:
        """What is in the file."""
        with closing(Rows(str(self.path))) as rows:
            return list(rows.after(0))


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Callable[..., Trial]]:
    """Begin to write; the file is closed at the end."""
    with ExitStack() as stack:

        def begin(before: Fault = no_fault, after: Fault = no_fault) -> Trial:
            made = Trial(tmp_path / "room.db", before, after)
            stack.callback(made.journal.close)
            return made

        yield begin


@pytest.mark.parametrize("error", [FULL, EIO, OSError(5, "Input/output error")])
def test_what_can_not_be_written_is_written_later(
    error: Exception, trial: Callable[..., Trial]
) -> None:
    """It is told once, with why, however often it fails, and once when it is over."""
    faults = Faults()
    tried = trial(before=faults)
    tried.journal.write(row_of(1))
    faults.pending = [("INSERT", error)] * 5
    tried.journal.write(row_of(2))
    tried.journal.write(row_of(3))
    why = in_words(error)
    assert tried.told == [f"stalled {why}", "flowing"]
    assert tried.journal.failures == {why: 5}
    assert tried.rows == [row_of(1), row_of(2), row_of(3)]


def test_a_row_that_is_there_is_not_written_twice(trial: Callable[..., Trial]) -> None:
    """A sync that fails may leave the row behind: it is looked for, and found."""
    faults = Faults()
    tried = trial(after=faults)
    faults.pending = [("INSERT", EIO)]
    tried.journal.write(row_of(1))
    assert tried.told == ["stalled disk I/O error", "flowing"]
    assert tried.rows == [row_of(1)]
    assert sum("INSERT INTO batch" in sql for sql in faults.seen) == 1


def test_after_a_failure_the_file_is_synced_first(trial: Callable[..., Trial]) -> None:
    """A row is looked for, and written, only in a file that is wholly on the disk."""
    faults = Faults()
    tried = trial(before=faults)
    faults.pending = [
        ("INSERT", EIO),
        ("wal_checkpoint", EIO),
        ("wal_checkpoint", FULL),
    ]
    faults.seen.clear()
    tried.journal.write(row_of(1))
    steps = [
        word
        for sql in faults.seen
        for word in ("wal_checkpoint", "SELECT seq, first", "INSERT")
        if word in sql
    ]
    syncs = ["wal_checkpoint"] * 3
    assert steps == ["INSERT", *syncs, "SELECT seq, first", "INSERT"]
    assert tried.journal.failures == {"disk I/O error": 2, "the disk is full": 1}
    assert tried.rows == [row_of(1)]


def test_waits_grow_up_to_a_bound(
    trial: Callable[..., Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as long after each try, from the first to the longest."""
    waits: list[float] = []
    monkeypatch.setattr(threading.Event, "wait", lambda _, delay: waits.append(delay))
    faults = Faults()
    tried = trial(before=faults)
    faults.pending = [("INSERT", FULL)] * 5
    tried.journal.write(row_of(1))
    assert waits == [0.001, 0.002, 0.004, 0.004, 0.004]


def test_given_up(trial: Callable[..., Trial]) -> None:
    """What still can't be written when all ends is tried once more, then left."""
    faults = Faults()
    tried = trial(before=faults)
    tried.journal.give_up()
    tried.journal.write(row_of(1))
    faults.pending = [("INSERT", FULL)] * 5
    with pytest.raises(GivenUpError):
        tried.journal.write(row_of(2))
    assert len(faults.pending) == 4
    assert tried.rows == [row_of(1)]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_has_gone_away(
    is_replaced: bool, trial: Callable[..., Trial], tmp_path: Path
) -> None:
    """Nothing is written where nobody would find it, and nothing is made anew."""
    tried = trial()
    tried.journal.write(row_of(1))
    tried.path.rename(tmp_path / "away.db")
    if is_replaced:
        tried.path.write_bytes(b"")
    with pytest.raises(StoreError, match="was moved or deleted while in use"):
        tried.journal.write(row_of(2))
    assert tried.path.exists() == is_replaced
    assert not is_replaced or not tried.path.stat().st_size


def test_a_row_of_somebody_elses_is_no_retry(trial: Callable[..., Trial]) -> None:
    """Where another program has written the next row, no line takes its place."""
    tried = trial()
    with closing(sqlite3.connect(tried.path)) as other, other:
        other.execute("INSERT INTO batch VALUES(1, 1, 1, 0.5, x'00')")
    with pytest.raises(DamagedError):
        tried.journal.write(row_of(1))


@pytest.mark.parametrize("error", [FULL, EIO, sqlite3.DatabaseError("malformed")])
def test_a_slice_that_can_not_be_deleted(
    error: Exception, tmp_path: Path, trial: Callable[..., Trial]
) -> None:
    """What was committed is committed; the file is opened anew for the next."""
    faults = Faults()
    tried = trial(before=faults)
    tried.journal.size = 1
    for n in range(1, 4):
        tried.journal.write(row_of(n))
        tried.journal.keep(n, State().dump)
        faults.pending = [("DELETE", error)] if n == 1 else []
        tried.journal.trim()
    assert tried.journal.failures == {in_words(error): 1}
    assert tried.rows == [row_of(3)]
    assert tried.told == []


def test_what_no_dump_knows_of_is_not_deleted(
    tmp_path: Path, trial: Callable[..., Trial]
) -> None:
    """The state is asked for, and then what it knows of may go."""
    tried = trial()
    tried.journal.size = 1
    for n in range(1, 4):
        tried.journal.write(row_of(n))
        tried.journal.trim()
    assert len(tried.rows) == 3
    wants = [tried.journal.wants_state]
    tried.journal.keep(2, State().dump)
    wants.append(tried.journal.wants_state)
    assert wants == [True, False]
    tried.journal.trim()
    assert tried.rows == [row_of(3)]


@pytest.mark.parametrize("error", [FULL, OSError(5, "Input/output error")])
def test_a_dump_that_can_not_be_kept(
    error: Exception, tmp_path: Path, trial: Callable[..., Trial]
) -> None:
    """It is asked for again; what was committed is committed."""
    faults = Faults()
    tried = trial(before=faults)
    tried.journal.size = 1
    tried.journal.write(row_of(1))
    tried.journal.write(row_of(2))
    tried.journal.trim()
    faults.pending = [("INTO state", error)]
    tried.journal.keep(2, State().dump)
    wants = [tried.journal.wants_state]
    tried.journal.keep(2, State().dump)  # there is no connection: at the next commit
    tried.journal.write(row_of(3))
    tried.journal.keep(3, State().dump)
    wants.append(tried.journal.wants_state)
    assert wants == [True, False]
    assert tried.journal.failures == {in_words(error): 1}


def test_members_wait_while_the_disk_is_full(tmp_path: Path) -> None:
    """Nothing is acknowledged meanwhile, and then all of it, in order; none is lost."""
    faults = Faults()
    kept = Kept(tmp_path / "room.db", connect=failing(faults)).start()
    kept.say("one")
    faults.pending = [("INSERT", FULL)] * 3
    done = kept.begin(run_of("two"))
    kept.loop.wait_until(lambda: bool(kept.room.told))
    assert (done, kept.room.told) == ([], ["stalled the disk is full"])
    kept.loop.wait_until(lambda: bool(done))
    assert kept.room.told == ["stalled the disk is full", "flowing"]
    assert kept.store.figures.failures == {"the disk is full": 3}
    kept.say("three")
    kept.stop()
    again = Kept(tmp_path / "room.db").start()
    again.stop()
    assert again.lines == [(1, "al: one"), (2, "al: two"), (3, "al: three")]


def test_a_full_disk_does_not_hold_the_end_up(tmp_path: Path) -> None:
    """What can't be written is not acknowledged, and nobody is told that it was."""
    faults = Faults()
    kept = Kept(tmp_path / "room.db", connect=failing(faults), retry=Retry(60, 60))
    kept.start()
    faults.pending = [("INSERT", FULL)] * 100
    done = kept.begin(run_of("one"))
    kept.loop.wait_until(lambda: bool(kept.room.told))
    kept.stop()
    assert (done, kept.room.told) == ([], ["stalled the disk is full"])
    again = Kept(tmp_path / "room.db").start()
    again.stop()
    assert again.lines == []


def test_a_file_that_has_gone_away_cuts_all_off(tmp_path: Path) -> None:
    """The room is told in one line, and nothing is acknowledged."""
    kept = Kept(tmp_path / "room.db").start()
    (tmp_path / "room.db").unlink()
    done = kept.begin(run_of("one"))
    kept.loop.wait_until(lambda: bool(kept.room.told))
    kept.stop()
    assert done == []
    (told,) = kept.room.told
    assert told.startswith(f"cut off {tmp_path / 'room.db'} was moved or deleted")
    assert "\n" not in told


def test_a_copy_takes_a_new_epoch(tmp_path: Path) -> None:
    """It may have lost something: positions in the one are none in the other."""
    file = tmp_path / "room.db"
    kept = Kept(file).start()
    kept.stop()
    with closing(Database(str(file))) as database:
        database.mark_restored()
    epochs: list[str] = []
    for _ in range(2):
        again = Kept(file).start()
        again.stop()
        epochs.append(again.store.epoch)
    assert epochs[0] == epochs[1] != kept.store.epoch


def test_a_new_epoch_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where it can't be written, the mark is still there."""
    file = str(tmp_path / "room.db")
    with closing(Database(file)) as database:
        database.mark_restored()
        meta = database.meta()
    connect = failing(lambda sql: FULL if sql.startswith("DELETE") else None)
    with pytest.raises(StoreError, match="the disk is full"):
        Kept(file, connect=connect).start()
    with closing(Rows(file)) as rows:
        assert rows.meta() == meta
