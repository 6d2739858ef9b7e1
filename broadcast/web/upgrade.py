"""From an HTTP request to a WebSocket, on one connection.

Twisted's HTTP parser up to a whole request; from the handshake on the bytes are
the face's. (``twisted.web.websocket`` can do that too, but a frame that comes
along with the handshake is lost there, and it writes pongs past any outlet: a
peer that pings and does not read makes it buffer without end.)
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from twisted.internet.error import ConnectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from broadcast import sockets
from broadcast.web import handshake
from broadcast.web.answers import headers, say
from broadcast.web.face import WebSocketFace
from broadcast.web.frames import line_by_line, relayed, whole
from broadcast.web.origin import Origin, may_talk

if TYPE_CHECKING:
    from broadcast.factory import BroadcastFactory

_DONE = Failure(ConnectionDone())


class Upgraded(Protocol):
    """What gets the bytes once HTTP is over."""

    def data_received(self, data: bytes) -> None:
        """Take bytes."""

    def connection_lost(self, reason: Failure) -> None:
        """Be gone."""


Face = TypeVar("Face", bound=Upgraded)


class Channel(HTTPChannel):
    """One HTTP connection, until it becomes a WebSocket."""

    transport: Any
    _face: Upgraded | None = None

    def connectionMade(self) -> None:
        """Prepare the socket and wait for a request."""
        sockets.prepare(self.transport)
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted's

    def dataReceived(self, data: bytes) -> None:
        """Take bytes. More of them don't earn a request more time."""
        if self._face is not None:
            self._face.data_received(data)
        elif not self.transport.disconnecting:
            # Over TLS more comes after we have closed, and HTTPChannel, which has
            # forgotten the request by then, would raise.
            LineReceiver.dataReceived(self, data)

    def rawDataReceived(self, data: bytes) -> None:
        """Take what follows the headers: a body, or the first frames."""
        if self._face is not None:
            self._face.data_received(data)
        else:
            super().rawDataReceived(data)

    def timeoutConnection(self) -> None:
        """Close one who asks for nothing more, or too slowly: no news for the log."""
        later: Any = self.callLater  # untyped, as Twisted's
        self._abortingCall = later(self.abortTimeout, self.forceAbortClient)
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def connectionLost(self, reason: Failure = _DONE) -> None:
        """Be gone."""
        if self._face is not None:
            self._face.connection_lost(reason)
        else:
            super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's

    def upgrade(self, make: Callable[[Any], Face]) -> Face:
        """Become a WebSocket: HTTP is over."""
        self.setTimeout(None)  # type: ignore[no-untyped-call]  # Twisted's
        self.requests.clear()
        self.transport.unregisterProducer()  # this channel itself
        face = make(self.transport)
        self._face = face
        return face


class Socket(Resource):
    """Where a WebSocket begins.

    Args:
        reception: keeps the connections of all faces.
        allowed: origins that may talk beside our own.
    """

    isLeaf = True

    def __init__(
        self, reception: "BroadcastFactory", allowed: frozenset[Origin]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._reception = reception
        self._allowed = allowed

    def render_GET(self, request: Request) -> bytes | int:
        """Become a WebSocket, or say why not."""
        origins = headers(request, "Origin")
        host = "".join(headers(request, "Host"))
        if not may_talk(origins, host, self._allowed):
            return say(request, 403, "pages from there may not talk to this server")
        try:
            head = handshake.answer(
                headers(request, "Upgrade"),
                headers(request, "Connection"),
                headers(request, "Sec-WebSocket-Version"),
                headers(request, "Sec-WebSocket-Key"),
            )
            lines, is_by_line = _introduction(request)
        except handshake.HandshakeError as error:
            request.setHeader("Sec-WebSocket-Version", handshake.VERSION)
            return say(request, error.status, str(error))
        reception = self._reception
        framing = line_by_line if is_by_line else whole
        if reception.hub.house.relay:
            framing, lines = relayed, b""
        channel: Any = request.channel  # our Channel
        face = channel.upgrade(
            lambda transport: WebSocketFace(reception, transport, framing, head)
        )
        if lines:
            face.introduce(lines)
        return NOT_DONE_YET


class Front(Resource):
    """The root: the page for who asks for it, a WebSocket for who wants one."""

    isLeaf = True

    def __init__(self, page: Resource, socket: Socket) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._page = page
        self._socket = socket

    def render_GET(self, request: Request) -> Any:
        """Give the page, or become a WebSocket."""
        wants = handshake.wants_upgrade(headers(request, "Upgrade"))
        return (self._socket if wants else self._page).render(request)


def _introduction(request: Request) -> tuple[bytes, bool]:
    """Return the lines that ``?format=json&name=alice`` stand for.

    And whether ``frames=line`` asks for a frame a line.
    """
    given = {name: values[-1] for name, values in request.args.items()}
    lines = b""
    for word in (b"format", b"name"):
        if (value := given.get(word)) is not None:
            if b"\n" in value or b"\r" in value:
                raise handshake.HandshakeError(400, f"{word.decode()} is one line")
            lines += b"/%b %b\n" % (word, value)
    frames = given.get(b"frames", b"batch")
    if frames not in (b"batch", b"line"):
        raise handshake.HandshakeError(400, "frames is batch or line")
    return lines, frames == b"line"
