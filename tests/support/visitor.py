"""One HTTP connection to a room in memory, at both of its ends."""

from typing import Any

from twisted.internet.testing import StringTransport

from broadcast.base.settings import Timeouts
from broadcast.options import settings_from
from broadcast.web.site import WebSite
from tests.support.hall import Hall
from tests.support.websocket import request

PATIENCE = Timeouts(idle=90.0, stall=120.0)


class Visitor:
    """One HTTP connection's two ends."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        site: Any = WebSite(hall.clock, hall.connections, settings_from({}, (), {}))
        self.channel: Any = site.buildProtocol(None)
        self.channel.callLater = hall.clock.callLater
        self.transport: Any = StringTransport()
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

    def is_aborted(self) -> bool:
        """The server has cut it off."""
        return bool(self.transport.disconnected or self.transport.disconnecting)
