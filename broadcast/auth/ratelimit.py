"""Rate limits: how often a login may be tried, and how many lines may be said.

Logins are counted by host and name, and by host. A class of thirty behind one address
must not be locked out by one pupil, so few tries are for one name, more for the whole
host. A try is taken before it is checked, so that many at once gain nothing, and given
back if it was right.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable

from broadcast.base.work import IReactorTime

WINDOW = 60.0
"""Seconds after which a wrong try is forgotten."""

PER_NAME = 3
"""Wrong tries for one name from one host, within the window."""

PER_HOST = 30
"""Wrong tries from one host, within the window."""

MAX_KEYS = 20_000
"""Hosts and names remembered; beyond that the longest silent are forgotten."""


class Throttle:
    """Counts wrong tries.

    Args:
        clock: for the window.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def take(self, host: str, name: str | None) -> bool:
        """Count one try, and tell whether it may be made.

        Args:
            host: as ``hosts.host_of`` tells it.
            name: folded; None for a shared secret, which is nobody's own.
        """
        limits: list[tuple[Hashable, int]] = [(host, PER_HOST)]
        if name is not None:
            limits.append(((host, name), PER_NAME))
        since = self._clock.seconds() - WINDOW
        if any(len(self._recent(key, since)) >= limit for key, limit in limits):
            return False
        for key, _ in limits:
            self._tries.setdefault(key, deque()).append(self._clock.seconds())
            self._tries.move_to_end(key)
        while len(self._tries) > MAX_KEYS:
            self._tries.popitem(last=False)
        return True

    def give_back(self, host: str, name: str | None) -> None:
        """Forget one try: it was right, or was never checked."""
        keys: list[Hashable] = [host]
        if name is not None:
            keys.append((host, name))
        for key in keys:
            tries = self._tries.get(key)
            if tries:
                tries.pop()
                if not tries:
                    del self._tries[key]

    def __len__(self) -> int:
        """Return how many hosts and names are remembered."""
        return len(self._tries)

    def _recent(self, key: Hashable, since: float) -> deque[float]:
        tries = self._tries.get(key)
        if tries is None:
            return deque()
        while tries and tries[0] <= since:
            tries.popleft()
        return tries


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
