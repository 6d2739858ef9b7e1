"""The way of a line: short enough to be followed."""

from benchmarks.trace import Pair, traced
from broadcast.protocol import sanitize


def test_a_line_is_delivered_in_thirty_moves() -> None:
    """From one member's read to another's socket, calls and returns counted."""
    with Pair() as pair:
        trace = pair.way(b"hello\n")
    assert 0 < trace.moves <= 30
    assert trace.calls[0] == ("broadcast.net.lines", "dataReceived")
    assert ("broadcast.room.fanout", "send") in trace.calls


def test_calls_within_a_module_are_no_moves() -> None:
    """Only those of our functions count, and only from one module to another."""
    trace = traced(lambda: print(sanitize.is_sayable((), b"x\n", 10)))
    assert [function for _, function in trace.calls] == ["is_sayable", "is_clean"]
    assert trace.moves == 0
    assert trace.modules == 1
