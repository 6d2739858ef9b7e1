"""How a connection ends, from either side, and what is still said and read."""

import signal

import pytest

from tests.support.room import Room


def _skip_without_half_close(room: Room) -> None:
    if not room.face.half_closes:
        pytest.skip("no half-close here")


def test_a_half_close_means_leaving(room: Room) -> None:
    """Output that is queued is written, then the server closes."""
    _skip_without_half_close(room)
    bob = room.join("bob")
    alice = room.connect()
    alice.send("/name alice", "one", "/ping x", "two")
    alice.half_close()
    got = alice.rest_lines()
    assert got[0].startswith("* You are alice,")
    assert got[1:] == ["* pong x"]
    assert bob.lines(2) == ["alice: one", "alice: two"]


def test_an_unterminated_last_line_is_said(stream: Room) -> None:
    """At end of file what is left without a line end is said."""
    _skip_without_half_close(stream)
    bob = stream.join("bob")
    alice = stream.connect()
    alice.send_bytes(b"/name alice\none\ntwo")
    alice.half_close()
    alice.rest()
    assert bob.lines(2) == ["alice: one", "alice: two"]


def test_a_single_unterminated_line_is_said(stream: Room) -> None:
    """printf hi | nc: said by a guest who was here for that long."""
    _skip_without_half_close(stream)
    bob = stream.join("bob")
    guest = stream.connect()
    guest.send_bytes(b"hi")
    guest.half_close()
    assert guest.rest().startswith(b"* You are guest-")
    assert bob.line().endswith(": hi")


def test_a_closed_connection_says_its_lines(room: Room) -> None:
    """Closing right after the last line loses nothing of it."""
    bob = room.join("bob")
    alice = room.join("alice")
    alice.send("one", "two")
    alice.close()
    assert bob.lines(2) == ["alice: one", "alice: two"]


def test_after_a_reset_the_unterminated_line_is_not_said(stream: Room) -> None:
    """Nobody knows how much of it is missing."""
    if not stream.face.resets:
        pytest.skip("no reset here")
    bob, alice = stream.join("bob"), stream.join("alice")
    alice.send_bytes(b"whole\nhal")
    assert bob.line() == "alice: whole"
    alice.reset()
    while "alice" in bob.since_ping("/who")[-1]:
        pass
    assert bob.since_ping() == []


def test_a_flood_is_closed_with_a_reason(stream: Room) -> None:
    """Four times --max-line with no line end: bye flood."""
    alice = stream.join_json("alice")
    alice.send_bytes(b"x" * (4 * 8192 + 1))
    bye = alice.await_event("bye")
    assert (bye["code"], bye["reconnect"]) == ("flood", False)
    assert alice.rest() == b""


def test_up_to_the_limit_is_no_flood(stream: Room) -> None:
    """Exactly four times --max-line is only too long."""
    alice = stream.join_json("alice")
    alice.send_bytes(b"x" * 4 * 8192)
    alice.send_bytes(b"\n/ping end\n")
    events = alice.events_until("pong", token="end")
    assert [event.get("code") for event in events] == ["too-long", None]


def test_a_tls_hello_is_turned_away(stream: Room) -> None:
    """16 03 and then whatever: closed without a word, never here."""
    bob = stream.join("bob")
    bob.shows_presence = True
    client = stream.connect()
    client.send_bytes(b"\x16\x03\x01\x02\0\x01\0\n/name eve\nhello\n")
    assert client.rest() == b""
    assert [line for line in bob.since_ping() if "eve" in line or ":" in line] == []


@pytest.mark.parametrize(
    "request_line",
    ["GET / HTTP/1.1", "POST /x HTTP/1.0", "CONNECT host:80 HTTP/1.1", "GET * HTTP/2"],
)
def test_an_http_request_is_turned_away(stream: Room, request_line: str) -> None:
    """A proper 400 with a sentence; never here, CONNECT or not."""
    bob = stream.join("bob")
    client = stream.connect()
    client.send_bytes(f"{request_line}\r\nHost: x\r\n\r\n".encode())
    head, _, body = client.rest().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 400 Bad Request"
    assert b"Content-Length: %d" % len(body) in lines
    assert b"Connection: close" in lines
    assert body.endswith(b"\n")
    assert bob.since_ping() == []


