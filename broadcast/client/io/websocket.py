"""How lines travel: as they are, or in WebSocket frames (RFC 6455, by wsproto)."""

import enum
from typing import Protocol

from broadcast.client.address import Address
from broadcast.client.core.strangers import LONGEST, stranger
from broadcast.client.errors import BrokenServerError, CannotConnectError


class Codec(Protocol):
    """Between the bytes of a connection and the lines on it."""

    def hello(self) -> bytes:
        """The first bytes to send."""

    def encode(self, lines: bytes) -> bytes:
        """The bytes that carry these whole lines."""

    def decode(self, data: bytes) -> bytes:
        """The lines, or parts of them, that these bytes carry."""

    def answer(self) -> bytes:
        """The codec's own bytes to send, after a ``decode``."""

    def farewell(self) -> bytes:
        """The last bytes to send."""


class PlainCodec:
    """Lines as they are."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._begin: bytes | None = b""

    def hello(self) -> bytes:
        """See ``Codec``."""
        return b""

    def encode(self, lines: bytes) -> bytes:
        """See ``Codec``."""
        return lines

    def decode(self, data: bytes) -> bytes:
        """See ``Codec``.

        Raises:
            BrokenServerError: the first bytes are of another protocol.
        """
        if self._begin is not None:
            self._watch(data)
        return data

    def _watch(self, data: bytes) -> None:
        """Look at the first bytes, which may come one by one, until they are ours."""
        begin = (self._begin or b"") + data
        if problem := stranger(begin, self._address):
            raise BrokenServerError(problem)
        is_over = len(begin) >= LONGEST or b'{"event"' in begin
        self._begin = None if is_over else begin

    def answer(self) -> bytes:
        """See ``Codec``."""
        return b""

    def farewell(self) -> bytes:
        """See ``Codec``."""
        return b""


def codec_for(address: Address) -> Codec:
    """The codec for that kind of address.

    Raises:
        CannotConnectError: the extra that brings wsproto is not installed.
    """
    return WebSocketCodec(address) if address.is_web else PlainCodec(address)


class _State(enum.Enum):
    OPENING = enum.auto()
    OPEN = enum.auto()
    OVER = enum.auto()


class WebSocketCodec:
    """Lines in text frames. Lines sent before the handshake is through wait for it.

    After the goodbye of either side nothing is sent or heard any more.
    """

    def __init__(self, address: Address) -> None:
        try:
            import wsproto
        except ImportError:
            raise CannotConnectError(
                "ws:// and wss:// need wsproto; pip install wsproto"
            ) from None
        from wsproto import events

        self._events = events
        self._address = address
        self._connection = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._state = _State.OPENING
        self._waiting: list[bytes] = []
        self._answer: list[bytes] = []

    def hello(self) -> bytes:
        """See ``Codec``."""
        request = self._events.Request(
            host=self._address.where, target=self._address.path
        )
        return self._connection.send(request)

    def encode(self, lines: bytes) -> bytes:
        """See ``Codec``."""
        if self._state is _State.OPENING:
            self._waiting.append(lines)
        if self._state is not _State.OPEN:
            return b""
        text = lines.decode(errors="replace")
        return b"".join(
            self._connection.send(self._events.TextMessage(data=piece))
            for piece in _pieces(text)
        )

    def decode(self, data: bytes) -> bytes:
        """See ``Codec``.

        Raises:
            BrokenServerError: the handshake was refused, or this is no WebSocket.
        """
        if self._state is _State.OVER:
            return b""
        from wsproto.utilities import LocalProtocolError, RemoteProtocolError

        lines: list[bytes] = []
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                lines += self._take(event)
        except (RemoteProtocolError, LocalProtocolError) as problem:
            raise BrokenServerError(f"not a WebSocket: {problem}") from None
        return b"".join(lines)

    def answer(self) -> bytes:
        """See ``Codec``."""
        data, self._answer = b"".join(self._answer), []
        return data

    def farewell(self) -> bytes:
        """See ``Codec``."""
        state, self._state = self._state, _State.OVER
        if state is not _State.OPEN:
            return b""
        return self._connection.send(self._events.CloseConnection(code=1000))

    def _take(self, event: object) -> list[bytes]:
        events = self._events
        match event:
            case events.AcceptConnection():
                self._state = _State.OPEN
                waiting, self._waiting = self._waiting, []
                self._answer += [self.encode(lines) for lines in waiting]
            case events.RejectConnection():
                raise BrokenServerError(
                    f"no WebSocket at {self._address.path} (HTTP {event.status_code})"
                )
            case events.Ping():
                self._answer.append(self._connection.send(event.response()))
            case events.CloseConnection():
                self._state = _State.OVER
                self._answer.append(self._connection.send(event.response()))
            case events.TextMessage():
                end = b"\n" if event.message_finished else b""
                return [event.data.encode(errors="replace"), end]
        return []


def _pieces(text: str, limit: int = 8192) -> list[str]:
    """Whole lines, in pieces of at most ``limit`` characters where lines allow it."""
    pieces: list[list[str]] = []
    size = limit + 1
    for line in text.removesuffix("\n").split("\n"):
        if size + len(line) > limit:
            pieces.append([])
            size = 0
        pieces[-1].append(line)
        size += len(line) + 1
    return ["\n".join(piece) for piece in pieces]
