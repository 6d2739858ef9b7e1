"""Programs that are no clients: turned away on every listener of lines."""

import re

import pytest

from tests.support.room import Room

STRAYS = [
    (b"\x16\x03\x01\0\xa5more\n", b""),
    (b"GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\nbody\n", b"HTTP/1.1 400 "),
    (b"DESCRIBE rtsp://host/x RTSP/1.0\r\nCSeq: 1\r\n\r\n", b"HTTP/1.1 400 "),
    (b"SSH-2.0-OpenSSH_9.2\r\nsecret\n", b"* This port "),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nsecret\n", b"* This port "),
    (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0csecret\n", b"* This port "),
]


@pytest.mark.parametrize("before", [b"", b"\n\r\n", b"\xef\xbb\xbf\r\n\xff\xf1\n"])
@pytest.mark.parametrize(("stray", "answer"), STRAYS)
def test_a_stray_is_told_so_and_heard_by_nobody(
    stream: Room, stray: bytes, answer: bytes, before: bytes
) -> None:
    """Over TCP, TLS and unix sockets, with anything blank before it."""
    listener = stream.join("listener")
    stranger = stream.connect()
    data = before + stray
    for at in range(0, len(data), 5):
        stranger.send_bytes(data[at : at + 5])
    told = stranger.rest()
    assert told.startswith(answer)
    assert bool(told) == bool(answer)
    assert listener.since_ping() == []
    assert listener.since_ping("/who") == ["* 1 here: listener"]


def test_honest_first_lines_are_said(room: Room) -> None:
    """What merely resembles a stray, or comes later, is a line like any other."""
    listener = room.join("listener")
    first = ["PROXY is down again", "GET /healthz HTTP/1.1 gives 502"]
    for line in first:
        room.connect().since_ping(line, "GET / HTTP/1.1", "SSH-2.0-x")
    said = [re.sub(r"^guest-\d+: ", "", line) for line in listener.since_ping()]
    assert said == [x for line in first for x in (line, "GET / HTTP/1.1", "SSH-2.0-x")]


def test_a_frame_like_a_request_is_said(room: Room) -> None:
    """HTTP over WebSocket is nobody's mistake."""
    if room.face.is_stream:
        pytest.skip("here it is a stray's")
    listener = room.join("listener")
    room.connect().since_ping("GET / HTTP/1.1")
    assert listener.since_ping()[0].endswith(": GET / HTTP/1.1")


@pytest.mark.options("--flush-partial", "0.05")
def test_a_request_in_two_halves_is_no_line(stream: Room) -> None:
    """Silence does not make half of a stray's first line one that is said."""
    listener = stream.join("listener")
    stranger = stream.connect()
    stranger.send_bytes(b"GET / HT")
    other = stream.connect()  # who is later, and flushed before, has been silent longer
    other.send_bytes(b"hello")
    assert listener.line().endswith(": hello")
    stranger.send_bytes(b"TP/1.1\r\nHost: x\r\n\r\n")
    assert stranger.rest().startswith(b"HTTP/1.1 400 ")
    assert listener.since_ping() == []


@pytest.mark.options("--web", "0")
def test_the_answer_to_http_names_the_page(stream: Room) -> None:
    """The page's address, as the log tells it."""
    found = stream.daemon.out.wait_for(r"page is on (http://\S+/)")
    stranger = stream.connect()
    stranger.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    assert stranger.rest().endswith(f"is at {found[0][1]}\n".encode())
