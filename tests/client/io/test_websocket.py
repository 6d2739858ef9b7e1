"""Lines in WebSocket frames, and lines as they are, without a connection."""

import sys

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.events import Event

from broadcast.client.address import parse_address
from broadcast.client.errors import BrokenServerError, CannotConnectError
from broadcast.client.io.websocket import PlainCodec, WebSocketCodec, codec_for


class WebSocketEnds:
    """A client's codec, and the server's end of the same WebSocket."""

    def __init__(self, url: str = "ws://h") -> None:
        self.codec = WebSocketCodec(parse_address(url))
        self.server = WSConnection(ConnectionType.SERVER)

    def heard(self, data: bytes) -> list[Event]:
        """The server's events for these bytes."""
        self.server.receive_data(data)
        return list(self.server.events())

    def say(self, *events: Event) -> bytes:
        """The lines that the client makes of what the server sends."""
        return self.codec.decode(b"".join(self.server.send(event) for event in events))

    def open(self) -> None:
        self.heard(self.codec.hello())
        self.say(ws.AcceptConnection())


def texts(events: list[Event]) -> list[str]:
    return [event.data for event in events if isinstance(event, ws.TextMessage)]


def test_request_names_host_port_and_resource() -> None:
    """A server with several names or rooms is asked for the one in the URL."""
    ends = WebSocketEnds("ws://[::1]:9/room?x=1")
    (request,) = ends.heard(ends.codec.hello())
    assert isinstance(request, ws.Request)
    assert (request.host, request.target) == ("[::1]:9", "/room?x=1")


def test_lines_wait_for_the_handshake() -> None:
    """Lines said before the server accepts go out after it, once and in order."""
    ends = WebSocketEnds()
    ends.heard(ends.codec.hello())
    assert ends.codec.encode(b"/format json\n/ping x\n") == b""
    assert ends.codec.encode(b"hi\n") == b""
    assert ends.codec.answer() == b""
    assert ends.say(ws.AcceptConnection()) == b""
    assert texts(ends.heard(ends.codec.answer())) == ["/format json\n/ping x", "hi"]
    assert ends.codec.answer() == b""
    assert texts(ends.heard(ends.codec.encode("é\n".encode()))) == ["é"]


def test_messages_hold_whole_lines() -> None:
    """A message is filled to its limit; a longer line travels alone, in one piece."""
    ends = WebSocketEnds()
    ends.open()
    less, half, long = "x" * 4095, "x" * 4096, "y" * 9000
    data = "\n".join([half, less, half, half, long, "", "z", ""]).encode()
    sent = texts(ends.heard(ends.codec.encode(data)))
    assert sent == [f"{half}\n{less}", half, half, long, "\nz"]


def test_messages_become_lines() -> None:
    """Each message ends a line, however many frames it comes in; binary is no line."""
    ends = WebSocketEnds()
    ends.open()
    assert ends.say(ws.TextMessage("on", message_finished=False)) == b"on"
    assert ends.say(ws.TextMessage("e"), ws.TextMessage("two")) == b"e\ntwo\n"
    assert ends.say(ws.BytesMessage(b"three"), ws.TextMessage("")) == b"\n"


def test_ping_is_answered() -> None:
    """A server that asks whether we live gets its own payload back."""
    ends = WebSocketEnds()
    ends.open()
    assert ends.say(ws.Ping(b"alive?"), ws.TextMessage("x")) == b"x\n"
    assert ends.heard(ends.codec.answer()) == [ws.Pong(b"alive?")]


def test_closing_is_agreed_on() -> None:
    """Each side's goodbye gets through: ours is said once, theirs is answered."""
    ends = WebSocketEnds()
    ends.open()
    (close,) = ends.heard(ends.codec.farewell())
    assert isinstance(close, ws.CloseConnection)
    assert close.code == 1000
    assert ends.codec.farewell() == b""
    ends = WebSocketEnds()
    ends.open()
    assert ends.say(ws.TextMessage("bye"), ws.CloseConnection(1001)) == b"bye\n"
    (answer,) = ends.heard(ends.codec.answer())
    assert isinstance(answer, ws.CloseConnection)
    assert answer.code == 1001


def test_nothing_follows_the_end() -> None:
    """After the server's goodbye nothing is sent or heard, and nothing is a fault."""
    ends = WebSocketEnds()
    ends.open()
    goodbye = ends.server.send(ws.CloseConnection(1001))
    assert ends.codec.decode(goodbye) == b""
    assert ends.codec.answer()
    assert ends.codec.encode(b"/quit\n") == b""
    assert ends.codec.decode(b"\x81\x01x") == b""
    assert (ends.codec.answer(), ends.codec.farewell()) == (b"", b"")


def test_nothing_follows_our_own_goodbye() -> None:
    """After ours, what the server still sends is taken without an answer to it."""
    ends = WebSocketEnds()
    ends.open()
    assert ends.codec.farewell()
    late = [ws.TextMessage("late"), ws.Ping(b"x"), ws.CloseConnection(1000)]
    assert ends.say(*late) == b""
    assert (ends.codec.encode(b"x\n"), ends.codec.answer()) == (b"", b"")


def test_goodbye_before_the_handshake_is_through() -> None:
    """Lines that wait for a handshake that we gave up are never sent."""
    ends = WebSocketEnds()
    ends.heard(ends.codec.hello())
    ends.codec.encode(b"/format json\n")
    assert ends.codec.farewell() == b""
    assert ends.say(ws.AcceptConnection()) == b""
    assert ends.codec.answer() == b""


def test_strangers_speak_first() -> None:
    """Only the first bytes tell another protocol; later a line may begin like one."""
    codec = codec_for(parse_address("tcp://h"))
    assert isinstance(codec, PlainCodec)
    assert codec.decode(b"* hello\n") == b"* hello\n"
    assert codec.decode(b"HTTP/1.1 is old\n") == b"HTTP/1.1 is old\n"
    with pytest.raises(BrokenServerError, match=r"try wss://h:8000$"):
        codec_for(parse_address("tls://h")).decode(b"HTTP/1.1 400 Bad Request\r\n")


def test_websocket_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without wsproto, one line says what to install."""
    monkeypatch.setitem(sys.modules, "wsproto", None)
    with pytest.raises(CannotConnectError, match=r"pip install wsproto$"):
        codec_for(parse_address("ws://h"))
