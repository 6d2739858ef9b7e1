"""A WebSocket after its handshake (RFC 6455): bytes in, messages out.

wsproto parses. This module adds the limits on a message, the answers to pings, and the
closing handshake. The meaning of a message is left to the connection.
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
"""Frames of a message, at most. Each takes 8 µs, even an empty frame: without a limit a
message would never have to end."""

PIECE: Final = 4096
"""Bytes passed to wsproto at a time."""

EVENTS: Final = 4
"""Frames that wsproto parses between two looks at the clock."""

_NO_STATUS = 1005


class IMessageReceiver(Protocol):
    """The receiver of the messages of a WebSocket."""

    def message_received(self, data: bytes, is_text: bool) -> None:
        """Process a whole message; if ``is_text``, it is UTF-8."""

    def write_control(self, frame: bytes) -> None:
        """Write a control frame, between two other frames."""

    def closed_by_peer(self, code: int) -> None:
        """Answer the peer's close frame with ``close``, and disconnect."""

    def failed(self, code: Code, reason: str) -> None:
        """Close with this code: the input was invalid, and no more of it is read."""


class MessageParser:
    """The parser and the state of a WebSocket.

    Args:
        receiver: gets whole messages.
        max_message: bytes of a message, at most; a longer message closes.

    Attributes:
        is_closing: a close frame has been sent, and messages are ignored.
        is_over: nothing more is read.
        is_quick: simple frames bypass wsproto, until it has begun a message.
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
        self._parser: Connection | None = None  # most connections never need it
        self._data = b""  # the input, of which ``_at`` bytes are parsed
        self._at = 0
        self._events: Iterator[Event] | None = None  # of the input of wsproto
        self._message = bytearray()  # the beginning of an incomplete message
        self._fragments = 0
        self.is_quick = True
        self._rest = bytearray()  # of a simple frame, which has ``_wanted`` bytes
        self._wanted = 0
        self._reply = b""
        self.is_closing = False
        self.is_over = False

    def keep(self, data: bytes) -> None:
        """Buffer bytes for ``step``."""
        self._data = self._data[self._at :] + data if self.has_left else data
        self._at = 0

    @property
    def has_left(self) -> bool:
        """Buffered bytes are still to be parsed."""
        return self._events is not None or self._at < len(self._data)

    def step(self, until: float, seconds: Callable[[], float]) -> bool:
        """Parse at least one unit of the buffer, and begin none after ``until``.

        Args:
            until: the time to stop, by ``seconds``.
            seconds: returns the time.

        Returns:
            Whether there is more to parse.
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
        """Parse simple frames, or a single whole control frame.

        Once wsproto has got a part of a frame or a message, it gets all further input
        of this connection.
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
        """Pass bytes to wsproto, which buffers none but an incomplete header."""
        if self._parser is None:
            self._parser = Connection(ConnectionType.SERVER)
        self._parser.receive_data(data)
        self._events = self._parser.events()

    def _handle_next(self, events: Iterator[Event]) -> None:
        """Handle some of the events of wsproto."""
        for _ in range(EVENTS):
            event = next(events, None)
            if event is None:
                self._events = None
                return
            self._handle(event)
            if self.is_over:
                return

    def close(self, code: Code, reason: str) -> None:
        """Send a close frame, or answer the peer's with the peer's own code."""
        if not self.is_closing:
            self.is_closing = True
            self._message.clear()
            self._receiver.write_control(self._reply or close_frame(code, reason))

    def fail(self, code: Code, reason: str) -> None:
        """Read no more: the input was invalid."""
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
        """Handle the peer's close frame, or invalid input, which wsproto reports so."""
        if self._parser is not None and self._parser.state is ConnectionState.OPEN:
            self.fail(Code(event.code), event.reason or "")
            return
        self.is_over = True
        if not self.is_closing:
            said = b"" if event.code == _NO_STATUS else struct.pack("!H", event.code)
            self._reply = bytes((0x88, len(said))) + said
        self._receiver.closed_by_peer(event.code)
