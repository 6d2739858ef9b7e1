"""The WebSocket as a protocol: frames in and out, bounds, and closing."""

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.websocket import (
    BINARY,
    CLOSE,
    PING,
    TEXT,
    WebSocketWire,
    frame,
)

Upgrade = Callable[..., WebSocketWire]
Join = Callable[..., LineClient]

CONTINUATION = 0x0


def test_messages_in_and_out(web: Daemon, upgrade: Upgrade, join: Join) -> None:
    """A message in is one or more lines; what is said at once goes out as one."""
    hearer = upgrade(web, "/ws?name=hearer")
    hearer.receive()
    other = join(web, "other")
    assert hearer.receive() == b"* other joined the chat\n"
    other.send("one", "two", "three")
    assert hearer.receive() == b"other: one\nother: two\nother: three\n"
    hearer.send_frames(frame(TEXT, b"a\nb\r\nc"), frame(TEXT, b"d\n"), frame(TEXT))
    assert other.until("hearer: d")[-4:] == [f"hearer: {line}" for line in "abcd"]


@pytest.mark.parametrize("how", ["query", "__name__"])
def test_one_line_a_frame(web: Daemon, upgrade: Upgrade, join: Join, how: str) -> None:
    """?frames=line, or a first frame __name__:NAME, gives a frame for each line."""
    wire = upgrade(web, "/ws?frames=line&name=liner" if how == "query" else "/ws")
    if how == "__name__":
        wire.send_frames(frame(TEXT, b"__name__:liner"))
    assert wire.receive().startswith(b"* You are liner")
    other = join(web, "other")
    assert b"joined" in wire.receive()
    other.send("one", "two")
    assert [wire.receive(), wire.receive()] == [b"other: one\n", b"other: two\n"]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(BINARY, b"x"), 1003),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"\xc3", fin=False) + frame(CONTINUATION, b"x"), 1007),
        (frame(0x3, b"x"), 1002),
        (frame(TEXT, b"x", mask=None), 1002),
        (frame(CONTINUATION, b"x"), 1002),
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, struct.pack("!H", 1005)), 1002),
        (frame(CLOSE, struct.pack("!H", 1000) + b"\xff"), 1007),
        (frame(TEXT, b"x" * 140_000), 1009),
        (frame(TEXT, b"x" * 140_000, size=1 << 40), 1009),
        (
            frame(TEXT, b"x" * 9000, fin=False)
            + frame(CONTINUATION, b"x" * 9000, fin=False) * 15,
            1009,
        ),
    ],
)
def test_what_is_wrong_closes(
    web: Daemon, upgrade: Upgrade, frames: bytes, code: int
) -> None:
    """Each fault closes with its own code, and the server ends the connection."""
    wire = upgrade(web)
    wire.receive()
    wire.send_frames(frames)
    while wire.receive():
        pass
    assert wire.code == code
    assert wire.is_ended()


def test_an_endless_message_is_never_kept(
    daemon: Callable[..., Daemon], upgrade: Upgrade
) -> None:
    """100 MB in fragments of one message cost no memory, and close."""
    started = daemon("--web", "0")
    before = _rss(started)
    wire = upgrade(started)
    wire.receive()
    piece = frame(CONTINUATION, b"x" * 60_000, fin=False)
    wire.send_frames(frame(TEXT, b"x", fin=False))
    with contextlib.suppress(OSError):  # it may be cut off before the end
        for _ in range(1700):
            wire.send_frames(piece)
    assert _rss(started) - before < 2048
    started.out.wait_for("left from")


def test_pings_are_answered(web: Daemon, upgrade: Upgrade) -> None:
    """A ping comes back as a pong with the same bytes; in the middle of a
    fragmented message too."""
    wire = upgrade(web)
    wire.receive()
    wire.send_frames(
        frame(TEXT, b"/ping", fin=False),
        frame(PING, b"middle"),
        frame(CONTINUATION, b" x"),
    )
    assert LineClient(wire).until("pong x")
    assert wire.pongs == [b"middle"]


