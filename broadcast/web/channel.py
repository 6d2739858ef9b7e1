"""An HTTP connection, until it becomes a WebSocket.

It uses Twisted's parser, and controls its input. On its own, the parser answers all
requests of a read in a single call, and goes on reading from a peer that reads no
answers. Here the bytes are buffered until a request's head is whole. The next head is
parsed once the previous answer is written and the transport has room.
"""

import enum
from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from broadcast.base.hosts import is_loopback
from broadcast.net import sockopts
from broadcast.net.closing import LINGER
from broadcast.net.writers import is_plain
from broadcast.protocol import strays
from broadcast.web.http import NO_BODY, TOO_LONG, IUpgraded

IDLE_TIME: Final = 15
"""Seconds for which an idle connection is kept after an answer."""

CUT_AFTER: Final = 15
"""Seconds within which a closed connection must have read its last answer."""

MAX_HEAD: Final = 16 * 1024
"""Bytes of a request line and headers, at most. It also limits the bytes that are read
ahead during an answer."""

_HEAD_END = b"\r\n\r\n"
_DONE = Failure(ConnectionDone())

U = TypeVar("U", bound=IUpgraded)


class State(enum.Enum):
    """The state of a connection, which decides what its input is."""

    HTTP = enum.auto()
    REFUSED = enum.auto()  # input is discarded
    UPGRADED = enum.auto()  # input is a WebSocket's
    GONE = enum.auto()


