"""Frames: what is framed can be taken apart again, and where their bounds are."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Pong, TextMessage

from broadcast.web import frames
from broadcast.web.frames import MAX_MESSAGE_OUT, Code, Taken
from tests.support.websocket import BINARY, CLOSE, PING, TEXT, frame

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\n")
LINES = st.lists(st.text(CHARACTERS, max_size=200))
MASKS = st.binary(min_size=4, max_size=4)


def _messages(data: bytes) -> list[str | bytes]:
    """Return the messages in a server's frames, as another implementation reads it."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    found: list[str | bytes] = []
    for event in client.events():
        assert isinstance(event, TextMessage | BytesMessage)
        assert event.message_finished
        given = event.data
        found.append(given if isinstance(given, str) else bytes(given))
    return found


def _block(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@given(LINES)
@settings(deadline=None)
def test_lines_come_back_whole(lines: list[str]) -> None:
    """Lines framed are the same lines: together in one message, or each in its own."""
    block = _block(*lines)
    assert _messages(frames.whole(block)) == (["\n".join(lines)] if lines else [])
    assert _messages(frames.relayed(block)) == _messages(frames.whole(block))
    assert _messages(frames.line_by_line(block)) == lines


@given(st.lists(st.sampled_from([0, 1, 30_000, 65_534, 65_535, 65_536, 150_000])))
@settings(deadline=None)
def test_no_message_is_longer_than_it_may_be(sizes: list[int]) -> None:
    """A message of many lines has 64 KiB at most; a longer line has its own; nothing
    is lost, and no message ends where the next line would have fitted."""
    lines = ["x" * size for size in sizes]
    messages = [str(message) for message in _messages(frames.whole(_block(*lines)))]
    assert "\n".join(messages) == "\n".join(lines)
    for message in messages:
        assert len(message) < MAX_MESSAGE_OUT or "\n" not in message
    for message, after in pairwise(messages):
        first = after.partition("\n")[0]
        assert len(message) + len(first) + 2 > MAX_MESSAGE_OUT


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f" + struct.pack("!Q", 65_536)),
    ],
)
def test_a_size_is_said_the_shortest_way(size: int, head: bytes) -> None:
    """RFC 6455, 5.2: the minimal number of bytes encodes the length."""
    assert frames.line_by_line(b"x" * size + b"\n") == head + b"x" * size


def test_a_relay_marks_only_what_is_no_text() -> None:
    """Of a block in two messages, the one that is not UTF-8 alone is binary."""
    text, other = b"x" * (MAX_MESSAGE_OUT - 1) + b"\n", b"\xff\n"
    assert _messages(frames.relayed(text + other)) == [text[:-1].decode(), b"\xff"]


@given(st.sampled_from(Code), st.text("aé漢😀", min_size=25, max_size=80))
def test_a_close_frame_is_a_control_frame(code: Code, reason: str) -> None:
    """The reason is cut to what a control frame may hold, never within a character."""
    data = frames.close_frame(code, reason)
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    (event,) = client.events()
    assert isinstance(event, CloseConnection)
    assert event.code == code
    said = event.reason or ""
    assert reason.startswith(said)
    assert said == reason or 120 <= len(said.encode()) <= 123


@given(st.binary(max_size=125))
def test_a_pong_carries_what_the_ping_did(payload: bytes) -> None:
    """The answer to a ping has the same bytes, up to the most that there can be."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frames.pong_frame(payload))
    (event,) = client.events()
    assert isinstance(event, Pong)
    assert bytes(event.payload) == payload


@given(st.lists(st.tuples(st.text(max_size=300), MASKS)), st.integers(1, 12))
def test_simple_frames_are_taken_whole(told: list[tuple[str, bytes]], cut: int) -> None:
    """All whole text frames are taken, whatever their masks; one cut short is left
    where it begins, and known to go on."""
    payloads = [text.encode() for text, _ in told]
    whole = [frame(TEXT, text.encode(), mask=mask) for text, mask in told]
    stream = b"".join(whole)
    assert frames.take(stream) == Taken(payloads, len(stream))
    if told and cut < len(whole[-1]):
        taken = frames.take(stream[:-cut])
        assert taken == Taken(payloads[:-1], len(stream) - len(whole[-1]))
        wanted = frames.size_wanted(stream[:-cut], taken.stop)
        assert len(stream[:-cut]) - taken.stop < wanted <= len(whole[-1])


@pytest.mark.parametrize(
    "other",
    [
        frame(TEXT, b"x" * 10, mask=None),
        frame(TEXT, b"x" * 10, fin=False),
        frame(BINARY, b"x" * 10),
        frame(TEXT, b"x\xff" * 5),
        frame(TEXT, b"x" * (1 << 16)),
        b"\xc1" + frame(TEXT, b"x" * 10)[1:],
        b"\x81\xfe\x00\x0a" + bytes(14),
    ],
    ids=["unmasked", "piece", "binary", "latin", "long", "rsv", "size"],
)
def test_what_is_not_simple_is_left(other: bytes) -> None:
    """Anything else, and anything wrong, is for the full parser, in its place."""
    simple = frame(TEXT, b"hello")
    assert frames.take(simple + other + simple) == Taken([b"hello"], len(simple))
    assert not frames.size_wanted(simple + other, len(simple))


def test_where_a_control_frame_ends() -> None:
    """A whole masked control frame has an end; a cut, long or unmasked one has not."""
    ping, close = frame(PING, b"x" * 125), frame(CLOSE)
    stream, at = frame(TEXT, b"hi") + ping + close, len(frame(TEXT, b"hi"))
    assert frames.control_ends(stream, at) == at + len(ping)
    assert frames.control_ends(stream, at + len(ping)) == len(stream)
    for wrong in (ping[:-1], close[:-1], frame(PING, b"x" * 126), frame(TEXT, b"x")):
        assert frames.control_ends(wrong, 0) == 0
    assert frames.control_ends(frame(PING, b"x" * 10, mask=None), 0) == 0
    assert frames.control_ends(frame(PING, b"x" * 10, fin=False), 0) == 0
