"""A WebSocket connection: a member like any other, its lines in text messages.

It is a job: input is parsed by turns, unless it is simple and the turn has time.
``messages`` parses the input, ``writers`` frames the output.
"""

from typing import Any, Final

from twisted.python.failure import Failure

from broadcast.base.settings import Timeouts
from broadcast.base.work import LARGE_READ, SLICE, SMALL_READ, SPARSE
from broadcast.net.connections import Connections
from broadcast.net.liveness import Liveness
from broadcast.net.sockopts import is_private, make_room, peer_of
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import UNRESTRICTED, Role
from broadcast.room.directory import When
from broadcast.session.states import HANDSHAKING
from broadcast.store.entries import Framing
from broadcast.web.frames import Code, line_by_line, ping_frame
from broadcast.web.messages import MessageParser
from broadcast.web.writers import DirectFrameWriter, frame_writer_for

MIN_MESSAGE = 128 * 1024
"""Bytes that a message may always have; more if four longest lines have."""

PING_AFTER = 20.0
"""Seconds of silence after which a ping is sent."""

DEAD_AFTER = 45.0
"""Seconds of silence, a ping sent, after which the other end is taken for dead."""

_NAMED = b"__name__:"
_PING = b"__ping__"
_TEXT = b"\x81"  # how a whole message of text begins

_CODES: Final = {
    "quit": Code.NORMAL,
    "shutdown": Code.GOING_AWAY,
    "restarted": Code.RESTART,
    "idle": Code.GOING_AWAY,
    "too-slow": Code.TRY_AGAIN_LATER,
    "full": Code.TRY_AGAIN_LATER,
}


