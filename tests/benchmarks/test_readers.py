"""Readers beside members: each way is let in, hears all, and is counted."""

import pytest

from benchmarks.readers import WAYS, Run, compare, report, together


def test_ways_are_measured_by_turns() -> None:
    """A small round: nobody misses the last line, and each way has its figures."""
    found = compare(members=3, rounds=1, batches=5, ways=("ws", "sse"))
    runs = [run for runs in found.values() for run in runs]
    assert all(run.cpu > 0 and run.deliveries == 15 for run in runs)
    assert sum(run.missing for run in runs) == 0
    assert [line.split()[0] for line in report(found)] == ["ws", "sse"]


def test_stalled_readers_keep_nobody_from_hearing() -> None:
    """All ways in one daemon, beside some that read nothing."""
    run, memory, _ = together(members=2, readers=4, batches=5, stalled=2)
    assert (run.missing, run.deliveries) == (0, (2 * len(WAYS) + 2) * 5)
    assert list(memory) == list(WAYS)


def test_a_ratio_is_of_the_same_round() -> None:
    """What the machine does in a round is in both."""
    runs = {way: [Run(1, 100, 1, 0), Run(10, 100, 1, 0)] for way in WAYS}
    runs["sse"] = [Run(1.2, 100, 1, 0), Run(12, 100, 1, 0)]
    (line,) = [line for line in report(runs) if line.startswith("sse")]
    assert "1.20 × ws" in line


@pytest.mark.parametrize("way", list(WAYS))
def test_somebody_who_misses_the_last_line_is_told(way: str) -> None:
    """A run in which not all have it is none that counts."""
    runs = {name: [Run(1, 1, 1, 0, missing=name == way)] for name in WAYS}
    (line,) = [line for line in report(runs) if line.startswith(way)]
    assert line.endswith("1 missing")
