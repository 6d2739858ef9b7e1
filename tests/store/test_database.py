"""The file of a store that lasts: what is refused, and what is left after a crash."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.store.base import DamagedError, StoreError, TooNewError
from broadcast.store.codec import Body, Speakers, encode
from broadcast.store.database import Database
from broadcast.store.rows import MAX_ID, Row, Rows
from tests.support.stores import failing, run_of


def row_of(first: int, *texts: str, at: float = 1.5, seq: int = 0) -> Row:
    """Return the row of a batch, after those of one line if it has no number."""
    run = run_of(*texts)
    return Row(seq or first, first, run.count, at, encode(Body([run])))


def rows_in(path: Path) -> list[Row]:
    """Return all that is in a file."""
    with closing(Rows(str(path))) as rows:
        return list(rows.after(0))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file that isn't there."""
    return tmp_path / "room.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """Give a new file."""
    with closing(Database(str(path))) as database:
        yield database


def change(path: Path, *statements: str) -> None:
    """Do with a file what another program would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_a_row_is_kept(database: Database, path: Path) -> None:
    """It comes back as it was."""
    rows = [row_of(1, "one", "two"), row_of(3, "three", at=-2.5, seq=2)]
    for row in rows:
        database.insert(row)
        assert database.holds(row)
    assert not database.holds(row_of(3, "another", seq=2))
    assert not database.holds(row_of(4, "three"))
    assert database.last_id == 3
    assert rows_in(path) == rows
    batch = database.batch(rows[0], Speakers())
    assert (batch.first, batch.count, batch.at) == (1, 2, 1.5)


def test_a_row_without_lines_takes_no_id(database: Database) -> None:
    """It has a number of its own, and is found by it; what is asked by ids is right."""
    empty = Row(1, 1, 0, 1.5, encode(Body([])))
    lines = row_of(1, "one", "two", seq=2)
    rows = [empty, lines, *(replace(empty, seq=n, first=3) for n in range(3, 6))]
    for row in rows:
        database.insert(row)
        assert database.holds(row)
    assert (database.first_id, database.last_id) == (1, 2)
    assert database.batch(empty, Speakers()).count == 0
    assert [*database.since(0)] == rows
    assert [[*database.after(id)] for id in range(3)] == [[lines], [lines], []]
    assert [*database.before(1)] == []
    assert [[*database.before(id)] for id in (2, 3)] == [[lines, empty]] * 2
    assert [*database.before(4)] == rows[::-1]


def test_what_is_written_is_synced(database: Database) -> None:
    """SQLite's own settings are the ones that wait for the disk."""
    settings = ("journal_mode", "synchronous", "secure_delete")
    found = [
        database.connection.execute(f"PRAGMA {one}").fetchone()[0] for one in settings
    ]
    assert found == ["wal", 2, 0]


def test_nobody_else_may_read_a_new_file(database: Database, path: Path) -> None:
    """The file and those that SQLite puts beside it are their owner's alone."""
    database.insert(row_of(1, "one"))
    for made in path.parent.iterdir():
        assert stat.S_IMODE(made.stat().st_mode) == 0o600, made


@pytest.mark.parametrize("name", ["a b.db", "a?mode=memory.db", "50%25.db", "#1.db"])
def test_any_name_will_do(name: str, tmp_path: Path) -> None:
    """A path is never taken for a part of an address."""
    with closing(Database(str(tmp_path / name))) as database:
        database.insert(row_of(1, "one"))
    assert (tmp_path / name).stat().st_size
    assert rows_in(tmp_path / name) == [row_of(1, "one")]


def test_the_epoch_stays(database: Database, path: Path) -> None:
    """It is random in each file, and the same at each opening."""
    epoch = database.meta().epoch
    database.close()
    with closing(Database(str(path))) as again:
        assert again.meta().epoch == epoch
    with closing(Database(f"{path}2")) as other:
        assert other.meta().epoch != epoch


