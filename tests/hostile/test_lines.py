"""Reads that are made to be slow to take apart."""

import time
from collections.abc import Callable

import pytest

from broadcast.net.telnet import Telnet
from tests.support.hall import Hall


@pytest.mark.parametrize("data", [b"\n" * 65536, b"\r\n" * 32768, b"/name a\n" * 8192])
def test_an_introduction_is_taken_quickly(data: bytes) -> None:
    """64 KiB before joining take milliseconds, not the 850 that they once took."""
    guest = Hall().connect()
    began = time.process_time()
    guest.protocol.dataReceived(data)
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    "piece",
    [b"\xff\xf1", b"\xff\xfa", b"\xff\xfb\x18", b"\xff\xff", b"\xff\xfa\xff\xf0"],
)
def test_negotiation_is_swallowed_quickly(piece: bytes) -> None:
    """In less than half the time of a loop that only looks at each piece."""
    data = piece * (65536 // len(piece))

    def look_at_each() -> None:
        at = 0
        while at < len(data):
            assert data.find(piece, at, at + 512) == at
            at += len(piece)

    ours = _best_of_five(lambda: Telnet().strip(data))
    assert ours < _best_of_five(look_at_each) / 2


def _best_of_five(call: Callable[[], object]) -> float:
    def once() -> float:
        began = time.process_time()
        call()
        return time.process_time() - began

    return min(once() for _ in range(5))
