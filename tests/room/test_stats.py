"""The counters: each line and byte once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from tests.support.hall import Hall
from tests.support.wires import Wire, join_over


@pytest.mark.parametrize("is_direct", [True, False])
@given(st.integers(0, 1 << 30), st.lists(st.integers(1, 5), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_each_byte_and_line_counts_once(
    is_direct: bool, seed: int, counts: list[int]
) -> None:
    """However a transport takes them: at once, in parts, or later on."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1 << 24)
    talker = hall.join("/name talker")
    wire = Wire(seed, is_direct)
    join_over(hall, wire, is_direct)
    wire.drain()
    stats = hall.room.stats
    talker.take()
    sent = stats.bytes_out - len(wire.out)
    lines, heard, deliveries = stats.lines_in, stats.bytes_in, stats.deliveries
    for count in counts:
        talker.send(*["x" * 30_000] * count)
    wire.drain()
    assert stats.bytes_out - sent == len(wire.out) + len(talker.take())
    assert stats.lines_in - lines == sum(counts)
    assert stats.bytes_in - heard == 30_001 * sum(counts)
    assert stats.deliveries - deliveries == 2 * sum(counts)


def test_a_line_in_progress_is_not_heard_yet() -> None:
    """Bytes count when their line has ended, with the line end, commands too."""
    hall = Hall()
    guest = hall.join("/name al")
    heard = hall.room.stats.bytes_in
    guest.send_bytes(b"half")
    assert hall.room.stats.bytes_in == heard
    guest.send_bytes(b"\r\n/ping\n")
    assert hall.room.stats.bytes_in - heard == len(b"half\r\n/ping\n")


def test_refusals_and_departures_count_by_their_reasons() -> None:
    """Each refusal and each departure counts once, under the code that is told."""
    hall = Hall(RoomSettings(max_line=10))
    leaving, losing, ending = (hall.join(f"/name g{n}") for n in range(3))
    leaving.send("/nonsense", "x" * 11, "y" * 11, "/quit")
    leaving.drop(clean=True)
    losing.drop()
    ending.end()
    stats = hall.room.stats
    assert stats.refused == {"unknown-command": 1, "too-long": 2}
    assert stats.left == {"quit": 1, "lost": 1, "left": 1}
