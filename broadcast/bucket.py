"""A token bucket: how many lines a member may say now."""


class Bucket:
    """Holds up to ``burst`` lines and gains ``rate`` lines a second."""

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = now

    def allow(self, wanted: int, now: float) -> int:
        """Take up to ``wanted`` lines; return how many were there."""
        gained = (now - self._at) * self._rate
        self._level = min(self._burst, self._level + gained)
        self._at = now
        allowed = min(wanted, int(self._level))
        self._level -= allowed
        return allowed

    def give_back(self, lines: int) -> None:
        """Return lines that were taken and not used."""
        self._level += lines
