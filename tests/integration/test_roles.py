"""Listeners where one only hears, or only speaks."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import DEADLINE, Daemon, refused_start
from tests.support.lineclient import LineClient, SocketWire, connect_tcp
from tests.support.office import Office

Doors = Callable[..., list[LineClient]]


def _client(path: Path) -> LineClient:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(DEADLINE)
    sock.connect(str(path))
    return LineClient(SocketWire(sock))


class Listeners:
    """A daemon with an open door, one to listen, a feed, and a named feed."""

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        self.daemon = daemon
        self.office = Office(daemon, folder / "admin")
        self.folder = folder
        self.stack = ExitStack()

    def enter(self, door: str) -> LineClient:
        """Connect through a door."""
        if door == "open":
            client = LineClient(connect_tcp(self.daemon.port))
        else:
            client = _client(self.folder / door)
        self.stack.callback(client.close)
        return client


@pytest.fixture
def running(daemon: Callable[..., Daemon], tmp_path: Path) -> Iterator[Listeners]:
    made = Listeners(
        daemon(
            *("--listen", "tcp:0:interface=127.0.0.1", "--greeting-delay", "0.01"),
            *("--listen-only", f"unix:{tmp_path / 'ear'}"),
            *("--speak-only", f"unix:{tmp_path / 'feed'}"),
            *("--speak-only", f"build=unix:{tmp_path / 'build'}"),
            *("--admin", f"unix:{tmp_path / 'admin'}"),
        ),
        tmp_path,
    )
    made.daemon.out.wait_for("for bcast-admin")
    with made.stack:
        yield made


def test_one_who_listens_never_speaks(running: Listeners) -> None:
    """Commands act; lines and /say are listen-only; what others say arrives."""
    ear, mouth = running.enter("ear"), running.enter("open")
    ear.send("/format json")
    ear.await_event("welcome")
    mouth.until("You are")
    ear.send("hello", "again", "/say t1 hello", "/ping p")
    got = ear.events_until("pong")
    errors = [event for event in got if event["event"] == "error"]
    assert {event["code"] for event in errors} == {"listen-only"}
    assert errors[-1]["token"] == "t1"
    assert mouth.since_ping("to all") == []
    assert ear.await_event("message")["text"] == "to all"


def test_a_listener_may_close_its_half(running: Listeners) -> None:
    """``nc </dev/null`` hears on: the end of its input is not leaving."""
    ear, mouth = running.enter("ear"), running.enter("open")
    ear.half_close()
    assert "You are" in ear.line()
    mouth.until("You are")
    mouth.send("/name mouth", "one", "two", "/quit")
    assert ear.until("left")[-3:] == [
        "mouth: one",
        "mouth: two",
        "* mouth left the chat",
    ]


def test_a_feed_speaks_and_hears_nothing(running: Listeners) -> None:
    """Whatever stands in a piped log is said as it stands, slashes and all."""
    mouth, feed = running.enter("open"), running.enter("build")
    mouth.until("You are")
    feed.send("/name root", "CONNECT x", "/quit", "//x", "plain")
    assert mouth.until("plain")[-5:] == [
        f"build: {line}"
        for line in ("/name root", "CONNECT x", "/quit", "//x", "plain")
    ]
    mouth.send("hello feed")
    feed.half_close()
    assert feed.rest() == b""
    assert "build left" in mouth.line()


def test_a_feed_is_not_told_that_it_is_muted(running: Listeners) -> None:
    """Nor anything else of an admin's: what it sends is not said, that is all."""
    mouth, feed = running.enter("open"), running.enter("build")
    mouth.until("You are")
    feed.send("one")
    mouth.until("build: one")
    assert running.office.order("mute", "build") == "muted build\n"
    feed.send("two")
    running.daemon.out.wait_for("build: .*you are muted")
    assert running.office.order("kick", "build") == "kicked build\n"
    assert feed.rest() == b""


def test_a_feed_is_not_told_that_the_server_stops(running: Listeners) -> None:
    """Its connection ends without a word; what it said is delivered first."""
    mouth, feed = running.enter("open"), running.enter("build")
    mouth.until("You are")
    feed.send("last")
    mouth.until("build: last")
    running.daemon.signal()
    assert feed.rest() == b""
    assert mouth.rest_lines()[-1] == "* The server has shut down"


