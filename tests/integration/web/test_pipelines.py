"""Many requests at once on one connection: answered in order, and at no great cost."""

import re
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from tests.support.daemon import DEADLINE, Daemon, eventually
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import TEXT, frame, http, request, web_port

Start = Callable[..., Daemon]
Join = Callable[..., LineClient]

CONNECTIONS = 30
MIB = 1 << 20


def test_a_pipeline_is_answered_in_order(web: Daemon) -> None:
    """Hundreds of requests sent at once have each its answer, none mixed up, and a
    WebSocket may be the last of them."""
    wire = connect_tcp(web_port(web))
    paths = ["/healthz", "/nothing", "/static/link.js"] * 200
    heads = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in paths]
    last = request("/ws?name=piped") + frame(TEXT, b"/ping x")
    sender = Thread(target=wire.send, args=["".join(heads).encode() + last])
    sender.start()
    data = b""
    while b"pong x" not in data:
        piece = wire.receive()
        assert piece, data[-300:]
        data += piece
    sender.join()
    wire.close()
    found = re.findall(rb"HTTP/1\.1 (\d+) ", data)
    assert found == [b"200", b"404", b"200"] * 200 + [b"101"]
    web.assert_no_trouble()


@pytest.mark.parametrize("count", [1, 300])
def test_who_says_it_has_ended_is_answered(web: Daemon, count: int) -> None:
    """As ``printf … | nc -N HOST PORT`` does: all answers, and then the end."""
    for _ in range(5):
        wire = connect_tcp(web_port(web))
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * count)
        wire.end()
        data = LineClient(wire).rest()
        assert data.count(b"HTTP/1.1 200 ") == count
        assert data.endswith(b"alive\n")
        wire.close()
    web.assert_no_trouble()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTT", b"hello\n"])
def test_who_ends_without_a_request_is_closed(web: Daemon, sent: bytes) -> None:
    """At once: half a request is none."""
    files = web.descriptors
    wire = connect_tcp(web_port(web))
    wire.send(sent)
    wire.end()
    assert LineClient(wire).rest()[:12] in (b"", b"HTTP/1.1 400")
    eventually(lambda: web.descriptors <= files, "it is freed")
    wire.close()


def _resident(running: Daemon) -> int:
    """Return the bytes of memory that the daemon has."""
    status = Path(f"/proc/{running.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def _fill(sockets: list[socket.socket], data: bytes) -> None:
    """Send ``data`` on each, or as much as is taken until nothing is for a second."""
    left = dict.fromkeys(sockets, data)
    while left:
        _, writable, _ = select.select([], list(left), [], 1)
        if not writable:
            return
        for sock in writable:
            with suppress(BlockingIOError):
                left[sock] = left[sock][sock.send(left[sock]) :]
            if not left[sock]:
                del left[sock]


def test_who_reads_no_answers_costs_little(daemon: Start, join: Join) -> None:
    """Thirty that ask ten thousand times for the page and read nothing: no requests
    and no answers are kept for them, and others are heard."""
    running = daemon("--web", "0")
    http(running, "/")
    before = _resident(running)
    data = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10_000
    crowd = [
        socket.create_connection(("127.0.0.1", web_port(running)), DEADLINE)
        for _ in range(CONNECTIONS)
    ]
    for sock in crowd:
        sock.setblocking(False)
    _fill(crowd, data)
    assert _resident(running) - before < 20 * MIB
    join(running, "alice").since_ping("hello")
    for sock in crowd:
        sock.close()
    running.assert_no_trouble()
