"""Lines over a stream: the same lines, however the bytes are cut into reads."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.protocol.roles import Role
from broadcast.room.member import Member
from broadcast.room.output import MAX_BACKLOG
from hostile.wire import Wire
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
            b"\xff\xfd\x06",
            b"\xff\xfe\n",
            b"\r\0",
            b"\0",
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


FEED = Role(hears=False, name="feed")


class SlowWire(Wire):
    """A transport that has no room from some time on, until it is asked to drain."""

    def pause(self) -> None:
        """Have no room from now on."""
        self.is_slow = True
        if self.producer is not None:
            self.producer.pauseProducing()

    def drain(self) -> None:
        """Have room again."""
        if self.producer is not None:
            self.producer.resumeProducing()


START = st.sampled_from([b"", b"\xef\xbb\xbf", b"/name al\n", b"CONNECT al\r\n"])


ANSWER = re.compile(rb"\xff[\xfc\xfe].", re.DOTALL)
"""One of telnet's. No other byte 255 is ever written: there is none in UTF-8."""


def _outcome(
    pieces: list[bytes], ended: bool = True
) -> tuple[bytes, bytes, list[bytes]]:
    """Return what the sender and a listener get, and telnet's answers.

    These come between other lines, sooner or later, and none once json is spoken.
    """
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
    told = guest.take()
    has_json = b"/format json" in b"".join(pieces)
    answers = [] if has_json else ANSWER.findall(told)
    return ANSWER.sub(b"", told), listener.take(), answers


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
    sent, heard, _ = _outcome(split(data, cuts))
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


def _wont(option: int) -> bytes:
    return bytes([255, 252, option])


def test_telnet_is_answered_before_and_after_joining() -> None:
    """DO is answered WONT and WILL DONT each time; WONT and DONT are not."""
    guest = Hall().connect()
    guest.send_bytes(b"\xff\xfd\x06")
    assert guest.take() == _wont(6)
    guest.send_bytes(b"\xff\xfc\x06\xff\xfe\x01\xff\xf1")
    assert guest.take() == b""
    guest.send("/name al", "hello")
    guest.take()
    guest.send_bytes(b"half\xff\xfd\x06\xff", b"\xfb\x18 a line", b"\xff\xfd\x06\n")
    assert guest.take() == _wont(6) + b"\xff\xfe\x18" + _wont(6)


def test_telnet_is_answered_behind_what_was_asked_before() -> None:
    """It is written between the answers, and between what others say."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.take()
    guest.send_bytes(b"/ping 1\n\xff\xfd\x06")
    guest.send_bytes(b"/ping 2\n")
    assert guest.take() == b"* pong 1\n" + _wont(6) + b"* pong 2\n"


@pytest.mark.parametrize("kind", ["json", "coming", "relay", "feed"])
def test_telnet_is_answered_to_text_members_only(kind: str) -> None:
    """Programs, a relay's members and feeds are written nothing of the kind."""
    hall = Hall(RoomSettings(relay=kind == "relay"))
    guest = Guest(hall, role=FEED if kind == "feed" else None)
    if kind in ("json", "coming"):
        guest.send("/format json")
    if kind != "coming":
        hall.wait(0.3)
    guest.take()
    guest.send_bytes(b"\xff\xfd\x06hello\n")
    hall.wait(0.3)
    assert b"\xff" not in guest.take()


@pytest.mark.parametrize("has_joined", [False, True])
def test_a_flood_of_negotiation_is_not_read_on(has_joined: bool) -> None:
    """Unwritten answers count: their sender isn't read until it reads, and then is."""
    hall = Hall()
    wire = SlowWire("192.0.2.1")
    guest = Guest(hall, transport=wire)
    hall.wait(0.3 if has_joined else 0)
    wire.pause()
    sent = 0
    while not wire.is_paused and sent < 1 << 20:
        guest.send_bytes(b"\xff\xfd\x06" * 1365)
        sent += 4095
    assert MAX_BACKLOG < sent < 2 * MAX_BACKLOG
    got = 0
    for _ in range(100):
        wire.is_slow = False
        wire.drain()
        hall.turn()
        got += wire.take().count(_wont(6))
    assert got == sent // 3
    assert not wire.is_paused


