"""Strays are turned away at their first line, however it comes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.net.firstbytes import HALF_LINE_WAIT, MAX_HELD
from broadcast.protocol.roles import Role
from tests.support.cuts import split
from tests.support.hall import Guest, Hall

BEFORE = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"\xff\xf1", b"\xff\xfa\x18\0x\xff\xf0"]),
    max_size=6,
).map(b"".join)
MARK = st.sampled_from([b"", b"\xef\xbb\xbf"])
CUTS = st.lists(st.integers(0, 300), max_size=8)
STRAYS = [
    b"\x16\x03\x01\0\xa5",
    b"GET / HTTP/1.1\r\nAuthorization: secret\r\n\r\nbody\n",
    b"POST /x HTTP/1.0\nCookie: secret\n\nsecret\n",
    b"INVITE sip:bob@host SIP/2.0\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\nsecret\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nsecret\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0csecret\n",
]
FEED = Role(hears=False, name="feed")


def _hall(relay: bool = False) -> Hall:
    return Hall(RoomSettings(max_line=300, relay=relay))


def _is_closed(guest: Guest) -> bool:
    return bool(guest.transport.disconnecting)


@given(MARK, BEFORE, st.sampled_from(STRAYS), CUTS)
@settings(max_examples=300, deadline=None)
def test_no_stray_joins_however_its_bytes_are_cut(
    mark: bytes, before: bytes, stray: bytes, cuts: list[int]
) -> None:
    """Nothing of it is said, nobody is told of it, and it is closed."""
    hall = _hall()
    listener = hall.join("/name listener")
    listener.take()
    guest = hall.connect()
    guest.send_bytes(*split(mark + before + stray, cuts))
    assert _is_closed(guest)
    assert b"You are" not in guest.take()
    guest.drop()
    hall.wait(1)
    assert listener.take() == b""
    assert hall.room.stats.lines_in == 0


@given(st.sampled_from(STRAYS))
@settings(deadline=None)
def test_a_stray_a_byte_at_a_time(stray: bytes) -> None:
    """Even if each byte comes in a turn of its own."""
    hall = _hall()
    guest = hall.connect()
    for byte in stray:
        guest.send_bytes(bytes([byte]))
    assert _is_closed(guest)
    assert hall.room.stats.joined == 0
    assert hall.room.stats.lines_in == 0


@pytest.mark.parametrize("kind", ["relay", "feed"])
@pytest.mark.parametrize("before", [b"", b"\n\r\n\n", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize("stray", STRAYS)
def test_a_relay_and_a_feed_turn_away_tls_and_http(
    kind: str, before: bytes, stray: bytes
) -> None:
    """And only these, whose bytes are never their own."""
    hall = _hall(relay=kind == "relay")
    guest = Guest(hall, role=FEED if kind == "feed" else None)
    guest.send_bytes(*[bytes([byte]) for byte in before + stray])
    is_stray = stray.startswith((b"\x16", b"GET", b"POST", b"INVITE"))
    assert _is_closed(guest) is is_stray
    assert (hall.room.stats.lines_in == 0) is is_stray
    assert (hall.room.stats.joined == 0) is is_stray


@pytest.mark.parametrize(
    "line",
    ["GET /healthz HTTP/1.1 gives 502", "PROXY is down again", "SSH is down", "\0x"],
)
def test_an_honest_first_line_is_said(line: str) -> None:
    """It may speak of requests, and of proxies."""
    hall = _hall()
    listener = hall.join("/name listener")
    listener.take()
    hall.connect().send("", line)
    hall.wait(0.3)
    said = line.replace("\0", "␀")
    assert listener.lines()[-1] == f"guest-1: {said}"


@pytest.mark.parametrize("first", ["/name al", "hello"])
def test_what_looks_like_a_stray_later_on_is_said(first: str) -> None:
    """Only the first line that isn't blank is looked at."""
    hall = _hall()
    listener = hall.join("/name listener")
    guest = hall.connect()
    later = ["GET / HTTP/1.1", "SSH-2.0-x", "PROXY TCP4 x"]
    guest.send(first, *later)
    hall.wait(0.3)
    said = listener.lines()
    assert [line.partition(": ")[2] for line in said[-3:]] == later
    assert not _is_closed(guest)


def test_a_stray_that_was_slow_is_turned_away_all_the_same() -> None:
    """A browser that connects ahead of time has been greeted; nothing is said."""
    hall = _hall()
    guest = hall.join()
    guest.take()
    guest.send("GET / HTTP/1.1", "Authorization: secret")
    assert guest.take().startswith(b"HTTP/1.1 400 ")
    assert hall.room.stats.lines_in == 0


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"SSH-2.0-x", b"PROXY UNKNOWN"])
@pytest.mark.parametrize("is_relay", [False, True])
def test_a_first_line_without_end_counts_at_the_end_of_file(
    line: bytes, is_relay: bool
) -> None:
    """It is a stray's like any other; a relay drops what has no end."""
    hall = _hall(relay=is_relay)
    guest = hall.connect()
    guest.send_bytes(b"\n" + line)
    guest.protocol.readConnectionLost()
    hall.turn()
    told = guest.take()
    assert hall.room.stats.lines_in == (1 if is_relay and line[:1] != b"G" else 0)
    if line.startswith(b"GET"):
        assert told.startswith(b"HTTP/1.1 400 ")
    elif not is_relay:
        assert told.startswith(b"* This port ")


