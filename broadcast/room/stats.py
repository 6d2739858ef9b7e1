"""The daemon's counters: plain numbers, which the metrics and the admin read.

They are updated once per batch, chunk or read, never once per delivery.
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
    2.5,
    10.0,
)
"""Upper bounds of a histogram's buckets, in seconds; a last bucket has no bound."""


class Histogram:
    """A histogram of seconds.

    Attributes:
        buckets: the count of each bucket, the last one without a bound.
        total: the sum of all durations, in seconds.
    """

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration of ``seconds``."""
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Stats:
    """All counters, since the start.

    Attributes:
        lines_in: lines said.
        bytes_in: bytes received, in whole lines.
        deliveries: lines times the members whose cursor has passed them, the speaker
            included.
        bytes_out: bytes handed to the transports.
        refused: error code → lines and commands refused with it.
        joined: members that have joined.
        left: reason → members that have left for it.
        commit: seconds from handing a batch to the store until it is committed.
        fan_out: seconds taken to send a batch to all live subscriptions.
    """

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "commit",
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
        self.commit = Histogram()
        self.fan_out = Histogram()
