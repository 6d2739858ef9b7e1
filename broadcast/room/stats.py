"""The daemon's counters: plain numbers, which the metrics and the admin read.

They are updated once per batch, chunk or read, never once per delivery.
"""

from collections import Counter

from broadcast.base.histogram import Histogram


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
        too_slow: members that were closed because the log has moved past them.
        turned_away: reason → connections that were closed for it instead of joining.
        clogged: seconds for which nobody was read, since the store was behind.
        fan_out: seconds taken to send a batch to all live subscriptions.
    """

    __slots__ = (
        "bytes_in",
        "bytes_out",
        "clogged",
        "deliveries",
        "fan_out",
        "joined",
        "left",
        "lines_in",
        "refused",
        "too_slow",
        "turned_away",
    )

    def __init__(self) -> None:
        self.lines_in = 0
        self.bytes_in = 0
        self.deliveries = 0
        self.bytes_out = 0
        self.refused: Counter[str] = Counter()
        self.joined = 0
        self.too_slow = 0
        self.clogged = 0.0
        self.left: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()
        self.fan_out = Histogram()
