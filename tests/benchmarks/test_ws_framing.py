"""Ways to read WebSocket frames: what is compared does the same work."""

import time
from collections.abc import Callable
from functools import partial

import pytest

pytest.importorskip("websockets")

from benchmarks.ws_framing import (
    WAYS,
    Messages,
    WebsocketsParser,
    by_turns,
    frame,
    mixed,
    ratio,
    whole,
)
from broadcast.web.frames import Code
from broadcast.web.messages import MessageParser


class Heard(Messages):
    """Keeps what comes, and how it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[bytes, bool]] = []
        self.sent: list[bytes] = []
        self.why: Code | None = None

    def message_received(self, data: bytes, is_text: bool) -> None:
        self.messages.append((data, is_text))

    def write_control(self, frame: bytes) -> None:
        self.sent.append(frame)

    def failed(self, code: Code, reason: str) -> None:
        self.why = code


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("data", [whole(160), mixed(160)], ids=["whole", "mixed"])
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_each_way_takes_every_message(
    make: Callable[[Messages], Callable[[bytes], None]], data: bytes, size: int
) -> None:
    """However the bytes are cut; in pieces or not."""
    received = Messages()
    take = make(received)
    for at in range(0, len(data), size):
        take(data[at : at + size])
    assert received.count == 160


@pytest.mark.parametrize("kind", [MessageParser, WebsocketsParser])
def test_both_parsers_give_the_same(
    kind: type[MessageParser] | type[WebsocketsParser],
) -> None:
    """Text in pieces, binary, a ping's answer; and what is no UTF-8 is refused."""
    heard = Heard()
    parser = kind(heard, 1 << 17)
    parser.keep(
        frame(1, b"a", is_last=False) + frame(9, b"?") + frame(0, b"b") + frame(2, b"c")
    )
    while parser.step(0.0, time.monotonic):
        pass
    assert heard.messages == [(b"ab", True), (b"c", False)]
    assert heard.sent == [b"\x8a\x01?"]
    parser.keep(frame(1, b"\xff"))
    while parser.step(0.0, time.monotonic):
        pass
    assert heard.why is Code.NOT_UTF8
    assert parser.is_over


def test_turns_change_their_order_and_ratios_are_of_one_round() -> None:
    """A machine that slows down harms nobody's ratio."""
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return 1.0

    measures = {name: partial(measure, name) for name in "ab"}
    assert by_turns(measures, 2) == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert order == ["b", "a", "a", "b"]
    assert ratio([2.0, 20.0, 1.0], [1.0, 10.0, 2.0]) == 2.0
