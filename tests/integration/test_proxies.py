"""The examples of docs/admin.md for nginx and haproxy, run through both."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from broadcast.admin.cli import main
from tests.support.daemon import Daemon
from tests.support.examples import example
from tests.support.front import Front, haproxy, missing, nginx
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.websocket import WebSocketWire, request, web_port

Start = Callable[..., Daemon]

NEAR = "haproxy:tcp:0:interface=127.0.0.1"
LINES = r"127\.0\.0\.1:8001"
PAGE = r"127\.0\.0\.1:8080"

needs_nginx = pytest.mark.skipif(bool(missing("nginx")), reason=missing("nginx"))
needs_haproxy = pytest.mark.skipif(bool(missing("haproxy")), reason=missing("haproxy"))
nginx_and_haproxy = pytest.mark.parametrize(
    ("program", "first"),
    [
        pytest.param(nginx, "stream {", marks=needs_nginx),
        pytest.param(haproxy, "frontend chat", marks=needs_haproxy),
    ],
    ids=["nginx", "haproxy"],
)


NAME = "chat.example.org"
NAMED = f"--web-origin=https://{NAME}"


def get(wire: SocketWire, path: str) -> str:
    """Return the whole answer to a request."""
    host = f"Host: {NAME}\r\nConnection: close"
    wire.send(f"GET {path} HTTP/1.1\r\n{host}\r\n\r\n".encode())
    data = b""
    while piece := wire.receive():
        data += piece
    wire.close()
    return data.decode()


@nginx_and_haproxy
def test_lines_come_from_their_real_address(
    daemon: Start,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    program: Callable[..., list[str]],
    first: str,
) -> None:
    """In the log, for bcast-admin, and for the limit of members from one host."""
    admin = tmp_path / "admin"
    room = daemon(f"--listen={NEAR}", f"--admin=unix:{admin}", "--max-per-host=1")
    behind = {LINES: room.port}
    with (
        closing(Front(program, example("admin.md", first), behind, tmp_path)) as front,
        ExitStack() as stack,
    ):

        def client(source: str) -> LineClient:
            made = LineClient(front.connect(source))
            stack.callback(made.wire.close)
            return made

        one = client("127.0.0.5")
        one.until("You are guest-1, 1 here")
        other = client("127.0.0.6")
        other.until("You are guest-2, 2 here")
        other.send("hello")
        one.until("guest-2: hello")
        room.out.wait_for(r"guest-1 joined from 127\.0\.0\.5:\d+")
        assert main(["-s", str(admin), "who"]) == 0
        listed = capsys.readouterr().out
        assert "127.0.0.5:" in listed
        assert "127.0.0.6:" in listed
        client("127.0.0.5").until("are here from your address")
        connect_tcp(room.port).close()  # no way around the proxy's header
    room.out.wait_for("guest-1 left")


def _use_the_page(front: Front, lines: LineClient, where: str = NAME) -> None:
    """Load the page, and talk over the WebSocket as that page does.

    Args:
        where: the host in the browser's address line, and the port.
    """
    page = get(front.connect("127.0.0.5"), "/")
    assert page.startswith("HTTP/1.1 200")
    assert "<html" in page
    wire = front.connect("127.0.0.5")
    asked = request("/ws?name=web", [f"Origin: https://{where}"], where)
    socket = WebSocketWire(wire, whole=asked)
    assert socket.receive().startswith(b"* You are web")
    socket.send(b"hello\n")
    lines.until("web: hello")
    socket.close()
    lines.until("web left")


@needs_nginx
def test_the_page_behind_nginx(
    daemon: Start, connect: Callable[[Daemon], LineClient], tmp_path: Path
) -> None:
    """Page and WebSocket work, on the port of the example and on any other; metrics
    stay this machine's own."""
    room = daemon("--port=0", "--web=0", NAMED)
    lines = connect(room)
    lines.until("You are")
    behind = {PAGE: web_port(room)}
    with closing(
        Front(nginx, example("admin.md", "server {"), behind, tmp_path)
    ) as front:
        _use_the_page(front, lines)
        _use_the_page(front, lines, f"{NAME}:{front.port}")
        assert get(front.connect(), "/metrics").startswith("HTTP/1.1 403")


@pytest.mark.parametrize(
    ("program", "first", "where"),
    [
        pytest.param(haproxy, "frontend page", PAGE, marks=needs_haproxy),
        pytest.param(nginx, "stream {", LINES, marks=needs_nginx),
    ],
    ids=["haproxy", "nginx"],
)
def test_the_pages_members_come_from_their_real_address(
    daemon: Start,
    connect: Callable[[Daemon], LineClient],
    tmp_path: Path,
    program: Callable[..., list[str]],
    first: str,
    where: str,
) -> None:
    """With --web haproxy:, the log has the browser's address, not the proxy's."""
    room = daemon("--port=0", f"--web={NEAR}", NAMED)
    lines = connect(room)
    lines.until("You are")
    behind = {where: web_port(room)}
    with closing(Front(program, example("admin.md", first), behind, tmp_path)) as front:
        _use_the_page(front, lines)
    room.out.wait_for(r"web joined from 127\.0\.0\.5:\d+")


@needs_nginx
def test_a_proxys_name_must_be_known(daemon: Start, tmp_path: Path) -> None:
    """Without --web-origin the answer, and the log, say which option is missing."""
    room = daemon("--port=0", "--web=0")
    behind = {PAGE: web_port(room)}
    config = example("admin.md", "server {")
    with closing(Front(nginx, config, behind, tmp_path)) as front:
        answer = get(front.connect(), "/")
        assert answer.startswith("HTTP/1.1 421 ")
        assert f"--web-origin https://{NAME}" in answer
    room.out.wait_for(f"refused Host '{NAME}': allowed are localhost, .*--web-origin")
