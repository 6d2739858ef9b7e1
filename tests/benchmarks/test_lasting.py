"""A daemon with --store beside one in memory: the comparison tells all it says."""

from pathlib import Path

import pytest

from benchmarks import lasting


def test_it_compares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ratio with its interval for each of the four, and nothing is left behind."""
    monkeypatch.setattr(lasting, "PACES", ((0.001, 10, 2), (0.02, 2, 2)))
    lasting.compare(tmp_path, pairs=1, deliveries=10_000)
    head, *rows = capsys.readouterr().out.splitlines()
    assert "1 pairs" in head
    assert [row.split(",")[0] for row in rows] == [
        "deliveries/s",
        "CPU of a line",
        "p50 added",
        "p50 added",
    ]
    assert all("[" in row and "medians" in row for row in rows)
    assert not list(tmp_path.iterdir())
