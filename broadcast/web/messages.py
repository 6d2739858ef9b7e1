"""A WebSocket once its handshake is over (RFC 6455): bytes in, messages out.

wsproto parses; here is what it leaves open: how much of a message is kept, how
pings are answered, how a connection is closed. What a message means is the
connection's business.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    TextMessage,
)

from broadcast.web import frames
from broadcast.web.frames import Code, close_frame, pong_frame

MAX_FRAGMENTS: Final = 1024
"""Frames that a message may be cut into. Each takes 8 µs, even an empty one: without a
limit a message would never have to end."""

PIECE: Final = 4096
"""Bytes that wsproto gets at a time."""

EVENTS: Final = 4
"""Frames that it parses between two looks at the clock."""

_NO_STATUS = 1005


class IMessageReceiver(Protocol):
    """What the messages are for."""

    def message_received(self, data: bytes, is_text: bool) -> None:
        """Take one whole message; if ``is_text``, it is UTF-8."""

    def write_control(self, frame: bytes) -> None:
        """Write a control frame, between two others."""

    def closed_by_peer(self, code: int) -> None:
        """The other end has closed: ``close``, which answers it, and disconnect."""

    def failed(self, code: Code, reason: str) -> None:
        """Close with these: what came was wrong, and nothing more is read."""


class MessageParser:
    """The parser and the states of one WebSocket.

    Args:
        receiver: gets whole messages.
        max_message: bytes that a message may have; a longer one closes.

    Attributes:
        is_closing: a close frame has been sent: no message is taken any more.
        is_over: nothing more is read.
        is_quick: simple frames need no wsproto, until it has begun a message.
    """

    __slots__ = (
        "_at",
        "_data",
        "_events",
        "_fragments",
        "_max_message",
        "_message",
        "_parser",
        "_receiver",
        "_reply",
        "_rest",
        "_wanted",
        "is_closing",
        "is_over",
        "is_quick",
    )

    def __init__(self, receiver: IMessageReceiver, max_message: int) -> None:
        self._receiver = receiver
        self._max_message = max_message
        self._parser: Connection | None = None  # most never need it
        self._data = b""  # what is kept, from ``_at`` on
        self._at = 0
        self._events: Iterator[Event] | None = None  # of what wsproto has got
        self._message = bytearray()  # as much as there is of one that isn't whole
        self._fragments = 0
        self.is_quick = True
        self._rest = bytearray()  # of a simple frame, which has ``_wanted`` bytes
        self._wanted = 0
        self._reply = b""
        self.is_closing = False
        self.is_over = False

    def keep(self, data: bytes) -> None:
        """Take bytes as they come, for ``step``."""
        self._data = self._data[self._at :] + data if self.has_left else data
        self._at = 0

    @property
    def has_left(self) -> bool:
        """Something has been kept that is still to be parsed."""
        return self._events is not None or self._at < len(self._data)

    def step(self, until: float, seconds: Callable[[], float]) -> bool:
        """Parse some of what has been kept: a unit, and none more after ``until``.

        Args:
            until: when to stop, by ``seconds``.
            seconds: tells the time.

        Returns:
            There is more.
        """
        while self.has_left and not self.is_over:
            if self._events is not None:
                self._handle_next(self._events)
            elif self.is_quick:
                self._take_quickly()
            else:
                end = self._at + PIECE
                self._parse(self._data[self._at : end])
                self._at = min(end, len(self._data))
            if seconds() >= until:
                break
        if self.is_over:
            self._data, self._at, self._events = b"", 0, None
        return self.has_left

    def _take_quickly(self) -> None:
        """Take simple frames, or one whole control frame.

        As soon as anything is left to wsproto in the middle of a frame or a
        message, it gets all the rest of this connection.
        """
        if self._rest:
            self._rest += self._data
            self._at = len(self._data)
            if len(self._rest) < self._wanted:
                return
            self._data, self._at = bytes(self._rest), 0
            self._rest.clear()
        data = self._data
        messages, at = frames.take(data, self._at)
        for message in messages:
            self._gather(message, is_whole=True, is_text=True)
        self._at = at
        if messages or at == len(data):
            return
        if end := frames.control_ends(data, at):
            self._parse(data[at:end])
            self._at = end
        elif wanted := frames.size_wanted(data, at):
            self._rest += data[at:]
            self._wanted = wanted
            self._at = len(data)
        else:
            self.is_quick = False

    def _parse(self, data: bytes) -> None:
        """Let wsproto take bytes: it keeps none but an unfinished header."""
        if self._parser is None:
            self._parser = Connection(ConnectionType.SERVER)
        self._parser.receive_data(data)
        self._events = self._parser.events()

    def _handle_next(self, events: Iterator[Event]) -> None:
        """Handle some events of what wsproto has got."""
        for _ in range(EVENTS):
            event = next(events, None)
            if event is None:
                self._events = None
                return
            self._handle(event)
            if self.is_over:
                return

    def close(self, code: Code, reason: str) -> None:
        """Send a close frame, or answer the other end's with its own code."""
        if not self.is_closing:
            self.is_closing = True
            self._message.clear()
            self._receiver.write_control(self._reply or close_frame(code, reason))

    def fail(self, code: Code, reason: str) -> None:
        """Read no more: what came was wrong."""
        self.is_over = True
        self._receiver.failed(code, reason)

    def _handle(self, event: Event) -> None:
        if isinstance(event, CloseConnection):
            self._end(event)
        elif self.is_closing:
            pass
        elif isinstance(event, TextMessage):
            self._fragments += event.frame_finished
            self._gather(event.data.encode(), event.message_finished, is_text=True)
        elif isinstance(event, BytesMessage):
            self._fragments += event.frame_finished
            self._gather(bytes(event.data), event.message_finished, is_text=False)
        elif isinstance(event, Ping):
            self._receiver.write_control(pong_frame(bytes(event.payload)))

    def _gather(self, data: bytes, is_whole: bool, is_text: bool) -> None:
        if self.is_closing or self.is_over:
            return
        if len(self._message) + len(data) > self._max_message:
            self.fail(Code.TOO_BIG, f"a message of more than {self._max_message} bytes")
        elif self._fragments > MAX_FRAGMENTS:
            self.fail(Code.TOO_BIG, f"a message of more than {MAX_FRAGMENTS} frames")
        elif not is_whole:
            self._message += data
        else:
            if self._message:
                data = bytes(self._message + data)
                self._message.clear()
            self._fragments = 0
            self._receiver.message_received(data, is_text)

    def _end(self, event: CloseConnection) -> None:
        """The other end closes; or what it sent can't be understood."""
        if self._parser is not None and self._parser.state is ConnectionState.OPEN:
            self.fail(Code(event.code), event.reason or "")
            return
        self.is_over = True
        if not self.is_closing:
            said = b"" if event.code == _NO_STATUS else struct.pack("!H", event.code)
            self._reply = bytes((0x88, len(said))) + said
        self._receiver.closed_by_peer(event.code)
