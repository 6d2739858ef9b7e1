"""Delivery over transports that take what they like: nothing lost or doubled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.base.work import BUDGET
from broadcast.protocol.events import Bye
from broadcast.room import fanout
from broadcast.room.directory import When
from tests.support.hall import Hall
from tests.support.wires import Pipe, Wire, join_over

SIZES = st.sampled_from([1, 7, 60, 5000, 40_000, 70_000])


@pytest.mark.parametrize("is_direct", [True, False])
@given(
    st.integers(0, 1 << 30),
    st.lists(st.tuples(SIZES, st.booleans(), st.booleans()), max_size=25),
)
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_doubled_or_cut(
    is_direct: bool, seed: int, steps: list[tuple[int, bool, bool]]
) -> None:
    """Whatever the transport takes and when, all lines arrive whole, in order."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1 << 26)
    talker = hall.join("/name talker")
    wire = Wire(seed, is_direct)
    session = join_over(hall, wire, is_direct)
    expected = []
    for number, (size, asks, flushes) in enumerate(steps):
        lines = [f"{number} {n} " + "x" * size for n in range(2)]
        talker.send(*lines)
        expected += [f"talker: {line}" for line in lines]
        if asks:
            hall.room.answer(session.subscription, Bye("x", f"answer {number}"))
            expected.append(f"* answer {number}")
            hall.turn()
        if flushes:
            wire.flush()
    session.close(Bye("quit", "Bye"), When.AFTER_READ)
    hall.turn()
    wire.drain()
    greeting, *got, last = wire.out.decode().split("\n")[:-1]
    assert got == [*expected, "* Bye"][: len(got)]
    assert (greeting[:9], [*got, last]) == ("* You are", [*expected, "* Bye"])
    assert wire.is_finished


@pytest.mark.parametrize("is_direct", [True, False])
@given(
    st.integers(0, 1 << 30),
    st.lists(st.tuples(SIZES, st.booleans(), st.booleans()), max_size=15),
)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_of_what_is_left_to_the_job(
    is_direct: bool, seed: int, steps: list[tuple[int, bool, bool]]
) -> None:
    """A batch that reaches most readers later, with answers, comes whole, in order."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1 << 26)
    talker = hall.join("/name talker")
    wires = [Wire(seed + number, is_direct) for number in range(4)]
    sessions = [join_over(hall, wire, is_direct) for wire in wires]
    expected: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"MANY": 0, "LOOK_AFTER": 1, "LONGEST": -1}.items():
            patch.setattr(fanout, name, value)
        for number, (size, asks, flushes) in enumerate(steps):
            hall.clock.tick = BUDGET  # a turn has time for one reader
            talker.protocol.dataReceived(f"{number} {'x' * size}\n".encode())
            expected.append(f"talker: {number} {'x' * size}")
            hall.turn(1)
            if asks:
                for session in sessions:
                    session.room.answer(
                        session.subscription, Bye("x", f"answer {size}")
                    )
                expected.append(f"* answer {size}")
                hall.turn(1)
            if flushes:
                for wire in wires:
                    wire.flush()
            hall.clock.tick = 0
            hall.turn()
        for session in sessions:
            session.close(Bye("quit", "Bye"), When.AFTER_READ)
        hall.turn()
    for wire in wires:
        wire.drain()
        got = [
            line for line in wire.out.decode().split("\n")[:-1] if " left" not in line
        ]
        said = [line for line in got if not line.endswith(" joined the chat")]
        assert said == [said[0], *expected, "* Bye"]
        assert wire.is_finished


def test_a_ping_is_answered_before_a_batch_has_reached_all() -> None:
    """A fan-out to thousands holds up no answer; what is said waits for its end."""
    hall = Hall(RoomSettings(max_line=100_000))
    talker, asker = hall.join("/name talker"), hall.join("/name asker")
    crowd = [hall.join() for _ in range(fanout.MANY)]
    hall.wait(2)
    for guest in (talker, asker, *crowd):
        guest.take()
    hall.clock.tick = BUDGET
    talker.protocol.dataReceived(b"hello\n")
    hall.turn(2)
    assert hall.room.fanout.readers.left
    asker.protocol.dataReceived(b"/ping\n")
    talker.protocol.dataReceived(b"again\n")
    while b"pong" not in asker.transport.value():
        hall.turn(1)
    assert len(hall.room.fanout.readers.left) > fanout.MANY // 2
    assert asker.lines() == ["talker: hello", "* pong"]
    hall.clock.tick = 0
    hall.turn()
    assert not hall.room.fanout.readers.left
    assert [guest.lines() for guest in crowd] == [
        ["talker: hello", "talker: again"] for _ in crowd
    ]


def test_who_reads_again_catches_up_with_whatever_is_said() -> None:
    """Half a megabyte a turn goes on and on: it comes nearer with each turn."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=10_000_000)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.is_stuck = True
    for turn in range(20):
        talker.send(*["x" * 50_000] * 10)
        if turn == 5:
            wire.is_stuck = False
        wire.flush()
    assert session.subscription.live


def test_a_speaker_alone_is_sent_nothing() -> None:
    """Of a batch that is all its own a member gets nothing: no empty send."""
    hall = Hall()
    wire = Wire(1, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.drain()
    greeting = wire.out
    speaker = session.member.begin_to_speak()
    hall.room.say(session.member, speaker, *speaker.text(b"hello\n"))
    hall.turn()
    assert wire.out == greeting
