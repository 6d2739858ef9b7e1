"""HTTP and WebSocket: the fuzzer's rooms, and what it has found in them."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hostile.api import api_rooms, check_answers
from hostile.frames import WebGrammar
from hostile.grammar import Grammar
from hostile.posts import PostGrammar
from hostile.web import WebRoom, check_frames, handshake, web_rooms
from hostile.wire import BrokenPromiseError
from tests.support.daemon import Daemon
from tests.support.faces import make_certificate
from tests.support.lineclient import connect_tcp
from tests.support.websocket import (
    CLOSE,
    TEXT,
    WebSocketWire,
    connect_websocket,
    frame,
    web_port,
)


def test_the_fuzzer_posts_and_reads() -> None:
    """Posts are said in every room, logged in or not, and some are refused."""
    rooms = api_rooms()
    grammar = PostGrammar(Grammar(3))
    for number in range(1500):
        rooms[number % len(rooms)].run([grammar.input()], "192.0.2.1", number % 8)
    assert all(room.room.log.total > 20 for room in rooms)
    assert all(room.room.stats.joined > 20 for room in rooms)
    for room in rooms:
        room.rest()


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 500 X\r\n\r\n", "no answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\x1b\n", "active"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "cut"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na\n", "no chunk"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nx: y\n\n",
            "no ev",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n", "cut"),
    ],
)
def test_a_bad_answer_would_be_found(answer: bytes, found: str) -> None:
    """The check of what is answered can fail."""
    with pytest.raises(BrokenPromiseError, match=found):
        check_answers(answer)


def test_the_fuzzer_gets_in() -> None:
    """Requests become WebSockets, frames become lines said, logins fail."""
    first, *others = web_rooms()
    web = WebGrammar(Grammar(3))
    for _ in range(300):
        first.run([web.for_http()], "192.0.2.1", 0)
        for room in others:
            room.run([web.for_websocket()], "192.0.2.1", 0)
    assert all(room.room.log.total > 20 for room in web_rooms_without_a_gate(others))
    assert first.room.log.total > 20
    authenticator = others[2].room.directory.policy.authenticator
    assert authenticator is not None
    assert authenticator.refused["login-failed"] > 0


def web_rooms_without_a_gate(rooms: list[WebRoom]) -> list[WebRoom]:
    return [room for room in rooms if room.room.directory.policy.authenticator is None]


def test_a_fault_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a page raised, or nothing were mended, the check would tell."""
    room = web_rooms()[0]
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    room.run([request], "192.0.2.1", 0)
    with monkeypatch.context() as patch:
        patch.setattr("broadcast.web.site.say", lambda *given: 1 / 0)
        with pytest.raises(BrokenPromiseError, match="fault"):
            room.run([request], "192.0.2.1", 0)
    monkeypatch.setattr("broadcast.protocol.sanitize.mend", lambda text: text)
    with pytest.raises(BrokenPromiseError, match="active"):
        room.run([handshake() + frame(TEXT, b"x\x1b[2J")], "192.0.2.1", 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x81\x05hell", "no whole frame"),
        (b"\x01\x01x", "no whole frame"),
        (b"\x88\x00\x81\x01x", "after the close frame"),
        (b"\x82\x01x", "binary"),
        (b"\x89\x7e\x00\x7e" + bytes(126), "long control"),
        (b"\x81\x02\x1bc", "active"),
    ],
)
def test_a_wrong_frame_would_be_found(data: bytes, words: str) -> None:
    """The check of what the server writes refuses each kind of wrong."""
    with pytest.raises(BrokenPromiseError, match=words):
        check_frames(b"\x81\x02ok" + data)


def test_nothing_follows_the_close_frame(
    daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    """What came before a wrong frame is answered before the close, not after it."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    running = daemon("--web", "0", "--token-file", str(tokens))
    wire: WebSocketWire = connect_websocket(running)
    wire.send_frames(frame(TEXT, b"hello"), frame(3))
    seen = [wire.frame()]
    while seen[-1][0] != CLOSE:
        seen.append(wire.frame())
    assert b"error: log in first" in seen[-2][1]
    assert wire.is_ended()
    wire.close()


@pytest.mark.parametrize("first", [b"", frame(TEXT, b"hi")])
def test_nothing_follows_the_close_frame_of_one_who_is_in(first: bytes) -> None:
    """However much had not had its turn yet when the wrong frame came."""
    many = frame(TEXT, b"r\n" * 32_000) + frame(TEXT, b"x" * 60_000 + b"\n/who\n")
    for room in web_rooms()[1:3]:
        room.run([first, many + frame(3)], "192.0.2.1", 0)


def test_more_after_a_bad_request(
    daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    """Over TLS, what comes after we have closed is no failure in the log."""
    key, certificate = make_certificate(tmp_path)
    web = "tls:0:interface=127.0.0.1"
    files = (f"--tls-key={key}", f"--tls-cert={certificate}")
    running = daemon("--port", "0", "--web", web, *files)
    context = ssl.create_default_context(cafile=certificate)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    wire = connect_tcp(web_port(running, "https"))
    while True:
        try:
            session.do_handshake()
            break
        except ssl.SSLWantReadError:
            wire.send(outgoing.read())
            incoming.write(wire.receive())
    for _ in range(3):  # three records in one segment
        session.write(b"no request\r\n\r\n")
    wire.send(outgoing.read())
    answer = b""
    while not answer:
        incoming.write(wire.receive())
        with suppress(ssl.SSLWantReadError):  # session tickets
            answer = session.read()
    assert b"400 Bad Request" in answer
    wire.close()
    running.stop()