@pytest.mark.parametrize("limit", ["--max-members", "--max-per-host"])
def test_feeds_are_counted(
    daemon: Callable[..., Daemon], tmp_path: Path, limit: str
) -> None:
    """One too many is told so at the door, which is all that a feed is ever told."""
    where = f"unix:{tmp_path / 'build'}"
    full = Listeners(daemon("--speak-only", f"build={where}", limit, "1"), tmp_path)
    with full.stack:
        first = full.enter("build")
        first.send("one")
        full.daemon.out.wait_for("build joined")
        second = full.enter("build")
        second.send("two")
        assert second.line().startswith("* ")
        assert second.rest() == b""
        full.daemon.out.wait_for("full: .* turned away")
        first.half_close()
        full.daemon.out.wait_for("build left")
        third = full.enter("build")
        third.send("three")
        full.daemon.out.wait_for("build joined", 2)


def test_feeds_are_told_apart(running: Listeners) -> None:
    """Two at one door get two names; without a name they are guests."""
    mouth = running.enter("open")
    mouth.until("You are")
    first, second, third = (running.enter(door) for door in ("build", "build", "feed"))
    for number, feed in enumerate((first, second, third)):
        feed.send(f"line {number}")
        mouth.until(f"line {number}")
    who = mouth.since_ping("/who")[-1]
    assert "build" in who
    assert "build-2" in who
    assert who.count("guest-") == 2


def test_a_feed_is_made_safe_and_bounded(running: Listeners) -> None:
    """Escapes arrive visible; a line too long is dropped, the next one isn't."""
    mouth, feed = running.enter("open"), running.enter("build")
    mouth.until("You are")
    feed.send_bytes(b"\x1b[2J\n" + b"x" * 9000 + b"\nlast\n")
    assert mouth.until("last")[-2:] == ["build: ␛[2J", "build: last"]
    assert running.daemon.out.wait_for("9000 bytes was dropped")


def test_doors_replace_the_open_port(daemon: Callable[..., Daemon]) -> None:
    """With any door given, there is no other way in."""
    only = daemon("--listen-only=tcp:0:interface=127.0.0.1")
    assert only.addresses == [f"127.0.0.1:{only.port}"]
    assert any("(to listen only)" in line for line in only.out.lines)


def test_a_relay_has_doors_too(daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    """One way in and one way out, byte for byte."""
    relay = daemon(
        *("--relay", "--listen", "tcp:0:interface=127.0.0.1"),
        *("--listen-only", f"unix:{tmp_path / 'ear'}"),
        *("--speak-only", f"unix:{tmp_path / 'feed'}"),
    )
    running = Listeners(relay, tmp_path)
    with running.stack:
        ear, feed, both = (running.enter(door) for door in ("ear", "feed", "open"))
        relay.out.wait_for("joined", 3)
        ear.send("not heard")
        both.send("both")
        assert ear.line() == "both"
        feed.send("\x1b/quit")
        assert both.line() == "\x1b/quit"
        assert ear.line() == "\x1b/quit"
        feed.half_close()
        assert feed.rest() == b""


@pytest.mark.parametrize("mode", [["--relay"], []])
def test_strays_are_heard_by_nobody(
    daemon: Callable[..., Daemon], tmp_path: Path, mode: list[str]
) -> None:
    """TLS and HTTP at a port of lines; what merely resembles them is said."""
    started = daemon(
        *(*mode, "--listen", "tcp:0:interface=127.0.0.1"),
        *("--speak-only", f"unix:{tmp_path / 'feed'}"),
    )
    running = Listeners(started, tmp_path)
    with running.stack:
        ear = running.enter("open")
        started.out.wait_for("joined")
        for door in ("feed", "open") if mode else ("feed",):
            stray = running.enter(door)
            stray.send_bytes(b"GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\n")
            assert stray.rest().startswith(b"HTTP/1.1 400 ")
            stray = running.enter(door)
            stray.send_bytes(b"\x16\x03\x01\0\xa5more\n")
            assert stray.rest() == b""
        honest = running.enter("feed")
        honest.send("GET /healthz HTTP/1.1 gives 502")
        heard = ear.until("gives 502")
        assert not any("secret" in line or "more" in line for line in heard)


def test_a_bad_feed_name_is_one_line() -> None:
    """A wrong name is told at the start, with its option."""
    code, _, err = refused_start("--speak-only", "server=tcp:0")
    assert code != 0
    told = "'server' is not allowed as a name: it is reserved; choose another"
    assert err == f"broadcast: --speak-only: {told}\n"
