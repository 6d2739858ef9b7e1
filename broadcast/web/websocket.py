"""A WebSocket connection: a member like any other, its lines in text messages.

Its writers frame: a member's own lines each time, a batch once for all. Both take a
send whole or not at all, and write control frames between others: one that has to
wait is replaced by the next one (RFC 6455, 5.5.3).
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.python.failure import Failure

from broadcast.base.settings import Timeouts
from broadcast.net.connections import Connections
from broadcast.net.liveness import Liveness
from broadcast.net.sockopts import is_private, make_room, peer_of
from broadcast.net.writers import BufferedWriter, DirectWriter, is_plain
from broadcast.protocol.events import Bye
from broadcast.session.interfaces import IConnection
from broadcast.store.entries import Framing
from broadcast.web.frames import Code, line_by_line, ping_frame
from broadcast.web.messages import MessageParser

MIN_MESSAGE = 128 * 1024
"""Bytes that a message may always have; more if four longest lines have."""

PING_AFTER = 20.0
"""Seconds of silence after which a ping is sent."""

DEAD_AFTER = 45.0
"""Seconds of silence, a ping sent, after which the other end is taken for dead."""

_NAMED = b"__name__:"

_CODES: Final = {
    "quit": Code.NORMAL,
    "shutdown": Code.GOING_AWAY,
    "restarted": Code.RESTART,
    "idle": Code.GOING_AWAY,
    "too-slow": Code.TRY_AGAIN_LATER,
    "full": Code.TRY_AGAIN_LATER,
}


class DirectFrameWriter(DirectWriter):
    """Frames straight to a plain socket; what a socket left of one goes first.

    Args:
        framing: how lines become frames.
        head: the answer to the handshake, written before all else.
    """

    __slots__ = ("_control", "_is_held", "_rest", "framing")

    def __init__(self, connection: IConnection, framing: Framing, head: bytes) -> None:
        super().__init__(connection)
        self.framing: Framing = framing
        self._rest = b""
        self._control = b""
        self._is_held = (
            True  # the head is in the transport's queue: see ``resumeProducing``
        )
        connection.transport.write(head)
        self.wake()

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """Take frames, all or none."""
        return self._send_frames

    def send(self, data: bytes) -> int:
        """Frame whole lines and take them all, or none."""
        return len(data) if self._send_frames(self.framing(data)) else 0

    def write_control(self, frame: bytes) -> None:
        """Write ``frame`` as soon as the frame before it is out."""
        if not self._send_frames(frame):
            self._control = frame
            self.wake()

    def resumeProducing(self) -> None:
        """Write on: the transport's queue is empty, but for the first time."""
        if self._is_held:
            self._is_held = False
        else:
            super().resumeProducing()

    def _send_frames(self, frames: bytes) -> int:
        if self._pulling:
            return 0
        taken = self._give(frames)
        if 0 < taken < len(frames):
            self._rest = frames[taken:]
            self.wake()
        return len(frames) if taken else 0

    def _give(self, data: bytes) -> int:
        try:
            return self._socket_send(data)
        except OSError:  # full, or lost: the reactor will tell which
            return 0

    def _next(self) -> bytes:
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        if self._control:
            control, self._control = self._control, b""
            return control
        chunk = self._connection.session.member.next_chunk()
        return self.framing(chunk) if chunk else b""


class BufferedFrameWriter(BufferedWriter):
    """Frames through the transport: TLS, a proxy's wrapper."""

    __slots__ = ("_control", "framing")

    def __init__(self, connection: IConnection, framing: Framing, head: bytes) -> None:
        self.framing: Framing = framing
        self._control = b""
        super().__init__(connection)
        connection.transport.write(head)

    def send(self, data: bytes) -> int:
        """Frame whole lines and take them all, or none."""
        return len(data) if self.send_shared(self.framing(data)) else 0

    def send_shared(self, data: bytes) -> int:
        """Take frames whole, unless the transport's buffer is full."""
        if self._paused:
            return 0
        self._connection.transport.write(data)
        return len(data)

    def write_control(self, frame: bytes) -> None:
        """Write ``frame`` as soon as there is room."""
        if not self.send_shared(frame):
            self._control = frame

    def _next(self) -> bytes:
        if self._control:
            control, self._control = self._control, b""
            return control
        chunk = self._connection.session.member.next_chunk()
        return self.framing(chunk) if chunk else b""


def frame_writer_for(
    connection: IConnection, framing: Framing, head: bytes
) -> DirectFrameWriter | BufferedFrameWriter:
    """Return the fastest framing writer that is right for the transport."""
    kind = DirectFrameWriter if is_plain(connection.transport) else BufferedFrameWriter
    return kind(connection, framing, head)


