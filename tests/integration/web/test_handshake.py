"""From a request to a WebSocket: the address, the handshake, and what is none."""

import re
from collections.abc import Callable

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import (
    TEXT,
    WebSocketWire,
    frame,
    request,
    web_port,
)

Upgrade = Callable[..., WebSocketWire]


def test_query_is_an_introduction(web: Daemon, upgrade: Upgrade) -> None:
    """?format=json&name=alice stands for the two lines."""
    wire = upgrade(web, "/ws?format=json&name=al%C3%ADce")
    assert '"name":"alíce"' in wire.receive().decode()


def test_the_root_is_a_way_in_too(web: Daemon, upgrade: Upgrade) -> None:
    """An upgrade at / is taken like one at /ws."""
    assert upgrade(web, "/?name=rooted").receive().startswith(b"* You are rooted")


def test_frames_in_the_handshakes_segment_are_heard(web: Daemon) -> None:
    """What is sent along with the handshake is not lost."""
    first = frame(TEXT, b"/name early") + frame(TEXT, b"/ping x")
    wire = WebSocketWire(connect_tcp(web_port(web)), first=first)
    client = LineClient(wire)
    assert client.until("pong x")[0].startswith("* You are early")
    client.close()


@pytest.mark.parametrize(
    ("drop", "add", "status"),
    [
        ("Upgrade: websocket", "", 426),
        ("Connection: keep-alive, Upgrade", "", 426),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 426),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: x", 400),
        ("", "Origin: http://evil.example", 403),
        ("GET /ws", "GET /ws?frames=all", 400),
        ("GET /ws", "GET /ws?name=a%0A/quit", 400),
        ("GET /ws", "HEAD /ws", 405),
        ("GET /ws", "HEAD /", 405),
        ("GET /ws HTTP/1.1", "GET /ws HTTP/1.0", 400),
        ("", "Content-Length: 4", 413),
        ("", "Transfer-Encoding: chunked", 413),
    ],
)
def test_bad_handshakes_are_refused(
    web: Daemon, drop: str, add: str, status: int
) -> None:
    """A handshake that isn't one gets a proper answer, and joins nothing."""
    wire = connect_tcp(web_port(web))
    asked = request()
    if drop.startswith("GET"):
        asked = asked.replace(drop.encode(), add.encode())
    else:
        asked = asked.replace(f"{drop}\r\n".encode() if drop else b"", b"")
        if add:
            asked = asked.replace(b"\r\n\r\n", f"\r\n{add}\r\n\r\n".encode())
    wire.send(asked)
    answer = wire.receive()
    assert re.match(rb"HTTP/1\.[01] %d " % status, answer), answer
    assert (b"\r\nUpgrade: websocket\r\n" in answer) == (status == 426)
    assert (b"\r\nConnection: upgrade\r\n" in answer) == (status == 426)
    wire.close()
