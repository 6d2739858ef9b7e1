"""The page's measures, without a browser."""

import pytest

pytest.importorskip("websockets")  # of the dev extra

from benchmarks.page.trace import Tasks
from benchmarks.page.typist import Typed


def test_a_percentile_is_one_of_the_lengths() -> None:
    """The last one at most, and nothing where there were no tasks."""
    tasks = Tasks([float(number) for number in range(1, 101)])
    assert (tasks.percentile(50), tasks.percentile(99)) == (51, 100)
    assert (tasks.percentile(100), tasks.longest) == (100, 100)
    assert (Tasks([]).percentile(99), Tasks([]).longest) == (0, 0)


def test_what_was_typed_is_told() -> None:
    """What was lost is counted, and how long it took to come back."""
    told = str(Typed(5, ["line 3"], 1, [0.5, 1.5, 1.0]))
    assert "3 restarts: 5 lines typed, 1 lost, 1 said again" in told
    assert "back 1.00 s after a start (median; longest 1.50 s)" in told