class WebSocketConnection:
    """One member's connection, from the handshake's answer on.

    Args:
        connections: all that are open.
        transport: below; nobody else writes to it any more.
        framing: how lines become frames.
        head: the handshake's answer.
    """

    kind = "websocket"

    __slots__ = (
        "_connections",
        "_heard",
        "_heard_at",
        "_is_closing",
        "_is_pinged",
        "_liveness",
        "_parser",
        "session",
        "transport",
        "writer",
    )

    def __init__(
        self,
        connections: Connections,
        transport: Any,
        framing: Framing,
        head: bytes,
    ) -> None:
        self._connections = connections
        self.transport = transport
        longest = 4 * connections.room.settings.max_line
        self._parser = MessageParser(self, max(MIN_MESSAGE, longest))
        self._liveness = Liveness()
        self._heard: list[bytes] = []
        self._heard_at = 0.0
        self._is_pinged = False
        self._is_closing = False
        self.session = connections.new_session(
            self, peer_of(transport), is_private(transport)
        )
        member = self.session.member
        self.writer = frame_writer_for(self, framing, head)
        member.writer = self.writer
        connections.add(self)
        connections.greetings.add(self)

    # What the transport and the wire tell

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._liveness.heard = True
        self._parser.receive(data)
        self._say()

    def connection_lost(self, reason: Failure) -> None:
        """Be gone."""
        self._is_closing = True
        self.session.lose("left" if self._parser.is_over else "lost")
        self._connections.forget(self)
        # They know this connection, and no cycle is to be left.
        del self.writer, self._parser

    def message_received(self, data: bytes, is_text: bool) -> None:
        """Take a message: lines, of which the last needs no LF."""
        if not is_text and not self._connections.room.settings.relay:
            self._parser.fail(Code.UNSUPPORTED, "lines go in text messages")
            return
        if not data and not self._connections.room.settings.relay:
            return
        member = self.session.member
        if (
            data.startswith(_NAMED)
            and member.session_id not in self._connections.room.members
        ):
            self.writer.framing = line_by_line
        self._heard.append(data if data.endswith(b"\n") else data + b"\n")

    def write_control(self, frame: bytes) -> None:
        """Write a control frame, between two others."""
        self.writer.write_control(frame)

    def closed_by_peer(self, code: int) -> None:
        """Leave, in turn: what was said is said, what is queued still written."""
        self._say()
        if self._parser.is_closing:
            self.transport.loseConnection()
        else:
            self.session.end()
        self.close_soon()

    def messages_end(self) -> None:
        """Leave, having said all that came before the error.

        Now, so that no answer follows the close frame.
        """
        self._say()
        self.session.lose("lost")

    def closed_for_error(self) -> None:
        """Close: what came was wrong."""
        self.close_soon()
        if isinstance(self.writer, DirectFrameWriter):
            self.transport.loseWriteConnection()  # unread input would be a reset
        else:
            self.transport.loseConnection()

    # What the writer and the session ask of a connection

    def pause_reading(self) -> None:
        """Read no more for now."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Read on."""
        self.transport.resumeProducing()

    def finish(self) -> None:
        """Close: all is written."""
        bye = self.session.member.bye or Bye("quit", "")
        code = _CODES.get(bye.code, Code.POLICY)
        self._parser.close(code, bye.message)
        self.close_soon()
        if self._parser.is_over:
            self.transport.loseConnection()

    def close_soon(self) -> None:
        """Close in two seconds; what comes meanwhile is discarded."""
        if not self._is_closing:
            self._is_closing = True
            self.resume_reading()
            make_room(self.transport)
            self._connections.closing.add(self)

    def abort(self) -> bool:
        """Close now; return whether it was open."""
        if self not in self._connections:
            return False
        self.transport.abortConnection()
        return True

    # What the liveness monitor and the deadlines ask

    def introduce(self, lines: bytes) -> None:
        """Take the lines of an introduction that came with the handshake."""
        self.session.hear(lines)

    def greet(self) -> bool:
        """End the introduction: its time is over; False: it was to end anyway."""
        if self._is_closing:
            return False
        self.session.join()
        return True

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Ping who is silent; give up on who is dead, idle, or reads nothing."""
        if self._liveness.heard or self.session.is_waiting:
            self._heard_at = now
            self._is_pinged = False
        elif now - self._heard_at > DEAD_AFTER and self._is_pinged:
            self.session.lose("lost")
            self.abort()
            return
        elif now - self._heard_at > PING_AFTER and not self._is_pinged:
            self._is_pinged = True
            self.write_control(ping_frame())
        address = self.session.member.address
        if self._liveness.check(now, timeouts, self.session, self.transport, address):
            self.abort()

    def _say(self) -> None:
        """Pass on all messages of one read at once: they become one run."""
        if self._heard:
            block = b"".join(self._heard)
            self._heard.clear()
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n")
            self.session.hear(block)
