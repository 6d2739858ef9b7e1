"""A WebSocket once its handshake is over (RFC 6455): bytes in, messages out.

wsproto parses; here is what it leaves open: how much of a message is kept, how
pings are answered, how a connection is closed. What a message means is the
connection's business.
"""

import struct
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

_NO_STATUS = 1005


class IMessageReceiver(Protocol):
    """What the messages are for."""

    def message_received(self, data: bytes, is_text: bool) -> None:
        """Take one whole message; if ``is_text``, it is UTF-8."""

    def write_control(self, frame: bytes) -> None:
        """Write a control frame, between two others."""

    def closed_by_peer(self, code: int) -> None:
        """The other end has closed: ``close``, which answers it, and disconnect."""

    def messages_end(self) -> None:
        """What came was wrong: a close frame goes out next, and nothing after it."""

    def closed_for_error(self) -> None:
        """What came was wrong; that is said in a close frame. Close soon."""


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
        self._message = bytearray()  # as much as there is of one that isn't whole
        self._fragments = 0
        self.is_quick = True
        self._rest = bytearray()  # of a simple frame, which has ``_wanted`` bytes
        self._wanted = 0
        self._reply = b""
        self.is_closing = False
        self.is_over = False

    def receive(self, data: bytes) -> None:
        """Take bytes as they come."""
        if self.is_quick:
            data = self._take_quickly(data)
        if data and not self.is_over:
            self._parse(data)

    def _take_quickly(self, data: bytes) -> bytes:
        """Take simple frames and whole control frames; return what is left.

        As soon as anything is left to wsproto in the middle of a frame or a
        message, it gets all the rest of this connection.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return b""
            data = bytes(self._rest)
            self._rest.clear()
        at = 0
        while not self.is_over:
            messages, at = frames.take(data, at)
            for message in messages:
                self._gather(message, is_whole=True, is_text=True)
            if at == len(data):
                break
            if end := frames.control_ends(data, at):
                self._parse(data[at:end])
                at = end
            elif wanted := frames.size_wanted(data, at):
                self._rest += data[at:]
                self._wanted = wanted
                return b""
            else:
                self.is_quick = False
                break
        return data[at:]

    def _parse(self, data: bytes) -> None:
        """Let wsproto take bytes: it keeps none but an unfinished header."""
        if self._parser is None:
            self._parser = Connection(ConnectionType.SERVER)
        self._parser.receive_data(data)
        for event in self._parser.events():
            self._handle(event)
            if self.is_over:
                break

    def close(self, code: Code, reason: str) -> None:
        """Send a close frame, or answer the other end's with its own code."""
        if not self.is_closing:
            self.is_closing = True
            self._message.clear()
            self._receiver.write_control(self._reply or close_frame(code, reason))

    def fail(self, code: Code, reason: str) -> None:
        """Send a close frame and read no more."""
        self.is_over = True
        self._receiver.messages_end()
        self.close(code, reason)
        self._receiver.closed_for_error()

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
