"""What was measured, as one JSON object a line, and its medians."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell

FAULTS = ("missing", "disordered", "doubled", "corrupt", "closed")
"""What must be 0 in each run."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one cell with one server.

    Attributes:
        values: what the generator told; the storms' times as ``storm_1_s`` and so on.
        memory: seconds and KiB of the server's, while it ran.
        failed: why there are no values.
    """

    server: str
    cell: Cell
    values: dict[str, float] = field(default_factory=dict)
    memory: tuple[tuple[float, int], ...] = ()
    failed: str = ""

    @property
    def is_noisy(self) -> bool:
        """Others had its cores for a fifth of the time: not to be trusted."""
        waits = ("server_waited", "generator_waited")
        return any(self.values.get(name, 0) > 0.2 for name in waits)

    @property
    def faults(self) -> dict[str, int]:
        """What was wrong with the deliveries; empty when nothing was."""
        found = {name: int(self.values.get(name, 0)) for name in FAULTS}
        return {name: count for name, count in found.items() if count}

    def dumps(self) -> str:
        """Return it as a line of JSON."""
        return json.dumps(asdict(self))


def loads(line: str) -> Result:
    """Return the result that ``dumps`` wrote."""
    given = json.loads(line)
    cell = given["cell"]
    given["cell"] = Cell(**cell | {"only": tuple(cell["only"])})
    given["memory"] = tuple((seconds, kib) for seconds, kib in given["memory"])
    return Result(**given)


def read(path: Path) -> list[Result]:
    """Return all results of a file; none if it isn't there."""
    if not path.exists():
        return []
    return [loads(line) for line in path.read_text().splitlines()]


def values_of(said: str | bytes) -> dict[str, float]:
    """Return the numbers of the generator's JSON.

    Raises:
        ValueError: it is none.
    """
    given: dict[str, Any] = json.loads(said)
    storms = given.pop("storm_s", [])
    given |= {f"storm_{number}_s": took for number, took in enumerate(storms)}
    return {key: float(value) for key, value in given.items() if key != "mode"}


class Medians:
    """The medians of all runs, by server and cell.

    Args:
        results: those that failed are left out; a faulty one is not.
    """

    def __init__(self, results: Iterable[Result]) -> None:
        self._runs: dict[tuple[str, Cell], list[Result]] = defaultdict(list)
        for result in results:
            if not result.failed:
                cell = replace(result.cell, only=(), once=False)
                self._runs[result.server, cell].append(result)

    @property
    def rounds(self) -> int:
        """How many runs the most measured cell had."""
        return max(map(len, self._runs.values()), default=0)

    def cells(self, suite: str) -> list[Cell]:
        """Return a suite's cells, as they were first run."""
        found = {cell: None for _, cell in self._runs if cell.suite == suite}
        return list(found)

    def servers(self, suite: str) -> list[str]:
        """Return who took part in a suite."""
        found = {server: None for server, cell in self._runs if cell.suite == suite}
        return list(found)

    def get(self, server: str, cell: Cell, key: str) -> float | None:
        """Return a value's median, None where it wasn't measured."""
        runs = self._runs.get((server, cell), [])
        found = [run.values[key] for run in runs if key in run.values]
        return statistics.median(found) if found else None

    def ratio(self, server: str, other: str, cell: Cell, key: str) -> float | None:
        """Return how one server's value relates to another's."""
        one, two = self.get(server, cell, key), self.get(other, cell, key)
        return None if one is None or not two else one / two

    def runs(self, server: str, cell: Cell) -> list[Result]:
        """Return all runs of a cell with a server."""
        return self._runs.get((server, cell), [])

    def best(
        self, servers: Iterable[str], cell: Cell, key: str, least: bool = False
    ) -> str | None:
        """Return which of ``servers`` has the highest (or ``least``) value."""
        found = [(self.get(name, cell, key), name) for name in servers]
        known = [(value, name) for value, name in found if value is not None]
        if not known:
            return None
        return (min(known) if least else max(known))[1]
