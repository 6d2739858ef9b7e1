"""Writes tables and charts into docs/."""

from pathlib import Path

from benchmarks import charts, tables
from benchmarks.results import Medians, Result
from benchmarks.targets import Targets

DOCS = Path(__file__).parent.parent / "docs"


def document(results: list[Result], about: dict[str, str]) -> str:
    """Return the page of tables."""
    medians = Medians(results)
    rows = ([name, value] for name, value in about.items())
    return "\n".join(
        [
            "# Performance: the tables\n",
            "Written by `python -m benchmarks --publish`; what they mean is in",
            "[performance.md](performance.md).\n",
            "## Measured on\n",
            tables.table(["", ""], rows),
            f"## Set out to reach, and reached (medians of {medians.rounds})\n",
            "Measured (wanted), met or missed; a dash: not measured.\n",
            Targets(medians).table(),
            "## All\n",
            tables.report(results),
        ]
    )


def publish(results: list[Result], about: dict[str, str]) -> None:
    """Write docs/performance-tables.md and the charts."""
    (DOCS / "performance-tables.md").write_text(document(results, about))
    charts.draw(Medians(results), DOCS)