@implementer(IHalfCloseableProtocol)  # else an end of file drops unwritten answers
class Channel(HTTPChannel):
    """An HTTP connection: a request at a time.

    Attributes:
        is_inside: the client has connected to a loopback address.
    """

    transport: Any
    factory: Any

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._state = State.HTTP
        self._unread = bytearray()
        self._upgraded: IUpgraded | None = None
        self._request_time: float | None = None
        self._cut: Any = None
        self._is_stopping = False
        self._is_idle = False
        self._is_full = False
        self._is_stepping = False
        self._has_ended = False
        self.is_inside = False

    def connectionMade(self) -> None:
        """Prepare the socket and wait for a request."""
        self._request_time = self.timeOut
        self.is_inside = _is_inside(self.transport)
        sockopts.prepare(self.transport)
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted's
        places = self.factory.places
        address = sockopts.name_of(self.transport.getPeer())
        if not (refusal := places.enter(self, address)):
            return
        if places.may_linger(self):
            self._refuse(refusal)
        else:
            self._state = State.REFUSED
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Buffer bytes. The deadline of a request is not extended by further bytes."""
        if self._upgraded is not None:
            self._upgraded.data_received(data)
            return
        if not self._is_http:
            # Over TLS more bytes are received after the close, and HTTPChannel, which
            # has forgotten the request by then, would raise.
            return
        if self._is_idle:
            self._is_idle = False
            self._allow(self._request_time)
        is_fresh = not self._unread and not self.requests
        self._unread += data
        self.factory.work.add(self, is_fresh)
        if len(self._unread) > MAX_HEAD:
            self._mind_reading()

    def step(self, until: float) -> bool:
        """Answer a request, and begin no other after ``until``.

        Returns:
            Whether another request can be answered now.
        """
        if self._state is State.GONE:
            return False
        self._is_stepping = True
        try:
            while self._answer_next():
                if self.factory.work.clock.seconds() >= until:
                    break
            can_go_on = bool(self._head_end())
            self._mind_reading()
        finally:
            self._is_stepping = False
        return can_go_on

    def abort(self) -> None:
        """Close the connection: a request could not be answered."""
        self._unread.clear()
        if self._state is not State.GONE:
            self.transport.abortConnection()

    def requestDone(self, request: Any) -> None:
        """Go on with the bytes received during the answer, which is complete."""
        super().requestDone(request)  # type: ignore[no-untyped-call]  # Twisted's
        if not self._is_http:
            return
        self._is_idle = not self._unread
        self._allow(IDLE_TIME if self._is_idle else self._request_time)
        if not self._is_stepping:
            self._mind_reading()
            self.factory.work.add(self)

    def pauseProducing(self) -> None:
        """Pause the answers: the peer doesn't read."""
        self._is_full = True
        super().pauseProducing()  # type: ignore[no-untyped-call]  # Twisted's

    def resumeProducing(self) -> None:
        """Resume the answers: the peer has read."""
        self._is_full = False
        super().resumeProducing()  # type: ignore[no-untyped-call]  # Twisted's
        if not self._is_stepping:
            self._mind_reading()
            self.factory.work.add(self)

    def readConnectionLost(self) -> None:
        """Answer the requests received, and close: the peer has closed its end.

        After an upgrade there is nothing to answer.
        """
        if self._upgraded is not None:
            self.transport.connectionLost(_DONE)
            return
        self._has_ended = True
        self._mind_reading()
        if self._state is State.REFUSED:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: this end was closed after a refusal, which the peer reads."""

    def allHeadersReceived(self) -> None:
        """Refuse a request with a body before the body is read.

        Twisted would store a body in a file, whatever its size.
        """
        given = self.requests[-1].requestHeaders
        if self.length == 0 and not given.hasHeader(b"Transfer-Encoding"):
            super().allHeadersReceived()  # type: ignore[no-untyped-call]  # Twisted's
            return
        self.length = None  # with 0 the request would be answered
        self._refuse(NO_BODY)

    def timeoutConnection(self) -> None:
        """Close an idle or a slow connection, without a line in the log."""
        if self._cut is None:
            later: Any = self.callLater  # untyped, as Twisted's
            self._cut = later(CUT_AFTER, self._cut_off)
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def connectionLost(self, reason: Failure = _DONE) -> None:
        """Release the connection's place, buffer and timer."""
        self._state = State.GONE
        self.factory.places.leave(self)
        self._unread.clear()
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None
        if self._upgraded is not None:
            self._upgraded.connection_lost(reason)
        else:
            super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's

    def stop(self) -> None:
        """Close the connection; after the answer, if a request is under way."""
        self._is_stopping = True
        if not self.requests and not self._unread:
            self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Tell whether the connection is kept after the answer to ``request``."""
        if self._is_stopping or self.factory.is_stopping:
            request.setHeader("Connection", "close")
            return False
        kept: bool = super().checkPersistence(request, version)  # type: ignore[no-untyped-call]  # Twisted's
        return kept

    def upgrade(self, make: Callable[[Any], U]) -> U:
        """Hand the transport to the WebSocket that ``make`` returns."""
        self.factory.places.leave(self)
        self._allow(None)
        self.requests.clear()
        self.transport.unregisterProducer()  # this channel itself
        self.transport.resumeProducing()
        self._state = State.UPGRADED
        made = make(self.transport)
        self._upgraded = made
        return made

    @property
    def _is_http(self) -> bool:
        return self._state is State.HTTP and not self.transport.disconnecting

    def _answer_next(self) -> bool:
        """Answer the next request, if it is whole and may be answered now."""
        end = self._head_end()
        if not end:
            return False
        head = bytes(self._unread[:end])
        del self._unread[:end]
        LineReceiver.dataReceived(self, head)
        if self._upgraded is not None and self._unread:
            rest = bytes(self._unread)
            self._unread.clear()
            self._upgraded.data_received(rest)
        return True

    def _head_end(self) -> int:
        """Return the end of the next head; 0 if it is not whole, or has to wait."""
        if not self._is_http or self._is_full or self.requests:
            return 0
        unread = self._unread
        while unread.startswith(b"\r\n"):  # as RFC 9112, 2.2, allows before a request
            del unread[:2]
        end = unread.find(_HEAD_END) + len(_HEAD_END)
        is_whole = end >= len(_HEAD_END)
        if strays.is_no_http(unread):
            self._refuse(strays.HTTP_SPOKEN_HERE)
        elif (end if is_whole else len(unread)) > MAX_HEAD:
            self._refuse(TOO_LONG)
        elif is_whole:
            return end
        return 0

    def _mind_reading(self) -> None:
        """Pause or resume reading, since Twisted resumes it after each answer.

        After an end of file, close the connection once all requests are answered.
        """
        if not self._is_http:
            return
        if self._is_full or self._has_ended or len(self._unread) > MAX_HEAD:
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()
        is_done = not (self.requests or self._is_full or self._head_end())
        if self._has_ended and is_done and self._is_http:
            self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def _allow(self, seconds: float | None) -> None:
        self.setTimeout(seconds)  # type: ignore[no-untyped-call]  # Twisted's

    def _cut_off(self) -> None:
        self._cut = None
        self.transport.abortConnection()

    def _refuse(self, answer: bytes) -> None:
        """Write ``answer`` and close.

        Input is discarded meanwhile: unread bytes would cause a reset, which would drop
        the answer.
        """
        self._state = State.REFUSED
        self._unread.clear()
        self.transport.write(answer)
        self.transport.unregisterProducer()  # this channel itself
        self.transport.resumeProducing()
        self._allow(LINGER)
        if is_plain(self.transport):
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()


def _is_inside(transport: Any) -> bool:
    """Tell whether the socket's own address is loopback, behind a proxy or not."""
    handle = sockopts.socket_of(transport)
    if handle is None:
        return is_loopback(getattr(transport.getHost(), "host", ""))
    name = handle.getsockname()
    return isinstance(name, tuple) and is_loopback(name[0])
