"""Lines over a stream: the same lines, however the bytes are cut into reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.room.member import Member
from tests.support.cuts import split
from tests.support.hall import Guest, Hall

# Pieces of which a stream can be made, chosen for what may be cut badly.
PIECES = st.lists(
    st.sampled_from(
        [
            b"one",
            b"\n",
            b"\r\n",
            b"\r",
            b"\n\n",
            "é漢😀".encode(),
            b"\xff\xf1",
            b"\xff\xfb\x18",
            b"\xff\xff",
            b"\xff\xfa\x18\0xt\nerm\xff\xf0",
            b"/ping x\n",
            b"/say t words\n",
            b"/name bob\n",
            b"/nope\n",
            b"//x\n",
            b"\x1b[2J",
            b"\xc3",
            b"\xe2\x80\xae",
            b"x" * 70,
            b"/format json\r\n",
            b"/who\n",
            b"/history 3\n",
        ]
    ),
    max_size=12,
).map(b"".join)


START = st.sampled_from([b"", b"\xef\xbb\xbf", b"/name al\n", b"CONNECT al\r\n"])


def _outcome(pieces: list[bytes], ended: bool = True) -> tuple[bytes, bytes]:
    """Return what the sender and a listener get."""
    hall = Hall(RoomSettings(max_line=300))  # never a flood, which does depend on cuts
    listener = hall.join("/name listener")
    guest = hall.connect()
    for piece in pieces:
        guest.protocol.dataReceived(piece)
    hall.turn(8)
    if ended:
        guest.end()
    hall.wait(1)
    hall.turn(8)
    return guest.take(), listener.take()


@given(START, PIECES, st.lists(st.integers(0, 500), max_size=8))
@settings(max_examples=200, deadline=None)
def test_cuts_change_nothing(start: bytes, data: bytes, cuts: list[int]) -> None:
    """Whatever is sent, in whatever reads: the same is said, the same answered."""
    whole = start + data
    assert _outcome(split(whole, cuts)) == _outcome([whole])


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_a_byte_at_a_time_changes_nothing(data: bytes) -> None:
    """Every boundary at once."""
    whole = b"/name al\n" + data
    assert _outcome([bytes([byte]) for byte in whole]) == _outcome([whole])


@given(PIECES)
@settings(max_examples=30, deadline=None)
def test_each_single_cut_changes_nothing(data: bytes) -> None:
    """Every boundary, one at a time."""
    whole = b"/name al\n" + data[:60]
    expected = _outcome([whole])
    for at in range(len(whole)):
        assert _outcome([whole[:at], whole[at:]]) == expected


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_bytes_at_all(data: bytes, cuts: list[int]) -> None:
    """No bytes raise, whatever is cut; what others get is whole and safe."""
    sent, heard = _outcome(split(data, cuts))
    assert heard == _outcome([data])[1]
    for line in (sent + heard).decode().split("\n"):
        assert line == line.rstrip("\r") or line.endswith("\r")
        assert all(char == "\t" or char >= " " for char in line.rstrip("\r"))


@pytest.mark.parametrize("ending", ["end", "drop"])
def test_nothing_happens_after_the_end(ending: str) -> None:
    """Timers and turns that were due for one who has left do nothing."""
    hall = Hall(flush_partial=0.5)
    guest: Guest = hall.connect()
    guest.send_bytes(b"half")
    getattr(guest, ending)()
    for _ in range(10):
        hall.wait(1)
    assert not hall.room.subscriptions
    assert not hall.connections
    assert isinstance(guest.protocol.session.member, Member)
