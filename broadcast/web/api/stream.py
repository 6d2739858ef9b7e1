"""A stream: the connection of a reader, from the head of its answer on.

It says nothing more. Bytes that come all the same are dropped, and end it if they are
many.
"""

import weakref
from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from broadcast.base.settings import Timeouts
from broadcast.base.timers import Deadlines
from broadcast.base.work import SMALL_READ
from broadcast.net.connections import Connections
from broadcast.net.liveness import Liveness, begin_liveness
from broadcast.net.sockopts import make_room, peer_of
from broadcast.room.directory import When
from broadcast.session.reader import Wish, reader_session
from broadcast.store.entries import Framing
from broadcast.web.api.framing import COMMENT, END, chunk
from broadcast.web.writers import DirectFrameWriter, frame_writer_for

COMMENT_EVERY: Final = 15.0
"""Seconds between two comments to an EventSource."""

MAX_SURPLUS: Final = 16 * 1024
"""Bytes that may come after the request."""


class StreamConnection:
    """One reader's connection: see ``IConnection``.

    Args:
        connections: the open connections.
        transport: the transport, which nobody else writes to any more.
        head: the head of the answer, and bytes before the first event.
        framing: how lines are framed.
        is_chunked: the body is sent in chunks.
        wish: the wishes of the reader.
    """

    kind = "http"

    __slots__ = (
        "__weakref__",
        "_connections",
        "_is_chunked",
        "_lingers",
        "_liveness",
        "_surplus",
        "_wish",
        "session",
        "transport",
        "writer",
    )

    def __init__(
        self,
        connections: Connections,
        transport: Any,
        head: bytes,
        framing: Framing,
        is_chunked: bool,
        wish: Wish,
    ) -> None:
        self._connections = connections
        self.transport = transport
        self._is_chunked = is_chunked
        self._wish = wish
        self._liveness: Liveness | None = None
        self._surplus = 0
        self._lingers = False
        transport.bufferSize = SMALL_READ
        room, peer = connections.room, peer_of(transport)
        self.session = reader_session(room, self, peer, wish)
        self.writer = frame_writer_for(self, framing, head)
        self.session.subscription.writer = self.writer
        self.session.secured(None)
        connections.add(self)
        self.session.greet()

    def data_received(self, data: bytes) -> None:
        """Drop what comes after the request."""
        self._surplus += len(data)
        if self._surplus > MAX_SURPLUS and not self._lingers:
            self.abort()

    @property
    def goes_on(self) -> bool:
        """Tell whether it is written on, though the other end has closed its side."""
        return not (self._wish.follows or self._lingers)

    def connection_lost(self, reason: Failure) -> None:
        """Be gone."""
        has_left = reason.check(ConnectionDone) is not None
        is_clean = has_left and not self.writer.is_broken
        self._lingers = True
        self._connections.forget(self)
        self.session.close("left" if is_clean else "lost", When.AFTER_SAID)
        del self.writer  # it knows this connection, and no cycle is to be left

    def pause_reading(self) -> None:
        """Do nothing: nothing that comes is kept."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def shut(self) -> None:
        """End the body, and close this end."""
        if self._is_chunked:
            self.transport.write(END)
        if isinstance(self.writer, DirectFrameWriter):
            self.transport.loseWriteConnection()  # unread input would be a reset
        else:
            self.transport.loseConnection()

    def linger(self) -> None:
        """Close in two seconds; input is discarded meanwhile."""
        if not self._lingers:
            self._lingers = True
            make_room(self.transport)
            self._connections.closing.add(self)

    def abort(self) -> bool:
        """Close now; return whether it was open."""
        if self not in self._connections:
            return False
        self.transport.abortConnection()
        return True

    def greet(self) -> bool:
        """Do nothing: it has introduced itself with its request."""
        return False

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Close a reader that reads nothing for too long."""
        liveness = self._liveness or begin_liveness(self.session, self.transport)
        if liveness is not None:
            address = self.session.member.address
            if liveness.check(now, timeouts, self.session, self.transport, address):
                self.abort()
            self._liveness = liveness if liveness.goes_on(self.session) else None

    def comment(self) -> bool:
        """Write a comment; tell whether it is still there to be written to."""
        if self._lingers:
            return False
        self.writer.write_control(chunk(COMMENT) if self._is_chunked else COMMENT)
        return True


class Comments:
    """Writes comments to streams of events: each one every 15 seconds.

    Args:
        connections: the open connections, which also have the clock.
    """

    def __init__(self, connections: Connections) -> None:
        self._due = Deadlines["weakref.ref[StreamConnection]"](
            COMMENT_EVERY, connections.work, self._comment
        )

    def add(self, stream: StreamConnection) -> None:
        """Write comments to ``stream`` as long as it is there."""
        self._due.add(weakref.ref(stream))

    def _comment(self, reference: "weakref.ref[StreamConnection]") -> bool:
        stream = reference()
        if stream is None or not stream.comment():
            return False
        self._due.add(reference)
        return True