def test_an_http_request_in_pieces(stream: Room) -> None:
    """However it is cut, it is one; also when its line never ends."""
    client = stream.connect()
    for piece in (b"G", b"ET / HT", b"TP/1.1\r", b"\n"):
        client.send_bytes(piece)
    assert client.rest().startswith(b"HTTP/1.1 400 ")
    if stream.face.half_closes:
        bob = stream.join("bob")
        client = stream.connect()
        client.send_bytes(b"GET / HTTP/1.1")
        client.half_close()
        client.rest()
        assert bob.since_ping() == []


def test_words_like_http_later_on_are_said(stream: Room) -> None:
    """Only the first line can be a request."""
    alice, bob = stream.join("alice"), stream.join("bob")
    alice.since_ping("GET / HTTP/1.1")
    assert bob.since_ping() == ["alice: GET / HTTP/1.1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_shutting_down_is_told(own_room: Room, number: int) -> None:
    """Everybody is told in its dialect, after all that was said; then the end."""
    alice, bob, carol = (own_room.join(name) for name in ("alice", "bob", "carol"))
    dave = own_room.join_json("dave")
    silent = own_room.connect()
    alice.send("last words", "/ping x")
    alice.until("pong x")
    own_room.daemon.signal(number)
    assert bob.rest_lines()[-2:] == ["alice: last words", "* The server has shut down"]
    bob.close()
    bye = dave.await_event("bye")
    assert (bye["code"], bye["reconnect"]) == ("shutdown", True)
    assert bye["text"] == "The server has shut down"
    assert dave.rest() == b""
    dave.close()
    for client in (alice, carol, silent):
        assert client.rest_lines()[-1] == "* The server has shut down"
        client.close()
    assert own_room.daemon.wait() == -number
    own_room.daemon.assert_no_trouble()


@pytest.mark.options("--max-line", "100000")
def test_shutting_down_delivers_what_was_said(own_room: Room) -> None:
    """One who reads slowly still gets everything, then the farewell."""
    alice, bob = own_room.join("alice"), own_room.join("bob")
    lines = [f"{number} " + "x" * 50_000 for number in range(150)]
    alice.since_ping(*lines)
    own_room.daemon.signal()
    own_room.daemon.out.wait_for("shutting down")
    got = [line for line in bob.rest_lines() if not line.startswith("* ")]
    assert got == [f"alice: {line}" for line in lines]


@pytest.mark.options("--drain", "60", "--log-size", "64M")
def test_a_second_signal_cuts_the_wait_short(own_room: Room) -> None:
    """With a member that reads nothing, the second signal ends it at once."""
    alice, bob = own_room.join("alice"), own_room.join("bob")
    for _ in range(100):
        alice.since_ping(*("x" * 8000 for _ in range(20)))
    own_room.daemon.signal()
    own_room.daemon.out.wait_for("shutting down")
    alice.rest()
    alice.close()
    assert own_room.daemon.is_running()
    own_room.daemon.signal()
    assert own_room.daemon.wait() == -signal.SIGTERM
    own_room.daemon.assert_no_trouble()
    bob.close()


@pytest.mark.options("--drain", "0.2", "--log-size", "64M")
def test_draining_takes_no_longer_than_it_may(own_room: Room) -> None:
    """After --drain seconds whoever has still to read is cut off, and that is told."""
    alice, bob = own_room.join("alice"), own_room.join("bob")
    for _ in range(100):
        alice.since_ping(*("x" * 8000 for _ in range(20)))
    own_room.daemon.signal()
    alice.rest()
    own_room.daemon.out.wait_for(r"\[WARNING\] 1 cut off")
    assert own_room.daemon.wait() == -signal.SIGTERM
    bob.close()