def test_pings_of_one_who_reads_nothing_cost_no_memory(
    daemon: Callable[..., Daemon], upgrade: Upgrade
) -> None:
    """Pongs don't pile up for a peer that pings and does not read."""
    started = daemon("--web", "0")
    wire = upgrade(started, receive_buffer=4096)
    wire.receive()
    before = _rss(started)
    pings = frame(PING, b"x" * 125) * 500
    for _ in range(600):  # 38 MB of pings
        wire.send_frames(pings)
    assert _rss(started) - before < 2048


def test_a_peer_that_closes_gets_its_answer(web: Daemon, upgrade: Upgrade) -> None:
    """A close frame is answered with the same code, and then the server closes."""
    wire = upgrade(web)
    wire.receive()
    wire.send_frames(frame(CLOSE, struct.pack("!H", 3999) + b"bye"))
    assert wire.receive() == b""
    assert wire.code == 3999
    assert wire.is_ended()


def test_quit_closes_normally(web: Daemon, upgrade: Upgrade) -> None:
    """/quit ends with 1000, after the last words."""
    wire = upgrade(web)
    wire.receive()
    wire.send_frames(frame(TEXT, b"/quit"))
    assert wire.receive() == b"* Bye\n"
    assert wire.receive() == b""
    assert wire.code == 1000


def test_shutting_down_says_so(daemon: Callable[..., Daemon], upgrade: Upgrade) -> None:
    """A stopping server tells in a line, and closes with 1001 and the words."""
    started = daemon("--web", "0")
    wire = upgrade(started, "/ws?format=json")
    wire.receive()
    started.signal()
    assert b'"event":"bye","code":"shutdown"' in wire.receive()
    assert wire.receive() == b""
    assert (wire.code, wire.reason) == (1001, "The server has shut down")


def test_too_slow_says_so(
    daemon: Callable[..., Daemon], upgrade: Upgrade, join: Join
) -> None:
    """Who falls behind the log is closed with 1013 and how much it missed."""
    started = daemon("--web", "0", "--log-size", "64K", "--rate", "0")
    wire = upgrade(started, receive_buffer=4096)
    wire.receive()
    talker = join(started, "talker")
    for number in range(40):
        talker.since_ping(*[f"{number} " + "x" * 8000] * 40)
    started.out.wait_for("too-slow, missed")
    last = b""
    while data := wire.receive():
        last = data
    assert b"too slow: you missed" in last
    assert wire.code == 1013
    assert wire.reason.startswith("too slow: you missed")


def test_no_frame_is_large(web: Daemon, upgrade: Upgrade, join: Join) -> None:
    """However much is said at once, a message has 64 KiB or one line."""
    wire = upgrade(web, "/ws?format=json")
    wire.receive()
    other = join(web, "much")
    other.since_ping(*["x"] * 5000)
    got = 0
    while got < 5000:
        got += wire.receive().count(b'"text":"x"')
    assert max(wire.sizes) <= 64 * 1024


def _rss(daemon: Daemon) -> int:
    """Return the daemon's memory, in KiB."""
    return int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1]) * 4


def test_both_faces_are_one_room(web: Daemon, upgrade: Upgrade, join: Join) -> None:
    """Members of both faces see the same lines in the same order."""
    webs = [LineClient(upgrade(web, f"/ws?name=ws{n}")) for n in range(3)]
    lines = [join(web, f"tcp{n}") for n in range(3)]
    for client in webs:
        client.until("You are")
    for number in range(50):
        for client in (*webs, *lines):
            client.send(f"number {number}")
    heard = []
    for client in (*webs, *lines):
        client.shows_presence = False
        seen = client.since_ping()
        while len([line for line in seen if ": number" in line]) < 250:
            seen += client.since_ping()
        heard.append([line for line in seen if ": number" in line])
    everything = sorted({line for seen in heard for line in seen})
    assert len(everything) == 300
    first = heard[0]
    for seen in heard[1:]:
        common = set(first) & set(seen)
        in_first = [line for line in first if line in common]
        assert in_first == [line for line in seen if line in common]
