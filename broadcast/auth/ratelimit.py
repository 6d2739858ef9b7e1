"""Rate limits: for login attempts, for a member's lines, and for posted lines.

Login attempts are counted by host and name, and by host. A class of thirty behind a
single address must not be locked out by one pupil, so the limit for a name is low and
the limit for a host is higher. An attempt is counted before it is checked, so that
concurrent attempts gain nothing, and uncounted if the login succeeds.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable

from broadcast.base.work import IReactorTime

WINDOW = 60.0
"""Seconds after which a failed attempt is forgotten."""

PER_NAME = 3
"""Failed attempts per name and host, within the window."""

PER_HOST = 30
"""Failed attempts per host, within the window."""

MAX_KEYS = 20_000
"""Hosts and names remembered; beyond that the least recent are forgotten."""


class Throttle:
    """Counts failed login attempts.

    Args:
        clock: times the window.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def take(self, host: str, name: str | None) -> bool:
        """Count an attempt, and tell whether it may be made.

        Args:
            host: the host, as ``hosts.host_of`` returns it.
            name: the folded name; None for a shared secret.
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
        """Uncount an attempt: it succeeded, or was never checked."""
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
        """Return the number of hosts and names remembered."""
        return len(self._tries)

    def _recent(self, key: Hashable, since: float) -> deque[float]:
        tries = self._tries.get(key)
        if tries is None:
            return deque()
        while tries and tries[0] <= since:
            tries.popleft()
        return tries


class Bucket:
    """A token bucket of lines, full at first.

    Args:
        rate: lines gained per second.
        burst: lines at most.
        now: seconds of a monotonic clock, as in ``take``.
    """

    __slots__ = ("_at", "_level", "burst", "rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._level = burst
        self._at = now

    def take(self, lines: int, now: float) -> bool:
        """Take ``lines`` at ``now``, all or none; tell whether they were taken."""
        gained = (now - self._at) * self.rate
        self._level = min(self.burst, self._level + gained)
        self._at = now
        if lines > self._level:
            return False
        self._level -= lines
        return True

    def wait_for(self, lines: int, now: float) -> float:
        """Take ``lines`` at ``now``, or return the seconds to wait before they are.

        More lines than ``burst`` are taken from a full bucket, whose level is negative
        then.
        """
        if self.take(lines, now):
            return 0.0
        missing = min(float(lines), self.burst) - self._level
        if missing <= 0:
            self._level -= lines
            return 0.0
        return missing / self.rate


class Rates:
    """The buckets of those that say lines without being members.

    Args:
        clock: fills the buckets.
        most: buckets at most; the least recently used are forgotten.
    """

    def __init__(self, clock: IReactorTime, most: int = MAX_KEYS) -> None:
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def wait_for(self, owner: Hashable, lines: int, rate: float, burst: float) -> float:
        """Count ``lines`` of ``owner``, or return the seconds to wait before they are.

        Args:
            owner: the account, the secret or the host that says them.
            lines: how many lines.
            rate: lines a second; 0 is any number.
            burst: lines at once.
        """
        if not rate:
            return 0.0
        now = self._clock.seconds()
        bucket = self._buckets.pop(owner, None)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = Bucket(rate, burst, now)
        self._buckets[owner] = bucket
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.wait_for(lines, now)

    def __len__(self) -> int:
        """Return the number of buckets."""
        return len(self._buckets)
