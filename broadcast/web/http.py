"""HTTP: one connection with Twisted's parser, what it leaves to us, and answers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar

from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Request

from broadcast.net import sockopts
from broadcast.net.closing import LINGER
from broadcast.net.writers import is_plain
from broadcast.protocol import strays

_ALWAYS: Final = {
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}

NO_BODY: Final = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


def answer(
    request: Request,
    status: int,
    kind: str,
    body: bytes,
    more: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """Answer with ``body``, which is of the media type ``kind``."""
    request.setResponseCode(status, HTTPStatus(status).phrase.encode())
    own = {b"Content-Type": kind.encode(), b"Cache-Control": b"no-store"}
    for name, value in {**_ALWAYS, **own, **(more or {})}.items():
        request.setHeader(name, value)
    return body


def say(request: Request, status: int, message: str) -> bytes:
    """Answer with a line of ``message``."""
    return answer(request, status, "text/plain; charset=utf-8", f"{message}\n".encode())


def headers(request: Request, name: str) -> list[str]:
    """Return the values of all headers of that ``name``."""
    values = request.requestHeaders.getRawHeaders(name.encode(), [])
    return [value.decode("latin-1") for value in values]


class IUpgraded(Protocol):
    """What gets the bytes once HTTP is over."""

    def data_received(self, data: bytes) -> None:
        """Take bytes."""

    def connection_lost(self, reason: Failure) -> None:
        """Be gone."""


U = TypeVar("U", bound=IUpgraded)


class Channel(HTTPChannel):
    """One HTTP connection, until it becomes a WebSocket."""

    transport: Any
    factory: Any
    _upgraded: IUpgraded | None = None
    _is_new = True
    _is_refused = False
    _is_stopping = False

    def connectionMade(self) -> None:
        """Prepare the socket and wait for a request."""
        sockopts.prepare(self.transport)
        self.factory.channels[self] = None
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted's

    def dataReceived(self, data: bytes) -> None:
        """Take bytes. More of them don't earn a request more time."""
        if self._upgraded is not None:
            self._upgraded.data_received(data)
        elif self._is_refused or self.transport.disconnecting:
            # Over TLS more comes after we have closed, and HTTPChannel, which has
            # forgotten the request by then, would raise.
            return
        elif self._is_new and strays.is_no_http(data):
            self._refuse(strays.HTTP_SPOKEN_HERE)
        else:
            self._is_new = False
            LineReceiver.dataReceived(self, data)

    def allHeadersReceived(self) -> None:
        """Refuse a request that has a body, before that is read: none is taken here.

        Twisted would keep it in a file, whatever its size.
        """
        given = self.requests[-1].requestHeaders
        if self.length == 0 and not given.hasHeader(b"Transfer-Encoding"):
            super().allHeadersReceived()  # type: ignore[no-untyped-call]  # Twisted's
            return
        self.length = None  # with 0 it would be answered
        self._refuse(NO_BODY)

    def rawDataReceived(self, data: bytes) -> None:
        """Take what follows the headers: the first frames."""
        if self._upgraded is not None:
            self._upgraded.data_received(data)
        elif not self._is_refused:
            super().rawDataReceived(data)

    def timeoutConnection(self) -> None:
        """Close one who asks for nothing more, or too slowly: no news for the log."""
        later: Any = self.callLater  # untyped, as Twisted's
        self._abortingCall = later(self.abortTimeout, self.forceAbortClient)
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Be gone."""
        self.factory.channels.pop(self, None)
        if self._upgraded is not None:
            self._upgraded.connection_lost(reason)
        else:
            super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's

    def stop(self) -> None:
        """Close; if a request is under way, when it has been answered."""
        self._is_stopping = True
        if not self.requests and not self._buffer:
            self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Tell whether the connection is kept once ``request`` has been answered."""
        if self._is_stopping:
            request.setHeader("Connection", "close")
            return False
        kept: bool = super().checkPersistence(request, version)  # type: ignore[no-untyped-call]  # Twisted's
        return kept

    def upgrade(self, make: Callable[[Any], U]) -> U:
        """Become a WebSocket: HTTP is over."""
        self.factory.channels.pop(self, None)
        self.setTimeout(None)  # type: ignore[no-untyped-call]  # Twisted's
        self.requests.clear()
        self.transport.unregisterProducer()  # this channel itself
        made = make(self.transport)
        self._upgraded = made
        return made

    def _refuse(self, answer: bytes) -> None:
        """Say so and close; what comes meanwhile is discarded, else a reset eats it."""
        self._is_refused = True
        self.transport.write(answer)
        self.transport.unregisterProducer()  # this channel itself
        self.setTimeout(LINGER)  # type: ignore[no-untyped-call]  # Twisted's
        if is_plain(self.transport):
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()