def test_it_is_on_the_disk_before_it_is_used(path: Path) -> None:
    """Nothing of a file is told before the write-ahead log is emptied into it."""
    with closing(Database(str(path))) as database:
        database.insert(row_of(1, "one"))
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{path.parent / 'copy.db'}{end}")
    path = path.parent / "copy.db"
    wal = Path(f"{path}-wal")
    assert wal.stat().st_size
    with closing(Database(str(path))) as database:
        assert not wal.stat().st_size
        assert database.last_id == 1
    error = sqlite3.OperationalError("disk I/O error")
    connect = failing(lambda sql: error if "wal_checkpoint" in sql else None)
    with pytest.raises(sqlite3.OperationalError):
        Database(str(path), connect)


def test_it_waits_for_nobody_who_reads(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that reads for long makes opening fail, not serve what is unsafe."""
    monkeypatch.setattr("broadcast.store.rows.PATIENCE", 0.01)
    for n in range(1, 4):
        database.insert(row_of(n, "x"))
    with closing(Rows(str(path))) as reader:
        rows = reader.after(0)
        next(rows)
        database.insert(row_of(4, "x"))
        with pytest.raises(sqlite3.OperationalError, match="another program reads it"):
            Database(str(path))
        rows.close()  # type: ignore[attr-defined]  # a generator
        Database(str(path)).close()


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("UPDATE meta SET value = 2 WHERE key = 'version'", TooNewError, "newer"),
        ("UPDATE meta SET value = 'x' WHERE key = 'version'", DamagedError, "say"),
        ("DELETE FROM meta WHERE key = 'version'", DamagedError, "say what it is"),
        ("DELETE FROM meta WHERE key = 'salt'", DamagedError, "say what it is"),
        ("UPDATE meta SET value = 'a:b' WHERE key = 'epoch'", DamagedError, "epoch"),
        ("DROP TABLE batch", DamagedError, "another program's"),
        ("ALTER TABLE meta RENAME COLUMN value TO v", DamagedError, "no such column"),
    ],
)
def test_what_is_not_ours_is_refused(
    statement: str, error: type[StoreError], why: str, path: Path
) -> None:
    """One line says why and what to do, to whoever reads and whoever writes."""
    Database(str(path)).close()
    change(path, statement)
    for kind in (Rows, Database):
        with pytest.raises(error, match=why) as raised:
            kind(str(path))
        words = str(raised.value)
        assert words.startswith(f"{path} ")
        assert "\n" not in words


def test_another_programs_file_is_left_alone(path: Path) -> None:
    """A database given by mistake is as it was, to the byte."""
    change(path, "CREATE TABLE bookmark(url)", "INSERT INTO bookmark VALUES('x')")
    before = path.read_bytes()
    with pytest.raises(DamagedError, match="another program's"):
        Database(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "values",
    [
        "1, 1, 1.5, 'text'",
        "1, 1, 1.5, NULL",
        "1, 1, 'now', x'00'",
        "1, 1, 1e300, x'00'",
        "1, 'one', 1.5, x'00'",
        "1, -1, 1.5, x'00'",
        "0, 1, 1.5, x'00'",
        f"{MAX_ID}, 1, 1.5, x'00'",
        f"1, {MAX_ID}, 1.5, x'00'",
    ],
)
def test_a_row_that_can_not_be_is_damage(values: str, path: Path) -> None:
    """SQLite keeps anything in any column: nothing of it is believed."""
    Database(str(path)).close()
    change(path, f"INSERT INTO batch VALUES(1, {values})")
    with pytest.raises(DamagedError, match="none of ours"):
        rows_in(path)


def test_a_body_that_can_not_be_is_damage(database: Database) -> None:
    """A row that says less or more than it has, or is a newer one, is told apart."""
    good = row_of(1, "one")
    for row, error in (
        (Row(1, 1, 2, 1.5, good.body), DamagedError),
        (Row(1, 1, 1, 1.5, good.body[:-1]), DamagedError),
        (Row(1, 1, 1, 1.5, good.body.replace(b'"v":1', b'"v":2')), TooNewError),
    ):
        with pytest.raises(error):
            database.batch(row, Speakers())


def test_a_second_row_of_the_same_id_is_damage(database: Database) -> None:
    """Nobody else may have written meanwhile: no line replaces another."""
    database.insert(row_of(1, "one"))
    with pytest.raises(DamagedError):
        database.insert(row_of(1, "another"))


def test_the_oldest_are_dropped_in_slices(database: Database) -> None:
    """Whole rows, oldest first, until so many bytes are gone; the newest stays."""
    rows = [row_of(n, "x" * 1000) for n in range(1, 11)]
    for row in rows:
        database.insert(row)
    assert database.drop_oldest(2 * len(rows[0].body))
    assert [row.first for row in database.after(0)] == list(range(3, 11))
    assert database.drop_oldest(1)
    assert [row.first for row in database.after(0)] == list(range(4, 11))
    assert database.drop_oldest(1 << 30)
    assert list(database.after(0)) == rows[-1:]
    assert not database.drop_oldest(1 << 30)
    assert database.last_id == 10


def test_what_is_dropped_by_age_is_the_oldest(database: Database) -> None:
    """Up to the first row that is young enough: no gap is made among those kept."""
    for n, at in enumerate((10.0, 20.0, 30.0, 5.0, 40.0), 1):
        database.insert(row_of(n, "x", at=at))
    assert database.drop_before(25.0)
    assert [row.first for row in database.after(0)] == [3, 4, 5]
    assert database.drop_before(1000.0)
    assert [row.first for row in database.after(0)] == [5]
    assert not database.drop_before(1000.0)


def test_an_empty_file_has_nothing_to_drop(database: Database) -> None:
    """Nothing happens."""
    assert not database.drop_oldest(1000)
    assert not database.drop_before(1000.0)
    assert database.last_id == 0


def test_a_file_shrinks(database: Database, path: Path) -> None:
    """What was deleted is in the file no more, and its room is given back."""
    for n in range(1, 101):
        database.insert(row_of(n, f"secret-{n} {'x' * 5000}"))
    database.sync()
    large = path.stat().st_size
    database.drop_oldest(1 << 30)
    database.shrink()
    assert path.stat().st_size < large / 10
    data = path.read_bytes() + Path(f"{path}-wal").read_bytes()
    assert b"secret-99 " not in data
    assert b"secret-100 " in data


def test_a_torn_file_is_a_beginning_of_what_was_written(
    database: Database, path: Path, tmp_path: Path
) -> None:
    """Wherever a crash has cut the write-ahead log, with rubbish behind it or not.

    Every acknowledged row up to some point is there, none after it, and each whole.
    """
    database.sync()
    rows = [row_of(n, f"line {n} {'x' * 40 * n}") for n in range(1, 41)]
    for row in rows:
        database.insert(row)
    journal = Path(f"{path}-wal").read_bytes()
    torn = tmp_path / "torn.db"
    counts: set[int] = set()
    for cut in (*range(0, len(journal), 997), len(journal)):
        for rubbish in (b"", b"\xa5" * 3000):
            shutil.copy(path, torn)
            Path(f"{torn}-wal").write_bytes(journal[:cut] + rubbish)
            with closing(Database(str(torn))) as opened:
                found = list(opened.after(0))
                checked = opened.connection.execute("PRAGMA integrity_check")
                assert checked.fetchall() == [("ok",)]
            assert found == rows[: len(found)]
            counts.add(len(found))
    assert {0, len(rows)} < counts
    assert len(counts) > len(rows) / 2


def test_a_file_whose_making_was_cut_off_is_made(path: Path) -> None:
    """An empty file, as a crash may leave it, is as good as none."""
    path.touch()
    with closing(Database(str(path))) as database:
        database.insert(row_of(1, "one"))
    assert rows_in(path) == [row_of(1, "one")]


def test_a_file_that_can_not_have_a_log_is_refused(path: Path) -> None:
    """Where SQLite can't share memory, as over a network, its log is of no use."""
    Database(str(path)).close()
    change(path, "PRAGMA journal_mode = DELETE")
    with pytest.raises(StoreError, match="local disk"):
        Database(
            str(path),
            lambda address, **more: sqlite3.connect(f"{address}&vfs=unix-none", **more),
        )
