"""A histogram, as Prometheus has them: how often values were not above each bound."""

from bisect import bisect_left
from typing import Final

SECONDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    1.0,
    2.5,
    10.0,
)
"""Upper bounds of the buckets of durations, in seconds; a last bucket has no bound."""


class Histogram:
    """A histogram of seconds, or of whatever the bounds are.

    Args:
        bounds: upper bounds of the buckets, going up.

    Attributes:
        bounds: the same.
        buckets: the count of each bucket, and of a last one without a bound.
        total: the sum of all values.
    """

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.total += value
