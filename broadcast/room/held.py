"""Names that wait for their keys after a connection was lost.

Bounded: where there are too many, the host that has the most loses its oldest, so
that nobody who makes thousands takes away another's.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable

HOLD = 120.0
"""Seconds for which a lost name waits for its key."""

MAX_HELD = 10_000
"""Names held at most."""


class Held:
    """Folded names, each with its key and the host that it was lost from.

    Args:
        clock: seconds, never going back.
        limit: names at most.
    """

    def __init__(self, clock: Callable[[], float], limit: int = MAX_HELD) -> None:
        self._clock = clock
        self._limit = limit
        self._names: OrderedDict[str, tuple[str, str, float]] = OrderedDict()
        self._of_host: dict[str, OrderedDict[str, None]] = {}
        self._having: defaultdict[int, dict[str, None]] = defaultdict(dict)
        self._most = 0

    def hold(self, name: str, key: str, host: str) -> None:
        """Keep ``name`` for ``key``.

        Args:
            host: as ``hosts.host_of`` tells it.
        """
        self.drop(name)
        self._names[name] = (key, host, self._clock() + HOLD)
        theirs = self._of_host.setdefault(host, OrderedDict())
        theirs[name] = None
        self._count(host, len(theirs) - 1, len(theirs))
        self._drop_old()
        if len(self._names) > self._limit:
            greediest = next(iter(self._having[self._most]))
            self.drop(next(iter(self._of_host[greediest])))

    def drop(self, name: str) -> None:
        """Hold ``name`` no longer, if it was held."""
        if name not in self._names:
            return
        _, host, _ = self._names.pop(name)
        theirs = self._of_host[host]
        del theirs[name]
        self._count(host, len(theirs) + 1, len(theirs))
        if not theirs:
            del self._of_host[host]

    def key_of(self, name: str) -> str | None:
        """Return the key for which ``name`` is held; None if it isn't."""
        self._drop_old()
        held = self._names.get(name)
        return held[0] if held else None

    def _drop_old(self) -> None:
        while self._names and next(iter(self._names.values()))[2] <= self._clock():
            self.drop(next(iter(self._names)))

    def _count(self, host: str, before: int, now: int) -> None:
        """Note that a host has one more or less; so the most changes by one."""
        self._having[before].pop(host, None)
        if not self._having[before]:
            del self._having[before]
        if now:
            self._having[now][host] = None
        if now > self._most or self._most not in self._having:
            self._most = now
