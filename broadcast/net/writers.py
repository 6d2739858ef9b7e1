"""Writers over Twisted transports: direct for plain sockets, buffered for the rest.

The direct one writes to the socket itself: it saves two ``epoll_ctl`` calls and
a round of polling for each member and batch. It must never be used where
something stands between the protocol and the socket: see ``is_plain``.
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet import interfaces, tcp
from zope.interface import implementer

from broadcast.net.accept import PacedServer
from broadcast.room.output import CHUNK
from broadcast.session.interfaces import IConnection
from broadcast.store.entries import Framing

try:
    from broadcast.net.unix import PacedUnixServer
except ImportError:  # Windows
    _PLAIN: tuple[type, ...] = (tcp.Server, PacedServer)
else:
    _PLAIN = (tcp.Server, PacedServer, PacedUnixServer)


LITTLE: Final = 4096
"""Bytes, about, that the transport gets for a peer whose socket is full."""


def is_plain(transport: Any) -> bool:
    """Tell whether bytes given to the socket are bytes on the wire.

    Only by exact type, and with TLS off: anything that merely looks like a
    socket transport may encrypt or frame.
    """
    return type(transport) in _PLAIN and not transport.TLS


@implementer(interfaces.IPullProducer)
class DirectWriter:
    """Writes straight to a plain TCP or unix socket; a pull producer when behind.

    Attributes:
        is_broken: the socket has failed. It tells why only once: the reactor,
            which asks later, may see a mere end of file.
    """

    __slots__ = (
        "_connection",
        "_is_full",
        "_pulling",
        "_socket_send",
        "is_broken",
    )

    framing: Framing | None = None

    def __init__(self, connection: IConnection) -> None:
        self._connection = connection
        self._socket_send: Callable[[bytes], int] = (
            connection.transport.getHandle().send
        )
        self._pulling = False
        self._is_full = False  # the socket has not taken all that it was given
        self.is_broken = False

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """The socket's own ``send``: a wrapper would cost 4 % of a delivery."""
        return self._socket_send

    def send(self, data: bytes) -> int:
        """Give the socket what it takes; 0 also when the connection is lost."""
        try:
            taken: int = self._socket_send(data)
        except BlockingIOError:
            return 0
        except OSError:  # the reactor will find out, too
            self.is_broken = True
            return 0
        return taken

    _give = send

    def wake(self) -> None:
        """Register as a pull producer, which pulls at once."""
        if not self._pulling:
            self._pulling = self._is_full = True
            self._connection.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Write on: the transport's queue is empty; in turn, if the turn is late."""
        work = self._connection.session.subscription.work
        if work.queued and work.is_late():
            work.add(self)
        else:
            self._pull()

    def step(self, until: float) -> bool:
        """Write on, in turn: a job."""
        if self._pulling:
            self._pull()
        return False

    def abort(self) -> None:
        """Close: writing has failed."""
        self._connection.abort()

    def stopProducing(self) -> None:
        """Write no more: the connection is told that it is lost."""
        self._pulling = False

    def _pull(self) -> None:
        """Give the socket what it takes, up to so much; the rest to the transport.

        A socket that is full gets a little by the transport, which tells when that has
        gone out: nothing more is kept for a peer that doesn't read.
        """
        transport = self._connection.transport
        if self._is_full:
            self._is_full = False
            if chunk := self._next(LITTLE):
                transport.write(chunk)
            else:
                self._stop()
            return
        for _ in range(self._connection.session.subscription.steps):
            chunk = self._next(CHUNK)
            if not chunk:
                self._stop()
                return
            taken = self._give(chunk)
            if taken < len(chunk):
                transport.write(chunk[taken:])
                return
        self._is_full = True
        self._pull()

    def _next(self, space: int) -> bytes:
        """Return what is to be written next, about so many bytes as they go out."""
        return self._connection.session.subscription.next_chunk(space)

    def _stop(self) -> None:
        self._pulling = False
        self._connection.transport.unregisterProducer()
        if self._connection.session.subscription.finished:
            self._connection.session.finished()


@implementer(interfaces.IPushProducer)
class BufferedWriter:
    """Writes through the transport (TLS, a proxy's wrapper); a push producer."""

    __slots__ = ("_connection", "_done", "_paused")

    framing: Framing | None = None
    is_broken = False

    def __init__(self, connection: IConnection) -> None:
        self._connection = connection
        self._paused = False
        self._done = False
        connection.transport.registerProducer(self, True)

    def send(self, data: bytes) -> int:
        """Write chunks of 64 KiB, of whole lines, until the transport's buffer is full.

        What is left may never be sent: other last words may take its place.
        """
        sent = 0
        while sent < len(data) and not self._paused:
            end = data.rfind(b"\n", sent, sent + CHUNK) + 1
            end = end or data.find(b"\n", sent) + 1 or len(data)  # telnet's has none
            self._connection.transport.write(data[sent:end])
            sent = end
        return sent

    send_shared = send

    def wake(self) -> None:
        """Write on unless paused."""
        if not self._paused:
            self.resumeProducing()

    def pauseProducing(self) -> None:
        """Write no more for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Write on."""
        self._paused = False
        while not self._paused and not self._done:
            chunk = self._next(CHUNK)
            if not chunk:
                self._stop()
                return
            self._connection.transport.write(chunk)

    def stopProducing(self) -> None:
        """Stop: the connection is lost."""
        self._paused = True

    def _next(self, space: int) -> bytes:
        """Return what is to be written next, about so many bytes as they go out."""
        return self._connection.session.subscription.next_chunk(space)

    def _stop(self) -> None:
        if self._connection.session.subscription.finished and not self._done:
            self._done = True
            self._connection.transport.unregisterProducer()
            self._connection.session.finished()


def writer_for(connection: IConnection) -> DirectWriter | BufferedWriter:
    """Return the fastest writer that is right for the connection's transport."""
    kind = DirectWriter if is_plain(connection.transport) else BufferedWriter
    return kind(connection)
