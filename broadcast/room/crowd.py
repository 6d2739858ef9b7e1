"""How many may be here, in all and from one host."""

from collections import Counter

from broadcast.auth.hosts import host_of
from broadcast.protocol.events import Bye

RESERVE = 64
"""File descriptors kept for the daemon's own files, and for those it refuses."""


class Crowd:
    """Counts who is here, and says why another one can't come in.

    Addresses are as in the log: ``1.2.3.4:56``, ``[2001:db8::1]:56``, ``unix``.

    Args:
        most: members in all.
        most_per_host: members from one host (IPv6: one /64); 0: any number.

    Attributes:
        goodbye: the last words for all who come from now on; None while it is open.
    """

    def __init__(self, most: int, most_per_host: int) -> None:
        self.goodbye: Bye | None = None
        self._most = most
        self._most_per_host = most_per_host
        self._hosts: Counter[str] = Counter()
        self._here = 0

    def refuse(self, address: str) -> Bye | None:
        """Return the last words for one more from there; None: it may come in."""
        if self.goodbye is not None:
            return self.goodbye
        if self._here >= self._most:
            return Bye("full", f"the room is full: {self._most} are here")
        most = self._most_per_host
        if most and self._hosts[host_of(address)] >= most:
            return Bye("full", f"{most} are here from your address, and no more may be")
        return None

    def came(self, address: str) -> None:
        """Count one more who is here from there."""
        self._here += 1
        if self._most_per_host:
            self._hosts[host_of(address)] += 1

    def went(self, address: str) -> None:
        """Count one less from there."""
        self._here -= 1
        if self._most_per_host:
            host = host_of(address)
            self._hosts[host] -= 1
            if self._hosts[host] <= 0:
                del self._hosts[host]
