"""A histogram as Prometheus has it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.histogram import SECONDS, Histogram

VALUES = st.one_of(st.sampled_from(SECONDS), st.floats(0, 3))


@given(st.lists(VALUES, max_size=40))
@settings(deadline=None)
def test_a_bucket_holds_what_is_not_above_its_bound(seconds: list[float]) -> None:
    """Up to each bound, itself included, as many are counted as took so long."""
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    for at, bound in enumerate(SECONDS, 1):
        counted = sum(histogram.buckets[:at])
        assert counted == sum(each <= bound for each in seconds)
    assert sum(histogram.buckets) == len(seconds)
    assert histogram.total == pytest.approx(sum(seconds))


def test_the_bounds_go_up() -> None:
    """Each bound is above the one before it, and one bucket more has none."""
    assert list(SECONDS) == sorted(set(SECONDS))
    histogram = Histogram()
    histogram.add(SECONDS[-1] * 2)
    assert histogram.buckets == [0] * len(SECONDS) + [1]