class WebSocketConnection:
    """One member's connection, from the handshake's answer on.

    Args:
        connections: all that are open.
        transport: below; nobody else writes to it any more.
        framing: how lines become frames.
        head: the handshake's answer.
        role: the rights of its member.
    """

    kind = "websocket"

    __slots__ = (
        "_connections",
        "_failure",
        "_heard",
        "_heard_at",
        "_is_asking",
        "_is_held",
        "_is_little",
        "_is_over",
        "_is_paused",
        "_is_pinged",
        "_lingers",
        "_liveness",
        "_lost",
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
        role: Role = UNRESTRICTED,
    ) -> None:
        self._connections = connections
        self.transport = transport
        longest = 4 * connections.room.settings.max_line
        self._parser = MessageParser(self, max(MIN_MESSAGE, longest))
        self._liveness = Liveness()
        self._heard: list[bytes] = []
        self._heard_at = 0.0
        self._is_pinged = False
        self._is_little = True  # the last that was read
        self._failure: tuple[Code, str] | None = None
        self._is_held = False  # the session isn't to hear more for now
        self._is_paused = False  # the transport isn't read
        self._lost = ""  # how the connection ended
        self._is_over = False  # it has ended, and nothing of it waits
        self._lingers = False
        self.session = connections.new_session(
            self, peer_of(transport), is_private(transport), role
        )
        self._is_asking = role.asks
        self.writer = frame_writer_for(self, framing, head)
        self.session.subscription.writer = self.writer
        self.session.secured(None)
        connections.add(self)
        connections.greetings.add(self)

    # What the transport and the wire tell

    def data_received(self, data: bytes) -> None:
        """Take bytes: simple ones at once, if the turn has time."""
        self._liveness.heard = True
        work, parser = self._connections.work, self._parser
        is_little = len(data) <= SPARSE
        has_to_wait = parser.has_left or (
            work.queued and (not is_little or work.is_late())
        )
        self._is_little = is_fresh = is_little and not parser.has_left
        if parser.has_left:
            self._pause()
        parser.keep(data)
        if has_to_wait or data[:1] != _TEXT:
            work.add(self, is_fresh)
            self.transport.bufferSize = SMALL_READ
            return
        has_more = parser.step(work.clock.seconds() + SLICE, work.clock.seconds)
        is_clean = self._say() and not has_more
        self.transport.bufferSize = LARGE_READ if is_clean else SMALL_READ
        if has_more:
            work.add(self)

    def step(self, until: float) -> bool:
        """Parse, and pass on, some of what waits."""
        if self._is_over:
            return False
        has_more = self._parser.step(until, self._connections.work.clock.seconds)
        self._say()
        if self._lost:
            if not has_more:
                self._be_gone()
        elif has_more:
            self._pause()
        elif self._is_paused and not self._is_held:
            self._is_paused = False
            self.transport.resumeProducing()
        return has_more

    def connection_lost(self, reason: Failure) -> None:
        """Be gone, when the frames that wait have been parsed."""
        self._lost = "left" if self._parser.is_over else "lost"
        self._connections.forget(self)
        if self._parser.has_left and not self._lingers:
            self.session.subscription.stop()
        else:
            self._be_gone()
        self._lingers = True

    def _be_gone(self) -> None:
        self._is_over = True
        self.session.close(self._lost, When.AFTER_SAID)
        # They know this connection, and no cycle is to be left.
        del self.writer, self._parser

    def message_received(self, data: bytes, is_text: bool) -> None:
        """Take a message: lines, of which the last needs no LF."""
        if not is_text and not self._connections.room.settings.relay:
            self._parser.fail(Code.UNSUPPORTED, "lines go in text messages")
            return
        if not data and not self._connections.room.settings.relay:
            return
        if self._is_asking and data.rstrip(b"\r\n") == _PING:
            return
        if data.startswith(_NAMED) and self.session.state in HANDSHAKING:
            self.writer.framing = line_by_line
        self._heard.append(data if data.endswith(b"\n") else data + b"\n")

    def write_control(self, frame: bytes) -> None:
        """Write a control frame, between two others."""
        if not self._lost:
            self.writer.write_control(frame)

    def closed_by_peer(self, code: int) -> None:
        """Leave, in turn: its messages are said, queued output is still written."""
        self._say()
        if self._parser.is_closing:
            self.transport.loseConnection()
        else:
            self.session.close("left", When.AFTER_READ)
        self.linger()

    def failed(self, code: Code, reason: str) -> None:
        """Leave, having said all that came before the error."""
        self._failure = code, reason
        self._say()
        self.session.close("lost", When.AFTER_READ)
        self.linger()

    # What the writer and the session ask of a connection

    def pause_reading(self) -> None:
        """Read no more for now: the input of the session waits."""
        self._is_held = True
        self._pause()

    def resume_reading(self) -> None:
        """Read on, unless what has been read waits."""
        self._is_held = False
        if self._is_paused and not self._parser.has_left:
            self._is_paused = False
            self.transport.resumeProducing()

    def shut(self) -> None:
        """Close our end, with a close frame."""
        bye = self.session.bye or Bye("quit", "")
        reason = _CODES.get(bye.code, Code.POLICY), bye.message
        self._parser.close(*self._failure or reason)
        if self._failure and isinstance(self.writer, DirectFrameWriter):
            self.transport.loseWriteConnection()  # unread input would be a reset
        elif self._parser.is_over:
            self.transport.loseConnection()

    def linger(self) -> None:
        """Close in two seconds; input is discarded meanwhile."""
        if not self._lingers:
            self._lingers = True
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
        if self._lingers:
            return False
        self.session.greet()
        return True

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Ping who is silent; give up on who is dead, idle, or reads nothing."""
        if self._liveness.heard or self.session.is_waiting or self._parser.has_left:
            self._heard_at = now
            self._is_pinged = False
        elif now - self._heard_at > DEAD_AFTER and self._is_pinged:
            self.session.close("lost", When.AFTER_SAID)
            self.abort()
            return
        elif now - self._heard_at > PING_AFTER and not self._is_pinged:
            self._is_pinged = True
            self.write_control(ping_frame())
        address = self.session.member.address
        if self._liveness.check(now, timeouts, self.session, self.transport, address):
            self.abort()

    def _pause(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self.transport.pauseProducing()

    def _say(self) -> bool:
        """Pass on all messages of one read at once: they become one run.

        Returns:
            They were said at once.
        """
        if not self._heard:
            return False
        block = b"".join(self._heard)
        self._heard.clear()
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        return self.session.hear(block, self._is_little)
