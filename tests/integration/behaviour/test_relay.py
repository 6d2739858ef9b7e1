"""Relay: bytes in, the same bytes out, to all the others."""

import pytest

from tests.support.lineclient import LineClient
from tests.support.room import Room

pytestmark = pytest.mark.options("--relay", "--max-line", "100")

BYTES = bytes(byte for byte in range(256) if byte != 10)


def _listen(room: Room, speaker: LineClient) -> LineClient:
    """Return somebody who hears what ``speaker`` says from now on."""
    listener = room.connect()
    listener.send("I hear")
    assert speaker.line() == "I hear"
    return listener


def test_bytes_go_on_as_they_are(own_room: Room) -> None:
    """Every byte but LF, blank lines, slashes, CR: byte for byte, whole lines."""
    if not own_room.face.is_stream:
        pytest.skip("lines are framed here")
    speaker = own_room.connect()
    own_room.daemon.out.wait_for("1 here")
    listener = _listen(own_room, speaker)
    said = b"".join(BYTES[at : at + 85] + b"\n" for at in range(0, 255, 85))
    said += b"\n\n/quit\n//x\r\n\xef\xbb\xbf\n\xff\xfb\x18\n"
    for at in range(0, len(said), 7):
        speaker.send_bytes(said[at : at + 7])
    got = b"".join(listener.raw_line() for _ in range(said.count(b"\n")))
    assert got == said


def test_nothing_is_said_by_the_server(own_room: Room) -> None:
    """No greeting, no presence, no answers, no echo, no farewell."""
    speaker = own_room.connect()
    own_room.daemon.out.wait_for("1 here")
    listener = _listen(own_room, speaker)
    speaker.send("/ping", "/name x", "end")
    assert listener.lines(3) == ["/ping", "/name x", "end"]
    listener.send("done")
    assert speaker.line() == "done"
    own_room.daemon.signal()
    assert speaker.rest() == b""
    assert listener.rest() == b""


def test_too_long_lines_are_dropped(own_room: Room) -> None:
    """The length limit stays, and so does the flood limit; both without a word."""
    speaker = own_room.connect()
    own_room.daemon.out.wait_for("1 here")
    listener = _listen(own_room, speaker)
    speaker.send("x" * 100, "y" * 101, "z")
    assert listener.lines(2) == ["x" * 100, "z"]
    if own_room.face.is_stream:
        speaker.send_bytes(b"x" * 401)
        assert speaker.rest() == b""


def test_an_unterminated_last_line_is_dropped(own_room: Room) -> None:
    """End of file says nothing that has no line end."""
    if not (own_room.face.is_stream and own_room.face.half_closes):
        pytest.skip("no unfinished lines here")
    speaker = own_room.connect()
    own_room.daemon.out.wait_for("1 here")
    listener = _listen(own_room, speaker)
    speaker.send_bytes(b"whole\npart")
    speaker.half_close()
    assert speaker.rest() == b""
    own_room.daemon.signal()
    assert listener.rest() == b"whole\n"


@pytest.mark.parametrize(
    ("first", "answer"),
    [(b"\x16\x03\x01\0\n", b""), (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 400 ")],
)
def test_strangers_never_join(own_room: Room, first: bytes, answer: bytes) -> None:
    """A TLS hello and an HTTP request are turned away here too."""
    if not own_room.face.is_stream:
        pytest.skip("lines are framed here")
    speaker = own_room.connect()
    own_room.daemon.out.wait_for("1 here")
    stranger = own_room.connect()
    stranger.send_bytes(first + b"more\n")
    rest = stranger.rest()
    assert rest.startswith(answer)
    assert bool(rest) == bool(answer)
    listener = _listen(own_room, speaker)
    speaker.send("only this")
    assert listener.line() == "only this"
    assert own_room.daemon.out.wait_for(r"joined .*, 2 here$")
