"""A token bucket: how many lines a member may say now."""


class Bucket:
    """Holds up to ``burst`` lines and gains ``rate`` lines a second; full at first.

    Args:
        now: seconds of a clock that never goes back, as in ``take``.
    """

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at = now

    def take(self, lines: int, now: float) -> bool:
        """Take ``lines`` at ``now``, all or none; tell whether there were so many."""
        gained = (now - self._at) * self.rate
        self._level = min(self.burst, self._level + gained)
        self._at = now
        if lines > self._level:
            return False
        self._level -= lines
        return True

    def take_some(self, lines: int) -> int:
        """Take up to ``lines`` of what the last ``take`` left; return how many."""
        some = min(lines, int(self._level))
        self._level -= some
        return some
