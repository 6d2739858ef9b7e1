"""Behind a proxy that speaks the PROXY protocol."""

import signal
import ssl
from collections.abc import Callable
from pathlib import Path

from tests.support.daemon import Daemon
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.stuck import stuck_member

Start = Callable[..., Daemon]

WHERE = "tcp:0:interface=127.0.0.1"
HEADER = b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 8000\r\n"


def proxied(room: Daemon, header: bytes = HEADER) -> LineClient:
    """Return a member for whom a proxy speaks."""
    wire = connect_tcp(room.port)
    wire.send(header)
    return LineClient(wire)


def test_the_log_has_the_real_address(daemon: Start) -> None:
    """Not the proxy's; the member talks and is answered as any other."""
    room = daemon(f"--listen=haproxy:{WHERE}")
    client = proxied(room, HEADER + b"/name real\nhello\n")
    client.until("You are real")
    room.out.wait_for(r"real joined from 192\.0\.2\.7:4711, 1 here")
    assert client.since_ping("more") == []
    client.close()
    room.out.wait_for(r"real left from 192\.0\.2\.7:4711 \(left\), 0 here")


def test_nobody_begins_before_the_header(daemon: Start) -> None:
    """Who says nothing isn't greeted; who says something else is closed."""
    room = daemon(f"--listen=haproxy:{WHERE}")
    silent = connect_tcp(room.port)
    stranger = LineClient(connect_tcp(room.port))
    stranger.send("hello, I am nobody's proxy")
    room.out.wait_for(r"no PROXY header from 127\.0\.0\.1:\d+: closed")
    half = LineClient(connect_tcp(room.port))
    half.send_bytes(HEADER[:10])
    other = proxied(room)
    other.until("You are guest-1, 1 here")
    half.send_bytes(HEADER[10:])
    half.until("You are guest-2, 2 here")
    for client in (silent, stranger, half, other):
        client.close()


def test_an_unfinished_header_holds_no_end_up(daemon: Start) -> None:
    """When the daemon stops it is closed at once; who has begun is told."""
    room = daemon(f"--listen={WHERE}", f"--listen=haproxy:{WHERE}", "--drain=20")
    stuck = stuck_member(room)
    port = int(room.addresses[1].rpartition(":")[2])
    silent, half, other = (LineClient(connect_tcp(port)) for _ in range(3))
    half.send_bytes(HEADER[:10])
    other.send_bytes(HEADER)
    other.until("You are")
    room.signal()
    assert silent.rest() == half.rest() == b""
    assert other.rest_lines()[-1] == "* The server has shut down"
    assert room.is_running()
    for client in (silent, half, other, stuck):
        client.close()
    assert room.wait() == -signal.SIGTERM
    room.assert_no_trouble()


def test_a_half_close_ends_as_it_does_without_a_proxy(daemon: Start) -> None:
    """``printf | nc -N`` through a proxy: said, answered, closed."""
    room = daemon(f"--listen=haproxy:{WHERE}")
    listener = proxied(room)
    listener.until("You are")
    sender = proxied(room, HEADER + b"/name sender\none\ntwo")
    sender.half_close()
    assert sender.rest_lines()[-1].startswith("* You are sender")
    assert listener.until("two")[-2:] == ["sender: one", "sender: two"]
    sender.close()
    listener.close()


def test_many_lines_come_whole(daemon: Start) -> None:
    """What can't be written at once is written on: nothing is cut or swapped."""
    room = daemon(f"--listen=haproxy:{WHERE}")
    listener, sender = proxied(room), proxied(room)
    listener.until("You are")
    sender.until("You are")
    lines = [f"{number:06} {'x' * 500}" for number in range(8000)]
    sender.send(*lines)
    sender.since_ping()
    listener.shows_presence = False
    got = listener.lines(len(lines))
    assert got == [f"guest-2: {line}" for line in lines]
    sender.close()
    listener.close()


def test_tls_goes_through_a_proxy_that_does_not_end_it(
    daemon: Start, tmp_path: Path
) -> None:
    """tls:haproxy: is a PROXY header first, then TLS."""
    key, certificate = make_certificate(tmp_path)
    files = [f"--tls-key={key}", f"--tls-cert={certificate}"]
    room = daemon(f"--listen=tls:haproxy:{WHERE}", *files)
    context = ssl.create_default_context(cafile=certificate)
    wire = connect_tcp(room.port)
    wire.send(HEADER)
    with context.wrap_socket(wire.socket, server_hostname="localhost") as sock:
        LineClient(SocketWire(sock)).until("You are")
        room.out.wait_for(r"guest-1 joined from 192\.0\.2\.7:4711")
