"""The limits on HTTP connections, in all and per host.

Each connection holds a file descriptor, even an idle one. Without limits of their own,
the connections of a single host could leave no descriptors for members. A WebSocket is
counted as a member, not here.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

from broadcast.base.hosts import host_of
from broadcast.web.http import refusal
from broadcast.web.notices import Notices

LINGERING: Final = 16
"""Refused connections that get an answer at the same time, at most. An answer holds a
descriptor for two seconds. Further connections are aborted."""


_LATER: Final = {b"Retry-After": b"15"}

FULL: Final = refusal(503, "too many connections are open: try again later", _LATER)
"""The answer if there are too many connections in all."""

HOST_FULL: Final = refusal(
    429, "too many connections are open from your address", _LATER
)
"""The answer if there are too many connections from a host."""


class IVisitor(Protocol):
    """A connection that takes a place."""

    def stop(self) -> None:
        """Close the connection; after the answer, if a request is under way."""


class Places:
    """The open HTTP connections.

    Args:
        most: connections in all.
        most_per_host: connections per host (IPv6: per /64); 0 is any number. It does
            not apply to unix sockets.
        notices: logs that a limit is reached.
    """

    def __init__(self, most: int, most_per_host: int, notices: Notices) -> None:
        self._most = most
        self._most_per_host = most_per_host
        self._notices = notices
        self._here: dict[IVisitor, str] = {}
        self._refused: set[IVisitor] = set()
        self._hosts: Counter[str] = Counter()

    def enter(self, visitor: IVisitor, address: str) -> bytes:
        """Give a connection its place.

        Args:
            visitor: the connection.
            address: the peer, as in the log: ``1.2.3.4:56``, ``unix``.

        Returns:
            The answer for a refused connection; empty if it may stay.
        """
        host = host_of(address)
        if len(self._here) >= self._most:
            self._notices.tell(
                "HTTP connections refused",
                f"no more than {self._most} HTTP connections may be open"
                " (--web-max-connections)",
            )
            return FULL
        if self._is_full_for(host):
            self._notices.tell(
                "HTTP connections refused for their host",
                f"no more than {self._most_per_host} HTTP connections may be open"
                f" from {host} (--web-max-per-host)",
            )
            return HOST_FULL
        self._here[visitor] = host
        self._hosts[host] += 1
        return b""

    def may_linger(self, visitor: IVisitor) -> bool:
        """Tell whether a refused connection may stay until it has read its answer."""
        if len(self._refused) >= LINGERING:
            return False
        self._refused.add(visitor)
        return True

    def leave(self, visitor: IVisitor) -> None:
        """Free the place of a connection that is lost, or upgraded."""
        self._refused.discard(visitor)
        host = self._here.pop(visitor, None)
        if host is None:
            return
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]

    def __iter__(self) -> Iterator[IVisitor]:
        """Yield the connections; copy them if a connection may leave meanwhile."""
        return iter(self._here)

    def __len__(self) -> int:
        """Return the number of connections."""
        return len(self._here)

    def _is_full_for(self, host: str) -> bool:
        return host != "local" and 0 < self._most_per_host <= self._hosts[host]


class Bodies:
    """The bytes of request bodies that are held, in all and per host.

    Args:
        most: bytes in all.
        most_per_host: bytes per host (IPv6: per /64).
    """

    def __init__(self, most: int = 64 << 20, most_per_host: int = 16 << 20) -> None:
        self._most = most
        self._most_per_host = most_per_host
        self._held: dict[object, tuple[str, int]] = {}
        self._hosts: Counter[str] = Counter()
        self.size = 0

    def take(self, request: object, host: str, size: int) -> bool:
        """Count ``size`` more bytes of a request, unless they are too many; tell."""
        if self.size + size > self._most:
            return False
        if self._hosts[host] + size > self._most_per_host:
            return False
        _, before = self._held.get(request, (host, 0))
        self._held[request] = host, before + size
        self._hosts[host] += size
        self.size += size
        return True

    def give_back(self, request: object) -> None:
        """Count the bytes of a request no longer."""
        host, size = self._held.pop(request, ("", 0))
        if not host:
            return
        self.size -= size
        self._hosts[host] -= size
        if not self._hosts[host]:
            del self._hosts[host]
