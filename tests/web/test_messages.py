"""The quick way in gives what wsproto gives, however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.web.frames import Code
from broadcast.web.messages import MessageParser
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


def _hear(pieces: list[bytes], is_quick: bool) -> list[object]:
    listener = Listener()
    wire = MessageParser(listener, LONGEST)
    wire.is_quick = is_quick
    for piece in pieces:
        wire.receive(piece)
    return listener.told


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
