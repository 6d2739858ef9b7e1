"""The quick way in gives what wsproto gives, however the bytes are cut."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import Frame, FrameProtocol

from broadcast.web.frames import Code
from broadcast.web.messages import MAX_FRAGMENTS, MessageParser
from tests.support.websocket import BINARY, CLOSE, PING, PONG, TEXT, frame

FRAMES = st.one_of(
    st.builds(lambda text: frame(TEXT, text.encode()), st.text(max_size=200)),
    st.builds(lambda data: frame(TEXT, data), st.binary(max_size=20)),
    st.builds(lambda data: frame(BINARY, data), st.binary(max_size=20)),
    st.builds(lambda data: frame(PING, data), st.binary(max_size=20)),
    st.builds(lambda data: frame(PONG, data), st.binary(max_size=130)),
    st.builds(lambda text: frame(TEXT, text.encode(), fin=False), st.text(max_size=9)),
    st.builds(lambda text: frame(0, text.encode()), st.text(max_size=9)),
    st.builds(lambda data: frame(TEXT, data, mask=None), st.binary(max_size=4)),
    st.builds(lambda code: frame(CLOSE, code), st.binary(max_size=4)),
    st.binary(max_size=12),
)


LONGEST = 150
"""Bytes that a message may have."""


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def message_received(self, data: bytes, is_text: bool) -> None:
        self.told.append((data, is_text))

    def write_control(self, frame: bytes) -> None:
        self.told.append(frame[:4])

    def closed_by_peer(self, code: int) -> None:
        self.told.append(code)

    def failed(self, code: Code, reason: str) -> None:
        self.told.append(code)


def take(parser: MessageParser, data: bytes) -> None:
    """Let ``parser`` have bytes, and all the time that it needs."""
    parser.keep(data)
    while parser.step(0.0, time.monotonic):
        pass


def _hear(pieces: list[bytes], is_quick: bool) -> list[object]:
    listener = Listener()
    wire = MessageParser(listener, LONGEST)
    wire.is_quick = is_quick
    for piece in pieces:
        take(wire, piece)
    return listener.told


def test_a_frame_without_a_mask_is_refused_at_its_second_byte() -> None:
    """However it is cut: a client must mask (RFC 6455, 5.1)."""
    for is_quick in (True, False):
        assert _hear([b"\x81", b"\x00"], is_quick) == [Code.PROTOCOL_ERROR]


@given(st.lists(FRAMES, max_size=8), st.data())
def test_both_ways_hear_the_same(frames: list[bytes], choice: st.DataObject) -> None:
    """Any frames, good and bad, cut anywhere, mean the same either way."""
    stream = b"".join(frames)
    places = st.lists(st.integers(0, len(stream)), max_size=5)
    cuts = sorted(choice.draw(places))
    starts, stops = [0, *cuts], [*cuts, len(stream)]
    pieces = [stream[a:b] for a, b in zip(starts, stops, strict=True)]
    assert _hear(pieces, is_quick=True) == _hear([stream], is_quick=False)


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_message_has_as_many_bytes_as_are_allowed(
    pieces: int, is_quick: bool
) -> None:
    """Whole or in pieces: the longest is heard, and a byte more closes."""

    def hear(size: int) -> list[object]:
        first, rest = b"x" * (size // pieces), b"x" * (size - size // pieces)
        frames = [frame(TEXT, first, fin=not rest)]
        frames += [frame(0, rest)] if rest else []
        return _hear(frames, is_quick)

    assert hear(LONGEST) == [(b"x" * LONGEST, True)]
    (closing, *_) = told = hear(LONGEST + 1)
    assert closing is Code.TOO_BIG
    assert not [event for event in told if isinstance(event, tuple)]


@pytest.mark.parametrize("text", [b"", b"x"])
@pytest.mark.parametrize("read", [1, 7, 1 << 16])
def test_a_message_has_an_end(text: bytes, read: int) -> None:
    """So many frames, empty ones among them, however they are read; one more closes."""

    def hear(fragments: int) -> list[object]:
        stream = frame(TEXT, text, fin=False)
        stream += frame(0, text, fin=False) * (fragments - 2) + frame(0, text)
        pieces = [stream[at : at + read] for at in range(0, len(stream), read)]
        listener = Listener()
        parser = MessageParser(listener, 1 << 16)
        for piece in pieces:
            take(parser, piece)
        return listener.told

    assert hear(MAX_FRAGMENTS) == [(text * MAX_FRAGMENTS, True)]
    assert hear(MAX_FRAGMENTS + 1) == [Code.TOO_BIG]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_reads_are_no_fragments(opcode: int) -> None:
    """A frame that comes byte by byte is one; what is kept of it is copied once."""
    message = b"x" * 5000
    whole = frame(opcode, message)
    listener = Listener()
    parser = MessageParser(listener, len(message))
    for _ in range(2):
        for at in range(len(whole)):
            take(parser, whole[at : at + 1])
    assert listener.told == [(message, opcode == TEXT)] * 2


def test_nothing_is_parsed_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames that come in one read behind the last that is taken cost nothing."""
    parsed = []
    process = FrameProtocol.received_frames

    def count(self: FrameProtocol) -> Iterator[Frame]:
        for one in process(self):
            parsed.append(one)
            yield one

    monkeypatch.setattr(FrameProtocol, "received_frames", count)
    stream = frame(TEXT, b"x", fin=False) + frame(0, b"x", fin=False) * 5000
    parser = MessageParser(Listener(), 1 << 16)
    take(parser, stream)
    assert parser.is_over
    assert len(parsed) == MAX_FRAGMENTS + 1


def test_nothing_is_heard_after_a_fault() -> None:
    """A message that is too long is told once; what comes behind it is discarded."""
    for is_quick in (True, False):
        data = frame(TEXT, b"x" * (LONGEST + 1)) + frame(TEXT, b"more") * 2
        assert _hear([data, frame(TEXT, b"x")], is_quick) == [Code.TOO_BIG]


@pytest.mark.parametrize("is_quick", [True, False])
def test_pings_are_answered_in_order(is_quick: bool) -> None:
    """Each by a pong with what it held, also within a message in pieces."""
    pings = [frame(PING, b"%d" % number) for number in range(4)]
    stream = pings[0] + frame(TEXT, b"a") + pings[1] + frame(TEXT, b"b", fin=False)
    stream += pings[2] + frame(0, b"c") + pings[3]
    for pieces in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        assert _hear(pieces, is_quick) == [
            b"\x8a\x010",
            (b"a", True),
            b"\x8a\x011",
            b"\x8a\x012",
            (b"bc", True),
            b"\x8a\x013",
        ]
