"""Writers over Twisted transports: direct for plain sockets, buffered for the rest.

The direct writer calls the socket itself, which saves two ``epoll_ctl`` calls and a
round of polling for each member and batch. It must never be used with a layer between
the protocol and the socket (``is_plain``).
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet import interfaces, tcp
from zope.interface import implementer

from broadcast.base.work import SLICE
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


RECORD: Final = 16384
"""Bytes of a record of TLS, at most."""

ALL_TOGETHER: Final = 4 << 20
"""Bytes that all members of a room may have in the buffers of their transports, unless
these are less than a record each. The reactor writes them all in one iteration."""

LITTLE: Final = 4096
"""Bytes, approximately, that the transport buffers for a peer whose socket is full."""


def is_plain(transport: Any) -> bool:
    """Tell whether bytes written to the socket are the bytes on the wire.

    The exact type counts, and TLS must be off: any other transport, even a subclass,
    may encrypt or frame.
    """
    return type(transport) in _PLAIN and not transport.TLS


@implementer(interfaces.IPullProducer)
class DirectWriter:
    """Writes straight to a plain TCP or unix socket; a pull producer when behind.

    Attributes:
        is_broken: see ``IWriter``.
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
        self._is_full = False  # the socket has not taken all of the last write
        self.is_broken = False

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """The socket's own ``send``: a wrapper would cost 4 % of a delivery."""
        return self._socket_send

    def send(self, data: bytes) -> int:
        """Write as much as the socket takes; return 0 for a lost connection, too."""
        try:
            taken: int = self._socket_send(data)
        except BlockingIOError:
            return 0
        except OSError:  # the reactor will see it, too
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
        """Write on, now that the transport's queue is empty; as a job if it is late."""
        subscription = self._connection.session.subscription
        work = subscription.work
        is_late = work.queued and work.is_late()
        if is_late or self._pull(work.clock.seconds() + SLICE):
            subscription.write_later(self)

    def step(self, until: float) -> bool:
        """Write on, as a job; a whole slice for output that is urgent."""
        if not self._pulling:
            return False
        subscription = self._connection.session.subscription
        if subscription.is_urgent:
            until = max(until, subscription.work.clock.seconds() + SLICE)
        return self._pull(until)

    def abort(self) -> None:
        """Close: writing has failed."""
        self._connection.abort()

    def stopProducing(self) -> None:
        """Write no more: the connection is told that it is lost."""
        self._pulling = False

    def _pull(self, until: float) -> bool:
        """Write chunks to the socket, and a rest to the transport.

        For a full socket the transport gets a little, and calls back once it is
        written. No more than that is buffered for a peer that doesn't read.

        Returns:
            The socket has taken it all, and there is more.
        """
        transport = self._connection.transport
        subscription = self._connection.session.subscription
        seconds = subscription.work.clock.seconds
        # A member that waits for an answer may only have been left for later.
        is_full = self._is_full and not subscription.is_awaited
        self._is_full = False
        while chunk := self._next(LITTLE if is_full else CHUNK):
            taken = 0 if is_full else self._give(chunk)
            if taken < len(chunk):
                transport.write(chunk[taken:])
                return False
            if seconds() >= until:
                return True
        self._stop()
        return False

    def _next(self, space: int) -> bytes:
        """Return the next bytes for the wire, approximately ``space`` of them."""
        return self._connection.session.subscription.next_chunk(space)

    def _stop(self) -> None:
        self._pulling = False
        self._connection.transport.unregisterProducer()
        if self._connection.session.subscription.finished:
            self._connection.session.finished()


@implementer(interfaces.IPushProducer)
class BufferedWriter:
    """Writes through the transport (TLS, a proxy's wrapper); a push producer."""

    __slots__ = ("_connection", "_done", "_paused", "is_broken")

    framing: Framing | None = None

    def __init__(self, connection: IConnection) -> None:
        self._connection = connection
        self._paused = False
        self._done = False
        self.is_broken = False
        connection.transport.registerProducer(self, True)

    def send(self, data: bytes) -> int:
        """Write whole lines, a share at a time, until the transport's buffer is full.

        The rest may never be sent: other last words may replace it.
        """
        sent, share = 0, self._share
        while sent < len(data) and not self._paused:
            end = data.rfind(b"\n", sent, sent + share) + 1
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
        """Write on; as a job if it is late."""
        self._paused = False
        subscription = self._connection.session.subscription
        work = subscription.work
        if work.is_late() or self.step(work.clock.seconds() + SLICE):
            subscription.write_later(self)

    def step(self, until: float) -> bool:
        """Write until the transport's buffer is full; tell whether there is more."""
        seconds = self._connection.session.subscription.work.clock.seconds
        while not self._paused and not self._done:
            chunk = self._next(self._share)
            if not chunk:
                self._stop()
                return False
            self._connection.transport.write(chunk)
            if seconds() >= until:
                return not self._paused
        return False

    def abort(self) -> None:
        """Close: writing has failed."""
        self._connection.abort()

    def stopProducing(self) -> None:
        """Stop: the connection is lost."""
        self._paused = True

    def _next(self, space: int) -> bytes:
        """Return the next bytes for the wire, approximately ``space`` of them."""
        return self._connection.session.subscription.next_chunk(space)

    @property
    def _share(self) -> int:
        """Bytes for the wire at a time: whole records, as many as all may have."""
        members = len(self._connection.session.room.subscriptions)
        records = min(CHUNK, ALL_TOGETHER // max(1, members)) // RECORD
        return max(1, records) * RECORD

    def _stop(self) -> None:
        if self._connection.session.subscription.finished and not self._done:
            self._done = True
            self._connection.transport.unregisterProducer()
            self._connection.session.finished()


def writer_for(connection: IConnection) -> DirectWriter | BufferedWriter:
    """Return the fastest writer that is right for the connection's transport."""
    kind = DirectWriter if is_plain(connection.transport) else BufferedWriter
    return kind(connection)
