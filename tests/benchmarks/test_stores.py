"""The comparison of the stores: it measures what it says that it does."""

import re
from pathlib import Path

import pytest

from benchmarks.stores import LINE, SIZES, compare, fill, measure_opening
from broadcast.store.rows import Rows


def test_it_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each number of lines, with a rate for each of the three."""
    compare(tmp_path, rounds=1, seconds=0.02)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["lines", "memory", "sqlite", "disk", "sqlite/disk"]
    assert [int(row.split()[0]) for row in rows] == list(SIZES)
    for row in rows:
        assert all(float(word.replace(",", "")) > 0 for word in row.split())
    assert not list(tmp_path.iterdir())


def test_it_opens_what_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that the ring can hold is handed in; the size is that on the disk."""
    measure_opening(tmp_path / "room.db", 3200)
    out = capsys.readouterr().out
    time = r"\d+[.]\d+ [(]\d+[.]\d+[)]"
    times = rf"{time}, {time}, {time} s"
    assert re.match(rf"3,200 lines: ready after {times},\n3,200 of", out)
    assert re.search(rf"the newest 3,200 lines read in {times};\n", out)
    assert re.search(rf"back to line 1 in 4 pages, 3,200 lines, in {time} s\n$", out)
    size = (tmp_path / "room.db").stat().st_size
    text = 3200 * (len(b"alice: ") + len(LINE) + 1)
    assert f" {size / text:.2f} bytes on disk" in out


def test_a_file_that_was_made_is_one(tmp_path: Path) -> None:
    """It has that many lines, in rows of sixteen."""
    fill(tmp_path / "room.db", 160_032)
    rows = Rows(str(tmp_path / "room.db"))
    assert (rows.count, rows.last_id) == (10_002, 160_032)
    rows.close()
