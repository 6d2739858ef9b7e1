"""How many members there are, and how many there may be."""

from collections import Counter

from broadcast.base.hosts import host_of
from broadcast.protocol.events import Bye


class Occupancy:
    """Counts the members, and refuses members beyond the limits.

    Addresses are as in the log: ``1.2.3.4:56``, ``[2001:db8::1]:56``, ``unix``.

    Args:
        most: members in all.
        most_per_host: members per host (IPv6: per /64); 0 is any number.

    Attributes:
        goodbye: the ``bye`` for all further connections; None while the room is open.
        away: the ``bye`` for connections as long as the room can't be reached.
        count: the number of members.
        most: the limit on it.
    """

    def __init__(self, most: int, most_per_host: int) -> None:
        self.goodbye: Bye | None = None
        self.away: Bye | None = None
        self.most = most
        self._most_per_host = most_per_host
        self._hosts: Counter[str] = Counter()
        self.count = 0

    def refuse(self, address: str) -> Bye | None:
        """Return the ``bye`` for a new member from ``address``; None lets it join."""
        if (bye := self.goodbye or self.away) is not None:
            return bye
        if self.count >= self.most:
            return Bye("full", f"the room is full: {self.most} are here")
        most = self._most_per_host
        if most and self._hosts[host_of(address)] >= most:
            return Bye("full", f"{most} are here from your address, and no more may be")
        return None

    def came(self, address: str) -> None:
        """Count a member from ``address``."""
        self.count += 1
        if self._most_per_host:
            self._hosts[host_of(address)] += 1

    def went(self, address: str) -> None:
        """Count a member from ``address`` no longer."""
        self.count -= 1
        if self._most_per_host:
            host = host_of(address)
            self._hosts[host] -= 1
            if self._hosts[host] <= 0:
                del self._hosts[host]
