"""One HTTP connection to a room in memory, at both of its ends."""

from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from broadcast.base.settings import Timeouts
from broadcast.options import settings_from
from broadcast.web.site import WebSite
from tests.support.hall import Hall
from tests.support.websocket import request

PATIENCE = Timeouts(idle=90.0, stall=120.0)


def new_site(hall: Hall, **options: str) -> WebSite:
    """Return what makes a room's HTTP connections.

    Args:
        options: with ``_`` for ``-``.
    """
    given = {name.replace("_", "-"): value for name, value in options.items()}
    return WebSite(hall.clock, hall.connections, settings_from(given))


class Visitor:
    """One HTTP connection's two ends.

    Args:
        at: the address that it came to.
        peer: where it came from.
        site: what makes it; one of its own if none is given.
    """

    def __init__(
        self,
        hall: Hall,
        at: str = "192.168.1.1",
        peer: str = "192.0.2.7",
        site: WebSite | None = None,
    ) -> None:
        self.hall = hall
        made: Any = site or new_site(hall)
        self.channel: Any = made.buildProtocol(None)
        self.channel.callLater = hall.clock.callLater
        self.transport: Any = StringTransport(
            hostAddress=_address(at), peerAddress=_address(peer)
        )
        self.channel.makeConnection(self.transport)

    def send(self, *pieces: bytes) -> None:
        """Send bytes, one read for each piece, and let the turn pass."""
        for piece in pieces:
            self.channel.dataReceived(piece)
            self.hall.clock.advance(0)
        self.hall.turn()

    def upgraded(self, name: str) -> "Visitor":
        """Become a WebSocket, joined and greeted."""
        self.send(request(f"/ws?name={name}"))
        self.hall.clock.advance(0.3)
        self.hall.turn()
        assert name.encode() in self.take()
        return self

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def pass_time(self, seconds: int) -> None:
        """Let time pass, watched as the service does."""
        for _ in range(seconds):
            self.hall.clock.advance(1)
            for connection in tuple(self.hall.connections):
                connection.check(self.hall.clock.seconds(), PATIENCE)

    def lose(self) -> None:
        """Lose the connection."""
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.hall.turn()

    def end(self) -> None:
        """Close this side, and let the turn pass; the other may still answer."""
        self.transport.connectionLost = self.channel.connectionLost
        self.channel.readConnectionLost()
        self.hall.turn()

    def is_aborted(self) -> bool:
        """The server has cut it off."""
        return bool(self.transport.disconnected or self.transport.disconnecting)


def _address(host: str) -> IPv4Address | IPv6Address:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, 8080)
