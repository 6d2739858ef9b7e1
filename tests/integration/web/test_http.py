"""What the HTTP port answers: page, health, metrics; and the options for it."""

import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, eventually, refused_start
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.stuck import stuck_member
from tests.support.websocket import (
    TEXT,
    WebSocketWire,
    frame,
    http,
    request,
    web_port,
)

Start = Callable[..., Daemon]
Upgrade = Callable[..., WebSocketWire]
Join = Callable[..., LineClient]


def test_the_page_and_its_files(web: Daemon) -> None:
    """Each file has its type and a strict policy; unchanged, it isn't sent again."""
    head, body = http(web, "/")
    assert head.startswith("HTTP/1.1 200")
    for name, kind in re.findall(r'"static/([\w.-]+\.(\w+))"', body):
        file_head, file_body = http(web, f"/static/{name}")
        assert file_head.startswith("HTTP/1.1 200"), name
        assert {"js": "javascript", "css": "css", "svg": "svg"}[kind] in file_head
        assert file_body
    assert "default-src 'none'" in head
    assert "unsafe" not in head
    assert "X-Content-Type-Options: nosniff" in head
    tag = re.search(r"ETag: (\S+)", head, re.IGNORECASE)
    assert tag
    again, nothing = http(web, "/", f"If-None-Match: {tag[1]}")
    assert again.startswith("HTTP/1.1 304")
    assert nothing == ""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/readyz", 200),
        ("/nothing", 404),
        ("/static/", 404),
        ("/static/../tap.py", 404),
        ("/static/%2e%2e/%2e%2e/tap.py", 404),
        ("/static/index.html", 404),
    ],
)
def test_addresses(web: Daemon, path: str, status: int) -> None:
    """Only the page's own files can be had; a healthy daemon says so."""
    assert http(web, path)[0].startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "NONSENSE"])
@pytest.mark.parametrize("path", ["/", "/ws?name=\x94", "/static?\x94", "/nothing"])
def test_other_methods_are_refused(web: Daemon, method: str, path: str) -> None:
    """In our own words, whatever stands in the URI; nothing is logged."""
    wire = connect_tcp(web_port(web))
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    wire.send(head.encode("latin-1"))
    data = b""
    while piece := wire.receive():
        data += piece
    wire.close()
    assert data.startswith(b"HTTP/1.1 405"), data
    assert b"Allow: GET, HEAD" in data
    web.assert_no_trouble()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "NONSENSE"])
@pytest.mark.parametrize(
    "header",
    [
        "Content-Length: 1",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Expect: 100-continue\r\nContent-Length: 5",
    ],
)
def test_a_body_is_refused_before_it_comes(
    web: Daemon, method: str, header: str
) -> None:
    """Nothing here takes one: 413, or 405, why, and the end, asked for or not."""
    wire = connect_tcp(web_port(web))
    wire.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode())
    head, _, rest = LineClient(wire).rest().partition(b"\r\n\r\n")
    is_read = method in ("GET", "HEAD")
    assert head.startswith(b"HTTP/1.1 413 " if is_read else b"HTTP/1.1 405 ")
    assert b"Connection: close" in head
    sentence = b"no request has a body but POST /say\n"
    sentence = sentence if is_read else b"only GET and HEAD here\n"
    assert rest == (b"" if method == "HEAD" else sentence)
    wire.close()
    web.assert_no_trouble()