def test_cr_nul_ends_a_line_for_those_who_speak_telnet() -> None:
    """As CR LF does; for all others NUL is shown."""
    hall = Hall()
    listener = hall.join("/name listener")
    hall.join("/name plain").send_bytes(b"a\r\0b\n")
    guest = hall.join("/name al")
    listener.take()
    guest.take()
    guest.send_bytes(b"one\r", b"\xff\xf1\0two\r\0/ping x\r", b"\0")
    assert listener.lines() == ["al: one", "al: two"]
    assert guest.take() == b"* pong x\r\n"


# --flush-partial: devices that know no LF

ENDS = st.lists(
    st.sampled_from([b"one", b"two", b"\r", b"\n", b"\r\n", b"\xff\xf1"]), max_size=12
).map(b"".join)


@given(ENDS, st.lists(st.integers(0, 50), max_size=8), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_cr_ends_a_line_where_silence_does(
    data: bytes, cuts: list[int], is_silent: bool
) -> None:
    """With or without LF behind it, at once or in another packet: one end."""
    hall = Hall(flush_partial=0.05)
    listener = hall.join("/name listener")
    guest = hall.join("/name al")
    listener.take()
    for piece in split(data, cuts):
        guest.send_bytes(piece)
        if is_silent and piece.endswith(b"\r"):
            hall.wait(0.1)
    hall.wait(0.1)
    lines = re.split(rb"\r\n|\r|\n", data.replace(b"\xff\xf1", b""))
    assert listener.lines() == [f"al: {line.decode()}" for line in lines if line]


@pytest.mark.parametrize(
    ("pieces", "eol"),
    [([b"/ping x\r"], b"\n"), ([b"/ping x\r", b"\n"], b"\r\n"), ([b"\r\n"], b"\r\n")],
)
def test_who_sends_cr_lf_gets_it_back_though_it_comes_late(
    pieces: list[bytes], eol: bytes
) -> None:
    """And who sends CR alone gets LF."""
    hall = Hall(flush_partial=0.05)
    guest = hall.join("/name al")
    for piece in pieces:
        guest.send_bytes(piece)
        hall.wait(0.1)
    guest.take()
    guest.send_bytes(b"/ping y\n")
    assert guest.take() == b"* pong y" + eol


def test_cr_nul_in_two_packets_is_one_end() -> None:
    """For one that speaks telnet, silence between the two changes nothing."""
    hall = Hall(flush_partial=0.05)
    listener = hall.join("/name listener")
    guest = hall.join("/name al")
    listener.take()
    for piece in (b"\xff\xf1one\r", b"\0", b"two\r", b"\0three\r\0"):
        guest.send_bytes(piece)
        hall.wait(0.1)
    assert listener.lines() == ["al: one", "al: two", "al: three"]


def test_a_relay_passes_each_cr_on() -> None:
    """Silence adds LF, and an LF that comes late is that one."""
    hall = Hall(RoomSettings(relay=True), flush_partial=0.05)
    listener, speaker = hall.join(), hall.join()
    for piece in (b"a\rb\n", b"x\r", b"\ny\r\n", b"z"):
        speaker.send_bytes(piece)
        hall.wait(0.1)
    assert listener.take() == b"a\rb\nx\r\ny\r\nz\n"


@pytest.mark.parametrize("first", [b"OPEN /dev/x\r", b"GET\r", b"hello\r"])
def test_a_first_line_that_cr_ends_is_whole(first: bytes) -> None:
    """It is no half of a request, whatever it looks like."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    guest.send_bytes(first)
    hall.wait(0.1)
    assert hall.room.stats.lines_in == 1


def test_a_request_whose_lines_cr_ends_is_a_stray() -> None:
    """Nothing of it is said."""
    hall = Hall(flush_partial=0.05)
    guest = hall.connect()
    guest.send_bytes(b"GET / HTTP/1.1\rCookie: secret\r")
    hall.wait(0.1)
    assert guest.take().startswith(b"HTTP/1.1 400 ")
    assert hall.room.stats.lines_in == 0
