"""The charts that the benchmarks draw."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import charts, publish
from benchmarks.cells import Cell, full
from benchmarks.results import Medians, Result
from benchmarks.servers import SERVERS

pytest.importorskip("matplotlib", reason="charts are drawn with it: the extra bench")


def measured(cells: list[Cell]) -> list[Result]:
    """Return made-up results of ``cells``."""
    values = {"per_second": 1000.0, "p50_ms": 1.0, "p99_ms": 2.0}
    return [
        Result(server.name, cell, values, ((0.0, 1000), (1.0, 2000)))
        for cell in cells
        for server in SERVERS.values()
        if cell.takes(server)
    ]


def test_each_chart_names_who_took_part(tmp_path: Path) -> None:
    """Three charts, each well-formed, with the daemon and another in it."""
    drawn = charts.draw(Medians(measured(full())), tmp_path)
    assert [path.name for path in drawn] == [
        "performance-throughput.svg",
        "performance-paced.svg",
        "performance-stalled.svg",
    ]
    for path in drawn:
        words = set(ElementTree.parse(path).getroot().itertext())
        assert {"chat", "relay", "textbook"} <= words


def test_only_what_was_measured_is_drawn(tmp_path: Path) -> None:
    """A part of the suites makes a part of the charts, not a failure."""
    cells = [cell for cell in full() if cell.suite in ("idle", "paced")]
    drawn = charts.draw(Medians(measured(cells)), tmp_path)
    assert [path.name for path in drawn] == ["performance-paced.svg"]


def test_the_page_tells_what_it_was_measured_on() -> None:
    """Machine, runs and targets stand above the tables."""
    cells = [cell for cell in full() if cell.suite in ("idle", "storm")]
    page = publish.document(measured(cells), {"processor": "a fast one, 2 cores"})
    assert "| processor | a fast one, 2 cores |" in page
    assert "(medians of 1)" in page