def test_a_body_that_comes_all_the_same_is_kept_nowhere(daemon: Start) -> None:
    """It is neither answered nor kept, on no disk either; the connection is freed."""
    started = daemon("--web", "0")
    wire = connect_tcp(web_port(started))
    wire.send(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wire.receive()  # its reactor runs, so all that it opens for itself is open
    files = started.descriptors
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    wire.send(
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    wire.send(chunk * 8)
    assert started.descriptors == files
    assert LineClient(wire).rest().startswith(b"HTTP/1.1 405 ")
    eventually(lambda: started.descriptors == files - 1, "that it is freed")
    wire.close()


def test_who_means_the_line_port_is_told_at_once(web: Daemon) -> None:
    """A line that ends as none of HTTP does is refused, whatever follows it."""
    wire = connect_tcp(web_port(web))
    wire.send(b"/format json\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head, _, rest = LineClient(wire).rest().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert rest == b"HTTP and WebSocket are spoken here\n"
    wire.close()


def test_who_was_refused_does_not_come_in(web: Daemon, join: Join) -> None:
    """What follows on that connection is not read as a request."""
    wire = connect_tcp(web_port(web))
    wire.send(b"hello\n")
    assert wire.receive().startswith(b"HTTP/1.1 400 ")
    wire.send(request("/ws?name=ghost") + frame(TEXT, b"boo"))
    alice = join(web, "alice")
    assert "ghost" not in "".join(alice.since_ping("/who"))
    wire.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_empty_body_is_none(web: Daemon, method: str) -> None:
    """Content-Length: 0 is answered, and the connection kept, as without it."""
    wire = connect_tcp(web_port(web))
    for _ in range(3):
        first = f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\n"
        wire.send(f"{first}Content-Length: 0\r\n\r\n".encode())
        assert wire.receive().startswith(b"HTTP/1.1 200 ")
    wire.close()


def test_metrics_count_what_happens(
    daemon: Start, upgrade: Upgrade, join: Join
) -> None:
    """Members by face and dialect, lines, deliveries, refusals, and who left."""
    started = daemon("--web", "0")
    wire = upgrade(started, "/ws?format=json")
    wire.receive()
    alice, bob = join(started, "alice"), join(started, "bob")
    alice.since_ping("one", "two", "/nonsense", "x" * 9000)
    bob.since_ping("three")
    bob.send("/quit")
    bob.rest()
    found = _metrics(started)
    assert found['broadcast_members{dialect="text",face="tcp"}'] == 1
    assert found['broadcast_members{dialect="json",face="websocket"}'] == 1
    assert found["broadcast_lines_said_total"] == 3
    assert found["broadcast_deliveries_total"] == 9
    assert found['broadcast_refused_total{reason="unknown-command"}'] == 1
    assert found['broadcast_refused_total{reason="too-long"}'] == 1
    assert found['broadcast_left_total{reason="quit"}'] == 1
    assert found["broadcast_log_lines"] == 3
    assert found["broadcast_fan_out_seconds_count"] >= 2
    assert found['broadcast_fan_out_seconds_bucket{le="+Inf"}'] >= 2
    assert found["broadcast_received_bytes_total"] > 9000
    assert found["broadcast_sent_bytes_total"] > 100
    assert found["process_open_fds"] > 5


def test_metrics_tell_who_is_behind(
    daemon: Start, upgrade: Upgrade, join: Join
) -> None:
    """The furthest-behind member's backlog, in lines; and who was given up on."""
    started = daemon("--web", "0", "--rate", "0", "--log-size", "32M")
    wire = upgrade(started, receive_buffer=4096)
    wire.receive()
    alice = join(started, "alice")
    for _ in range(20):
        alice.since_ping(*["x" * 8000] * 100)
    eventually(lambda: _metrics(started)["broadcast_members_behind"] == 1, "behind")
    assert _metrics(started)["broadcast_backlog_lines"] > 100


@pytest.mark.parametrize(
    ("choice", "via", "status"),
    [
        ("loopback", "", 200),
        ("loopback", "X-Forwarded-For: 192.0.2.1", 403),
        ("on", "X-Forwarded-For: 192.0.2.1", 200),
        ("off", "", 404),
    ],
)
def test_who_may_read_metrics(
    daemon: Start, choice: str, via: str, status: int
) -> None:
    """This machine alone, unless --web-metrics says otherwise."""
    started = daemon("--web", "0", "--web-metrics", choice)
    head, _ = http(started, "/metrics", *([via] if via else []))
    assert head.startswith(f"HTTP/1.1 {status} ")


def test_an_allowed_origin_may_talk(daemon: Start) -> None:
    """--web-origin may be given again, and lets those pages in."""
    more = ("--web-origin", "https://a.example", "--web-origin=http://b.example:81")
    started = daemon("--web", "0", *more, "--web-origin=file://")
    for origin, status in (
        ("https://a.example", 101),
        ("http://b.example:81", 101),
        ("http://b.example", 403),
        ("file://", 101),
        ("null", 403),
    ):
        with socket.create_connection(("127.0.0.1", web_port(started)), 20) as sock:
            sock.sendall(request(headers=[f"Origin: {origin}"]))
            assert sock.recv(1 << 16).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--web", "99999"], "99999"),
        (["--web", "nonsense:1"], "nonsense"),
        (["--web-origin", "example.org"], "--web-origin: 'example.org' is no origin"),
        (["--web-metrics", "maybe"], "--web-metrics: 'maybe' is none of"),
    ],
)
def test_wrong_values_are_one_line(options: list[str], words: str) -> None:
    """A wrong value is one line on stderr, and the daemon does not start."""
    code, _, err = refused_start("--port", "0", *options)
    assert code != 0
    assert words in err
    assert len(err.strip().split("\n")) == 1


def test_a_busy_web_port_is_one_line() -> None:
    """A port that is taken is one line on stderr, never a deaf daemon."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = refused_start("--port", "0", "--web", port)
    assert code != 0
    words = f"can't listen on 127.0.0.1:{port}: address already in use"
    assert err.startswith(f"broadcast: {words}; stop the program that has it")


def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path) -> None:
    """Where wsproto is missing, --web names all that it needs."""
    (tmp_path / "wsproto.py").write_text("raise ModuleNotFoundError(name='wsproto')")
    code, _, err = refused_start("--web", "0", env={"PYTHONPATH": str(tmp_path)})
    assert code != 0
    assert err.strip().endswith(
        "broadcast: --web: there is no wsproto; pip install wsproto prometheus_client"
    )


def test_colours_can_be_read() -> None:
    """Every colour of the page has 4.5:1 or more on every ground, in both themes."""
    css = Path("broadcast/web/static/page.css").read_text()
    themes = css.split("prefers-color-scheme: dark")
    for theme in themes:
        found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", theme))
        grounds = [found[name] for name in ("ground", "surface", "own", "warn-ground")]
        texts = ["text", "quiet", "warn", "accent", *(f"n{n}" for n in range(12))]
        for name in texts:
            for ground in grounds:
                ratio = _contrast(found[name], ground)
                assert ratio >= 4.5, (name, found[name], ground, ratio)
        assert _contrast(found["accent"], found["accent-text"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _metrics(daemon: Daemon) -> dict[str, float]:
    lines = http(daemon, "/metrics")[1].split("\n")
    pairs = (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")
    return {name: float(value) for name, value in pairs}


def _stopping(running: Daemon, *first: bytes) -> list[SocketWire]:
    """Return kept-alive connections to a daemon that has begun to stop since.

    Each has been answered a request, and sent ``first``, read along with that.
    """
    wires = []
    for piece in first:
        wires.append(wire := connect_tcp(web_port(running)))
        wire.send(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n" + piece)
        assert wire.receive().startswith(b"HTTP/1.1 200")
    running.signal()
    running.out.wait_for("shutting down")
    return wires


def test_health_is_told_until_the_end_of_a_drain(daemon: Start) -> None:
    """Over old connections and new ones: alive, not ready, and no place for members.
    Who asks for nothing is closed at the end, and holds up nothing."""
    running = daemon("--web", "0", "--drain", "20")
    stuck = stuck_member(running)
    kept, idle = _stopping(running, b"", b"")
    kept.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = LineClient(kept).rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in answer
    for _ in range(2):
        assert http(running, "/healthz")[0].startswith("HTTP/1.1 200 ")
        assert http(running, "/readyz")[0].startswith("HTTP/1.1 503 ")
    late = connect_tcp(web_port(running))
    late.send(request("/ws?name=late"))
    assert LineClient(late).rest().startswith(b"HTTP/1.1 503 ")
    assert running.is_running()
    stuck.close()
    assert running.wait() == -signal.SIGTERM
    assert LineClient(idle).rest() == b""
    for wire in (kept, idle, late):
        wire.close()
    running.assert_no_trouble()
    assert not any("late" in line for line in running.out.lines)


def test_a_request_under_way_is_answered_when_it_stops(daemon: Start) -> None:
    """/readyz is 503, so is a handshake, and that is the end: nobody joins."""
    running = daemon("--web", "0", "--drain", "20")
    stuck = stuck_member(running)
    head, wish = (
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        request("/ws?name=late"),
    )
    probe, late = _stopping(running, head[:-2], wish[:20])
    probe.send(head[-2:])
    late.send(wish[20:] + frame(TEXT, b"hello"))
    for wire in (probe, late):
        answer = LineClient(wire).rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Connection: close" in answer
        wire.close()
    assert running.is_running()
    stuck.close()
    assert running.wait() == -signal.SIGTERM
    running.assert_no_trouble()
    assert not any("late" in line for line in running.out.lines)
