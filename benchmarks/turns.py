"""Compares this checkout with another one, by turns: is either of them slower?

    python -m benchmarks.turns OTHER_PYTHON [--pairs 12] [--seconds 2]

``OTHER_PYTHON`` is the interpreter of a virtual environment in which the other checkout
is installed. Both modes of the daemon, one line at a time to 100 members (W 1), and ten
publishers to 100 (N 100 P 10). In each pair the two run one after the other, the first
one changing; what is compared is the CPU time of a delivery, pair by pair, since the
machine's speed drifts. From a checkout; a C compiler is needed.
"""

import argparse
import math
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.__main__ import measure
from benchmarks.build import build
from benchmarks.cells import OURS, Cell
from benchmarks.servers import SERVERS, Server

CELLS = (
    Cell("W 1", "window", 100, window=1),
    Cell("N 100 P 10", "window", 100, 10),
)
RESAMPLES = 10_000


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Return the geometric mean of ``ratios``, and its 95 % interval's two ends.

    By bootstrap: the middle 95 % of the means of as many ratios drawn with
    replacement; always the same draws.
    """
    logs = [math.log(ratio) for ratio in ratios]
    draw = random.Random(1)
    means = sorted(
        statistics.fmean(draw.choices(logs, k=len(logs))) for _ in range(RESAMPLES)
    )
    low, high = means[round(0.025 * RESAMPLES)], means[round(0.975 * RESAMPLES) - 1]
    return math.exp(statistics.fmean(logs)), math.exp(low), math.exp(high)


def of(python: str, server: Server) -> Server:
    """Return ``server`` as that interpreter has it, wherever we are (``-P``)."""
    return replace(server, command=(python, "-P", *server.command[1:]))


def cost(server: Server, cell: Cell) -> float:
    """Return the microseconds of CPU that a delivery takes.

    Raises:
        SystemExit: it can't be measured; says why.
    """
    result = measure(server, cell)
    if result.failed:
        raise SystemExit(f"{server.name}: {result.failed}")
    return result.values["cpu_us"]


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.turns", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("other", metavar="OTHER_PYTHON")
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    build()
    print("CPU of a delivery, this / other: mean of the pairs and its 95 % interval")
    for cell in CELLS:
        chosen = replace(cell, seconds=given.seconds)
        for name in OURS:
            both = [
                of(python, SERVERS[name]) for python in (sys.executable, given.other)
            ]
            costs: list[tuple[float, float]] = []
            for pair in range(given.pairs):
                order = (0, 1) if pair % 2 else (1, 0)
                found = {which: cost(both[which], chosen) for which in order}
                costs.append((found[0], found[1]))
            mean, low, high = interval([this / other for this, other in costs])
            medians = [statistics.median(column) for column in zip(*costs, strict=True)]
            print(
                f"{cell.suite:11} {name:6} {mean:.3f} [{low:.3f}, {high:.3f}]"
                f"  medians {medians[0]:.4f} and {medians[1]:.4f} µs",
                flush=True,
            )


if __name__ == "__main__":
    main()
