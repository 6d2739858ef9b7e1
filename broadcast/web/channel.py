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
from broadcast.base.work import SPARSE
from broadcast.net import sockopts
from broadcast.net.closing import LINGER
from broadcast.net.writers import is_plain
from broadcast.protocol import strays
from broadcast.web import heads
from broadcast.web.bodies import Body, BodyError
from broadcast.web.http import TOO_LONG, IStream, IUpgraded, refusal

IDLE_TIME: Final = 15
"""Seconds for which an idle connection is kept after an answer."""

CUT_AFTER: Final = 15
"""Seconds within which a closed connection must have read its last answer."""

MAX_HEAD: Final = 16 * 1024
"""Bytes of a request line and headers, at most. It also limits the bytes that are read
ahead during an answer."""

_HEAD_END = b"\r\n\r\n"
_DONE = Failure(ConnectionDone())

S = TypeVar("S", bound=IStream)
T = TypeVar("T")
U = TypeVar("U", bound=IUpgraded)


class State(enum.Enum):
    """The state of a connection, which decides what its input is."""

    HTTP = enum.auto()
    UNWANTED = enum.auto()  # it is refused, in the way of the request that it makes
    REFUSED = enum.auto()  # input is discarded
    UPGRADED = enum.auto()  # input is a WebSocket's, or a stream has begun
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
        self._stream: IStream | None = None
        self._request_time: float | None = None
        self._cut: Any = None
        self._is_stopping = False
        self._is_idle = False
        self._is_full = False
        self._is_stepping = False
        self._has_ended = False
        self._body: Body | None = None  # one that is being received
        self._refusal = b""
        self._line = b""  # the request line of the last head
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
            self._state = State.UNWANTED
            self._refusal = refusal
            self._allow(LINGER)
        else:
            self._state = State.REFUSED
            self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Buffer bytes. The deadline of a request is not extended by further bytes."""
        if self._upgraded is not None:
            self._upgraded.data_received(data)
            return
        if self._state is State.UNWANTED:
            self._unread += data
            if b"\n" in self._unread or len(self._unread) > MAX_HEAD:
                self._turn_away()
            return
        if not self._is_http:
            # Over TLS more bytes are received after the close, and HTTPChannel, which
            # has forgotten the request by then, would raise.
            return
        if self._is_idle:
            self._is_idle = False
            self._allow(self._request_time)
        was_idle = not self._unread and not self.requests
        self._unread += data
        self.factory.work.add(self, was_idle and len(data) <= SPARSE)
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
            while can_go_on := self._answer_next():
                if self.factory.work.clock.seconds() >= until:
                    break
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

        After an upgrade there is nothing to answer, but by a stream that has an end.
        """
        if self._upgraded is not None:
            if self._stream is None or not self._stream.goes_on:
                self.transport.connectionLost(_DONE)
            return
        self._has_ended = True
        if self._state is State.UNWANTED:
            self._turn_away()
        self._mind_reading()
        if self._state is State.REFUSED:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: this end was closed after a refusal, which the peer reads."""

    def allHeadersReceived(self) -> None:
        """Refuse a request with a body that is not wanted, before the body is read.

        Twisted would store any body in a file, whatever its size.
        """
        request = self.requests[-1]
        if self.length == 0 and not request.requestHeaders.hasHeader(
            b"Transfer-Encoding"
        ):
            super().allHeadersReceived()  # type: ignore[no-untyped-call]  # Twisted's
        elif refusal := request.refuse_body(self._line, self.length):
            self.length = None  # with 0 the request would be answered
            self._refuse(refusal)
        else:
            if self.length != 0:
                self._body = Body(self.length)
            super().allHeadersReceived()  # type: ignore[no-untyped-call]  # Twisted's

    def refuse_rest(self, answer: bytes) -> None:
        """Write ``answer`` and close: the rest of a body is not wanted."""
        self._body = None
        self._refuse(answer)

    def timeoutConnection(self) -> None:
        """Close an idle or a slow connection, without a line in the log."""
        if self._state is State.UNWANTED:
            self._turn_away()
            return
        if self._state is State.REFUSED:
            self.transport.loseConnection()
            return
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

    def is_waiting_for(self, request: Any) -> bool:
        """Tell whether an answer to ``request`` could still be written."""
        return self._is_http and request in self.requests

    def upgrade(self, make: Callable[[Any], U]) -> U:
        """Hand the transport to the WebSocket that ``make`` returns."""
        self.factory.places.leave(self)
        made = self._hand_over(make)
        self._upgraded = made
        return made

    def stream(self, make: Callable[[Any], S], keeps_place: bool) -> S:
        """Hand the transport to the stream that ``make`` returns: an answer for long.

        Args:
            make: makes the stream, on the transport.
            keeps_place: it is no member's, and counts as an HTTP connection still.
        """
        if not keeps_place:
            self.factory.places.leave(self)
        made = self._hand_over(make)
        self._upgraded = self._stream = made
        return made

    def _hand_over(self, make: Callable[[Any], T]) -> T:
        self._allow(None)
        self.requests.clear()
        self.transport.unregisterProducer()  # this channel itself
        self.transport.resumeProducing()
        self._state = State.UPGRADED
        return make(self.transport)

    @property
    def _is_http(self) -> bool:
        return self._state is State.HTTP and not self.transport.disconnecting

    def _answer_next(self) -> bool:
        """Answer the next request, if it is whole and may be answered now."""
        if self._body is not None:
            return self._take_body(self._body)
        end = self._head_end()
        if not end:
            return False
        head = bytes(self._unread[:end])
        self._line = head.partition(b"\r\n")[0]
        if wrong := heads.refusal_of(head):
            self._refuse(wrong)
            return False
        del self._unread[:end]
        LineReceiver.dataReceived(self, head)
        if self._upgraded is not None and self._unread:
            rest = bytes(self._unread)
            self._unread.clear()
            self._upgraded.data_received(rest)
        return True

    def _take_body(self, body: Body) -> bool:
        """Take what there is of a body; tell whether there was anything."""
        if not self._is_http or not self._unread:
            return False
        try:
            piece = body.take(self._unread)
        except BodyError as error:
            self.refuse_rest(refusal(400, str(error)))
            return False
        if piece:
            self.requests[-1].handleContentChunk(piece)
        if body.is_whole and self._body is not None:
            self._body = None
            self.allContentReceived()  # type: ignore[no-untyped-call]  # Twisted's
        return bool(piece) or body.is_whole

    def _turn_away(self) -> None:
        """Refuse a connection for which there is no place, in its request's way."""
        line = bytes(self._unread).partition(b"\n")[0]
        self._refuse(self.factory.refusal_for(line, self._refusal))

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
        is_cut_short = self._body is not None and not self._unread  # if it has ended
        is_waiting = bool(self.requests) and not is_cut_short
        is_done = not (is_waiting or self._is_full or self._head_end())
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
        if self._line.startswith(b"HEAD "):
            answer = answer[: answer.index(_HEAD_END) + len(_HEAD_END)]
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