def test_half_a_request_at_the_end_of_file_is_said() -> None:
    """It is a line, and not a request."""
    hall = _hall()
    listener = hall.join("/name listener")
    guest = hall.connect()
    guest.send_bytes(b"GET / HT")
    guest.end()
    assert "guest-1: GET / HT" in listener.lines()


def test_blank_lines_of_a_relay_go_on_once_it_is_known() -> None:
    """They are lines there, and come in their place."""
    hall = _hall(relay=True)
    listener = hall.join()
    speaker = hall.connect()
    speaker.send_bytes(b"\n\r\n", b"\n")
    assert listener.take() == b""
    speaker.send_bytes(b"x\n\n")
    assert listener.take() == b"\n\r\n\nx\n\n"


@pytest.mark.parametrize("many", [False, True])
def test_blank_lines_of_a_relay_do_not_wait_for_ever(many: bool) -> None:
    """Who is here says them at once; and not many are held."""
    hall = _hall(relay=True)
    listener, speaker = hall.join(), hall.connect()
    blank = b"\n" * (MAX_HELD + 1 if many else 3)
    speaker.send_bytes(blank)
    if not many:
        hall.wait(0.3)
    assert listener.take() == blank
    speaker.send_bytes(b"\n")
    hall.wait(0.3)
    assert listener.take() == b"\n"
    speaker.send("GET / HTTP/1.1")
    assert _is_closed(speaker)


def test_a_mark_in_a_relay_stays_before_its_line() -> None:
    """It is a part of that line, however long that takes to come."""
    hall = _hall(relay=True)
    listener, speaker = hall.join(), hall.connect()
    speaker.send_bytes(b"\xef\xbb\xbf")
    hall.wait(0.3)
    speaker.send_bytes(b"x")
    assert listener.take() == b""
    speaker.send_bytes(b"\n")
    assert listener.take() == b"\xef\xbb\xbfx\n"


def test_the_first_line_end_is_remembered_though_it_ends_a_blank_line() -> None:
    """CRLF is written to one whose first line was blank, and ended so."""
    hall = _hall()
    guest = hall.connect()
    guest.send_bytes(b"\r\n\n\n/name al\n")
    hall.wait(0.3)
    assert guest.take().endswith(b"\r\n")


def test_the_page_is_named_where_there_is_one() -> None:
    """A browser's user reads where to go."""
    hall = _hall()
    hall.connections.page = "http://127.0.0.1:8080/"
    guest = hall.connect()
    guest.send("GET / HTTP/1.1")
    assert b" http://127.0.0.1:8080/\n" in guest.take()


# --flush-partial


@pytest.mark.parametrize("at", range(5, 17))
def test_silence_says_nothing_of_a_request(at: int) -> None:
    """Half of its first line waits for the rest, however long that takes."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    request = b"GET /x HTTP/1.1\r\n"
    guest.send_bytes(request[:at])
    hall.wait(100)
    guest.send_bytes(request[at:] + b"Host: x\r\n\r\n")
    assert hall.room.stats.lines_in == 0
    assert guest.take().endswith(b"Try: nc HOST PORT\n")
    assert _is_closed(guest)


@pytest.mark.parametrize("stray", STRAYS)
def test_silence_between_all_bytes_says_nothing_of_a_stray(stray: bytes) -> None:
    """Each byte comes later than the silence that ends a line."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    for byte in stray:
        guest.send_bytes(bytes([byte]))
        hall.wait(0.1)
    assert _is_closed(guest)
    assert hall.room.stats.lines_in == 0


@pytest.mark.parametrize(
    ("first", "wait"), [(b"hello", 0.06), (b"HELLO", 0.06), (b"GET", HALF_LINE_WAIT)]
)
def test_silence_ends_an_honest_first_line(first: bytes, wait: float) -> None:
    """One that may be a well-known request's beginning waits for longer."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    guest.send_bytes(first)
    hall.wait(wait - 0.02)
    assert hall.room.stats.lines_in == 0
    hall.wait(0.02)
    assert hall.room.stats.lines_in == 1
    guest.send_bytes(b"GET / HTTP/1.1")
    hall.wait(0.06)
    assert hall.room.stats.lines_in == 2


def test_a_whole_request_line_is_known_after_silence() -> None:
    """Its sender has been silent: it is a line, and a stray's."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    guest.send_bytes(b"GET / HTTP/1.1")
    hall.wait(0.1)
    assert guest.take().startswith(b"HTTP/1.1 400 ")
