"""Pages of what is older than the ring, against a plain list of lines."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.store.base import DamagedError, Page, StoreError
from broadcast.store.codec import Body, encode
from broadcast.store.database import Database
from broadcast.store.history import History
from broadcast.store.rows import Row
from tests.support.stores import lines_of, run_of

ALL = 1 << 30


def rows_of(counts: list[int]) -> list[Row]:
    """Return rows of so many lines each; each line is its id."""
    rows: list[Row] = []
    next_id = 1
    for count in counts:
        runs = [run_of(str(next_id + n)) for n in range(count)]
        row = Row(len(rows) + 1, next_id, count, 0.5, encode(Body(runs)))
        rows.append(row)
        next_id = row.next_id
    return rows


def written(path: Path, rows: list[Row]) -> Path:
    """Return a file with such rows."""
    with closing(Database(str(path))) as database:
        database.connection.execute("BEGIN")  # one sync for all
        for row in rows:
            database.insert(row)
        database.connection.execute("COMMIT")
    return path


def ids_of(page: Page) -> list[int]:
    """Return the ids of a page's lines, after they were seen to be those lines."""
    lines = [line for batch in page.batches for line in lines_of(batch)]
    lines = lines[page.skip : page.skip + page.count]
    assert [text for _, text in lines] == [f"al: {id}" for id, _ in lines]
    ids = [id for id, _ in lines]
    assert (page.first_id, page.last_id) == ((ids[0], ids[-1]) if ids else (0, 0))
    return ids


@given(
    counts=st.lists(st.integers(0, 5), max_size=12),
    dropped=st.integers(0, 3),
    id=st.integers(0, 45),
    lines=st.integers(1, 20),
    acknowledged=st.integers(0, 4),
)
@settings(deadline=None, max_examples=60)
def test_pages_are_what_a_list_would_give(
    counts: list[int], dropped: int, id: int, lines: int, acknowledged: int
) -> None:
    """In both directions, from any id, with rows dropped and rows not yet told of."""
    rows = rows_of(counts)
    told = rows[: len(rows) - acknowledged]
    last_id = told[-1].next_id - 1 if told else 0
    kept = [
        n for row in told[dropped:] for n in range(row.first, row.first + row.count)
    ]
    folder = Path(tempfile.mkdtemp())
    try:
        path = written(folder / "room.db", rows[dropped:])
        with closing(History(str(path))) as history:
            before = history.before(id, lines, ALL, last_id)
            after = history.after(id, lines, ALL, last_id)
    finally:
        shutil.rmtree(folder)
    older, newer = [n for n in kept if n < id], [n for n in kept if n > id]
    assert ids_of(before) == older[-lines:]
    assert before.more == (len(older) > lines)
    assert ids_of(after) == newer[:lines]
    assert after.more == (len(newer) > lines)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a file of ten rows of two lines each."""
    path = written(tmp_path / "room.db", rows_of([2] * 10))
    with closing(History(str(path))) as history:
        yield history


def test_a_page_is_bounded_by_bytes(history: History) -> None:
    """No further batch is read after so many bytes; one is, whatever its size."""
    size = len(rows_of([2] * 10)[-1].body)
    assert ids_of(history.before(21, 100, 1, 20)) == [19, 20]
    assert ids_of(history.before(21, 100, size + 1, 20)) == [17, 18, 19, 20]
    assert ids_of(history.after(0, 100, 1, 20)) == [1, 2]
    page = history.after(1, 100, size + 1, 20)
    assert (ids_of(page), page.more) == ([2, 3, 4], True)


def test_all_is_read_page_by_page(history: History) -> None:
    """Going on from where a page ends gives each line once, in both directions."""
    found: list[int] = []
    at = 0
    while (page := history.after(at, 3, ALL, 20)).count:
        found += ids_of(page)
        at = page.last_id
    assert found == list(range(1, 21))
    found, at = [], 21
    while (page := history.before(at, 3, ALL, 20)).count:
        found[:0] = ids_of(page)
        at = page.first_id
    assert found == list(range(1, 21))


def test_a_file_that_can_not_be_read_is_tried_again(
    tmp_path: Path, history: History
) -> None:
    """One read fails, in one line; the next one opens the file anew."""
    path = tmp_path / "room.db"
    path.rename(tmp_path / "away.db")
    with pytest.raises(StoreError, match="unable to open") as raised:
        history.before(5, 5, ALL, 20)
    assert "\n" not in str(raised.value)
    (tmp_path / "away.db").rename(path)
    assert ids_of(history.before(5, 2, ALL, 20)) == [3, 4]


def test_damage_is_told(tmp_path: Path) -> None:
    """A row that is no batch fails the read of it."""
    row = rows_of([2])[0]
    path = written(tmp_path / "room.db", [Row(1, 1, 2, 0.5, row.body[:-1])])
    with closing(History(str(path))) as history, pytest.raises(DamagedError):
        history.after(0, 5, ALL, 2)
