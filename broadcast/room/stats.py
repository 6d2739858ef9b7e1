"""What the daemon counts: plain numbers, read by whoever is asked for metrics.

Counted once a batch, a chunk or a read, never once a delivery.
"""

from bisect import bisect_left
from collections import Counter
from typing import Final

BOUNDS: Final = (
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
)
"""Seconds: the upper bounds of a histogram's buckets; one more has none."""


class Histogram:
    """A histogram of seconds.

    Attributes:
        buckets: how many fell into each bucket, the last one without a bound.
        total: their sum.
    """

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one that took ``seconds``."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Stats:
    """All that is counted, since the start.

    Attributes:
        lines_in: lines said.
        bytes_in: bytes heard, in whole lines.
        deliveries: lines said times the members whose cursor has passed them;
            whoever said a line is one of them.
        bytes_out: bytes handed to the transports.
        refused: error code → how many lines and commands were refused for it.
        joined: how many have come in.
        left: reason → how many have left for it.
        fan_out: how long it took to send a batch to all who are live.
    """

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "deliveries",
        "fan_out",
        "joined",
        "left",
        "lines_in",
        "refused",
    )

    def __init__(self) -> None:
        self.lines_in = 0
        self.bytes_in = 0
        self.deliveries = 0
        self.bytes_out = 0
        self.refused: Counter[str] = Counter()
        self.joined = 0
        self.left: Counter[str] = Counter()
        self.fan_out = Histogram()
