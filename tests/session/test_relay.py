"""The relay: whole lines go on byte for byte; nobody is told a word."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import LISTEN_ONLY, Role
from broadcast.session.states import State
from tests.support.cuts import split
from tests.support.hall import Guest, Hall

RELAY = RoomSettings(relay=True, max_line=100)

# Lines, good and bad in any other room, none of them too long.
LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b"/quit", b"\r", b"CONNECT x", b"\xff\xfb\x18", b"{}"]),
        st.binary(max_size=100).map(lambda line: line.replace(b"\n", b"\0")),
    ),
    max_size=12,
).map(lambda lines: b"".join(line + b"\n" for line in lines))


def _enter(hall: Hall, role: Role | None = None) -> Guest:
    """Return somebody who is in, perhaps through a listener with a role."""
    plain = hall.factory
    if role is not None:
        made: Any = plain.with_role(role)
        hall.factory = made
    guest = hall.join()
    hall.factory = plain
    return guest


@given(LINES, st.lists(st.integers(0, 1200), max_size=6))
@settings(max_examples=100, deadline=None)
def test_every_byte_goes_on(said: bytes, cuts: list[int]) -> None:
    """Whatever the lines hold and the reads are, the same bytes reach all others."""
    hall = Hall(RELAY)
    speaker, ear, feed = _enter(hall), _enter(hall), _enter(hall, Role(hears=False))
    speaker.send_bytes(b"first\n", *split(said, cuts))
    assert ear.take() == b"first\n" + said
    assert speaker.take() == feed.take() == b""


def test_lines_around_a_long_one_stay_as_they_are() -> None:
    """A line over the limit is dropped alone: blank ones beside it are kept."""
    hall = Hall(RELAY)
    speaker, ear = _enter(hall), _enter(hall)
    speaker.send("", "x" * 100, "y" * 101, "", "\r", "z" * 101)
    assert ear.take() == b"\n" + b"x" * 100 + b"\n\n\r\n"
    assert speaker.take() == b""


def test_nothing_but_long_lines_is_nothing() -> None:
    """What was dropped is heard, but not said: it takes no place in the log."""
    hall = Hall(RELAY)
    speaker, ear = _enter(hall), _enter(hall)
    speaker.send("x" * 101, "y" * 300)
    assert ear.take() == b""
    assert hall.room.log.end == hall.room.stats.lines_in == 0
    assert hall.room.stats.bytes_in == 102 + 301


def test_one_is_in_with_a_line_or_in_time() -> None:
    """A connection is a member from its first line on, or a quarter second later."""
    hall = Hall(RELAY)
    speaker, ear = hall.connect(), hall.connect()
    assert len(hall.room.subscriptions) == 0
    speaker.send("too early for the other")
    assert len(hall.room.subscriptions) == 1
    hall.wait(0.3)
    speaker.send("heard")
    assert ear.take() == b"heard\n"


def test_who_ends_before_was_never_here() -> None:
    """A connection without a whole line ends as it came, and is closed."""
    hall = Hall(RELAY)
    guest = hall.connect()
    guest.send_bytes(b"no line end")
    guest.end()
    hall.wait(1)
    assert not hall.connections
    assert hall.room.stats.left == {}
    assert hall.room.log.total == 0


def test_a_listener_says_nothing() -> None:
    """What comes from one who only hears goes nowhere, and it hears on."""
    hall = Hall(RELAY)
    speaker, ear = _enter(hall), _enter(hall, LISTEN_ONLY)
    ear.send("not said")
    speaker.send("said")
    assert ear.take() == b"said\n"
    assert speaker.take() == b""


def test_who_may_not_come_in_is_closed_without_a_word() -> None:
    """Neither a full relay nor a ban is told; what was sent is not said."""
    for most in (1, 9):
        bans = Bans(lambda: 0.0)
        chosen = RoomSettings(relay=True)
        hall = Hall(chosen, policy=Policy(bans), max_members=most)
        ear = _enter(hall)
        if most > 1:
            bans.add("192.168.1.1", None, "")  # where all guests come from
        stranger = hall.connect()
        stranger.send("hello")
        assert stranger.take() == ear.take() == b""
        assert stranger.transport.disconnecting
        assert len(hall.room.subscriptions) == 1
        stranger.send("more")
        assert ear.take() == b""


def test_a_kick_is_silent_and_final() -> None:
    """Who is made to leave gets no last words, and is not heard any more."""
    hall = Hall(RELAY)
    speaker, ear = _enter(hall), _enter(hall)
    hall.directory.close(speaker.protocol.session.member, Bye("kicked", "out"))
    speaker.protocol.session.hear(b"read already\n")
    hall.turn()
    assert speaker.protocol.session.state is State.CLOSING
    assert speaker.take() == ear.take() == b""
    assert speaker.transport.disconnecting
