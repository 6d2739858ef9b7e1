"""The TCP face: the same lines, however the bytes are cut into reads."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.net.telnet import MAX_SUBNEGOTIATION, Telnet
from broadcast.room.member import Member
from broadcast.session.session import SHARE_LINES
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


def _split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(edges)]


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


def _said(heard: bytes) -> list[bytes]:
    return [line for line in heard.split(b"\n") if not line.startswith(b"* ")]


@given(START, PIECES, st.lists(st.integers(0, 500), max_size=8))
@settings(max_examples=200, deadline=None)
def test_cuts_change_nothing(start: bytes, data: bytes, cuts: list[int]) -> None:
    """Whatever is sent, in whatever reads: the same is said, the same answered."""
    whole = start + data
    assert _outcome(_split(whole, cuts)) == _outcome([whole])


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
    sent, heard = _outcome(_split(data, cuts))
    assert heard == _outcome([data])[1]
    for line in (sent + heard).decode().split("\n"):
        assert line == line.rstrip("\r") or line.endswith("\r")
        assert all(char == "\t" or char >= " " for char in line.rstrip("\r"))


def _strip_slowly(data: bytes) -> bytes:
    """Swallow negotiation, a byte after the other: the reference."""
    kept = bytearray()
    at = 0
    while at < len(data):
        if data[at] != 255:
            kept.append(data[at])
            at += 1
        elif at + 1 >= len(data):
            break
        elif data[at + 1] == 255:
            kept.append(255)
            at += 2
        elif 251 <= data[at + 1] <= 254:
            at += 3
        elif data[at + 1] == 250:
            end, limit = at + 2, at + MAX_SUBNEGOTIATION
            while end + 2 <= min(limit, len(data)) and data[end : end + 2] != SE:
                end += 1
            if end + 2 <= min(limit, len(data)):
                at = end + 2
            elif limit <= len(data):
                at += 2
            else:
                break
        else:
            at += 2
    return bytes(kept)


SE = b"\xff\xf0"
TELNET_BYTES = st.lists(
    st.sampled_from([255, 250, 240, 251, 254, 241, 10, 65]), max_size=60
).map(bytes)
TELNET_RUNS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"x", b"\xff", b"\xff\xf1", b"\xff\xfa", SE, b"\xff\xfb", b"\xff\xfax"]
        ),
        st.one_of(st.integers(1, 3), st.integers(120, 260), st.integers(503, 513)),
    ),
    max_size=6,
).map(lambda runs: b"".join(piece * times for piece, times in runs))


@given(TELNET_BYTES, st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=400)
def test_telnet_against_a_slow_reader(data: bytes, cuts: list[int]) -> None:
    """Negotiation is swallowed as RFC 854 says, across any reads."""
    telnet = Telnet()
    stripped = b"".join(telnet.strip(piece) for piece in _split(data, cuts))
    assert stripped == _strip_slowly(data)


@given(TELNET_RUNS, st.lists(st.integers(0, 5000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_long_telnet_against_a_slow_reader(data: bytes, cuts: list[int]) -> None:
    """Also where subnegotiations are too long, or just not, and others follow."""
    telnet = Telnet()
    stripped = b"".join(telnet.strip(piece) for piece in _split(data, cuts))
    assert stripped == _strip_slowly(data)


def test_a_subnegotiation_without_end_is_none() -> None:
    """Above 512 bytes its bytes are a line's again: nothing is held for ever."""
    telnet = Telnet()
    data = b"\xff\xfa" + b"x" * (2 * MAX_SUBNEGOTIATION)
    got = b"".join(telnet.strip(data[at : at + 50]) for at in range(0, len(data), 50))
    assert got == b"x" * (2 * MAX_SUBNEGOTIATION)


@pytest.mark.parametrize(("length", "is_one"), [(512, True), (513, False)])
def test_the_longest_subnegotiation(length: int, is_one: bool) -> None:
    """Of 512 bytes, its beginning and its end counted."""
    body = b"x" * (length - 4)
    got = Telnet().strip(b"\xff\xfa" + body + b"\xff\xf0")
    assert got == (b"" if is_one else body)


def test_who_leaves_in_the_introduction_was_never_here() -> None:
    """Neither by end of file nor by a loss."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.lines()
    for clean in (True, False):
        guest = hall.connect()
        guest.send("/name al", "/format json")
        guest.drop(clean)
        hall.wait(1)
        assert guest.take() == b""
    assert watcher.lines() == []
    assert hall.room.roster.find("al") is None


def test_a_lost_connection_says_its_whole_lines() -> None:
    """Those that waited for their turn too, but no unfinished one."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    guest = hall.join("/name al")
    lines = [f"line {n}" for n in range(3000)]
    guest.protocol.dataReceived("\n".join([*lines, "unfinished"]).encode())
    guest.drop()
    said = _said(watcher.take())
    assert said == [f"al: {line}".encode() for line in lines] + [b""]


def test_a_share_of_each_turn() -> None:
    """A share of lines a turn; the sender isn't read until the rest is said."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.protocol.dataReceived(b"x\n" * 5000)
    assert guest.transport.producerState == "paused"
    counts = []
    for _ in range(6):
        hall.turn(1)
        counts.append(watcher.take().count(b"al: x\n"))
    assert sum(counts) == 5000
    assert max(counts) <= SHARE_LINES
    assert guest.transport.producerState == "producing"


def test_too_fast_is_slowed_and_told_once() -> None:
    """--rate: nothing is lost, one notice, and the rest waits unread."""
    hall = Hall(RoomSettings(rate=10, burst=5))
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take(), guest.take()
    guest.send(*(str(n) for n in range(30)))
    assert watcher.lines() == [f"al: {n}" for n in range(5)]
    assert guest.transport.producerState == "paused"
    for _ in range(60):
        hall.wait(0.05)
    assert watcher.lines() == [f"al: {n}" for n in range(5, 30)]
    told = guest.lines()
    assert told == ["* error: slowed to 10 lines a second; nothing is lost"]


def test_who_is_slowed_and_ends_says_the_rest() -> None:
    """At the end of file all that waited is said at once."""
    hall = Hall(RoomSettings(rate=10, burst=5))
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.send(*(str(n) for n in range(30)))
    guest.end()
    said = [line for line in watcher.lines() if line.startswith("al: ")]
    assert said == [f"al: {n}" for n in range(30)]
    hall.wait(1)
    assert watcher.lines() == []


@pytest.mark.parametrize("ending", ["end", "drop"])
def test_nothing_happens_after_the_end(ending: str) -> None:
    """Timers and turns that were due for one who has left do nothing."""
    hall = Hall(flush_partial=0.5)
    guest: Guest = hall.connect()
    guest.send_bytes(b"half")
    getattr(guest, ending)()
    for _ in range(10):
        hall.wait(1)
    assert not hall.room.members
    assert not hall.connections
    assert isinstance(guest.protocol.session.member, Member)
