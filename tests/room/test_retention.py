"""The log moves past those who do not read: they are closed, and told of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.settings import RoomSettings
from broadcast.base.work import BUDGET
from broadcast.protocol.events import Bye
from broadcast.room.directory import When
from broadcast.session.states import State
from tests.support.hall import Hall
from tests.support.wires import Pipe, Wire, join_over


@pytest.mark.parametrize("is_direct", [True, False])
@given(st.integers(0, 1 << 30), st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_the_too_slow_are_told_on_a_line_of_their_own(
    is_direct: bool, seed: int, before: int
) -> None:
    """Left behind by the log: whole lines, then how many were missed."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=300_000)
    talker = hall.join("/name talker")
    wire = Wire(seed, is_direct)
    session = join_over(hall, wire, is_direct)
    said = 0
    while session.member.session_id in hall.room.subscriptions:
        talker.send(*(f"{said + n} " + "x" * 50_000 for n in range(2)))
        said += 2
        if said > before:
            wire.is_stuck = True
    wire.is_stuck = False
    wire.drain()
    lines = wire.out.decode().split("\n")
    assert lines.pop() == ""
    heard = [line for line in lines if line.startswith("talker: ")]
    assert heard == [f"talker: {n} " + "x" * 50_000 for n in range(len(heard))]
    missed = int(lines[-1].removeprefix("* too slow: you missed ").split()[0])
    assert missed == said - len(heard)
    assert hall.room.stats.too_slow == 1


@pytest.mark.parametrize(
    ("before", "last"),
    [(1, "* Bye"), (2, "* too slow: you missed 1 line")],
)
def test_who_has_left_and_reads_on_is_told_too(before: int, last: str) -> None:
    """The log moves past one who said /quit: what it had still to read counts.

    The first line is queued already, and then nothing of the log is missed.
    """
    hall = Hall(RoomSettings(max_line=100_000), log_size=300_000)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.is_stuck = True
    for _ in range(before):
        talker.send("x" * 50_000)
    session.close(Bye("quit", "Bye"), When.AFTER_READ)
    hall.turn()
    assert session.member.session_id not in hall.room.subscriptions
    for _ in range(10):
        talker.send("y" * 50_000)
    wire.is_stuck = False
    wire.drain()
    assert wire.is_finished
    assert b"talker: y" not in wire.out
    assert wire.out.decode().split("\n")[-2] == last
    assert hall.room.stats.too_slow == last.startswith("* too slow")


@pytest.mark.counts_turns
def test_who_is_kicked_just_then_is_told_of_the_kick() -> None:
    """The last words stay the last, though the log moved past their member."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=300_000)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.is_stuck = True
    while not session.subscription.has_lost_place:
        talker.protocol.dataReceived(b"x" * 50_000 + b"\n")
        hall.room.commits.flush()
    hall.directory.close(session.member, Bye("kicked", "kicked"))
    wire.is_stuck = False
    hall.turn()
    wire.drain()
    assert wire.out.decode().split("\n")[-2] == "* kicked"
    assert hall.room.stats.too_slow == 0


@pytest.mark.counts_turns
def test_many_too_slow_are_closed_a_few_a_turn() -> None:
    """Closing them holds nobody up; none hears a line more than it can be told of.

    A look at the clock takes a tenth of a millisecond here: a turn has time for ten.
    """
    hall = Hall(RoomSettings(max_line=100_000), log_size=300_000)
    talker = hall.join("/name talker")
    wires = [Wire(seed, is_direct=True) for seed in range(100)]
    sessions = [join_over(hall, wire, is_direct=True) for wire in wires]
    hall.clock.tick = 0.0001
    for wire in wires:
        wire.drain()
        wire.is_stuck = True
    hall.turn()
    closed: set[int] = set()
    while len(closed) < len(sessions):
        before = hall.room.stats.too_slow
        talker.protocol.dataReceived(b"x" * 50_000 + b"\n")
        hall.turn(1)
        assert hall.room.stats.too_slow - before <= BUDGET / hall.clock.tick
        closed = {
            each.member.session_id for each in sessions if each.state is State.CLOSING
        }
    for wire, session in zip(wires, sessions, strict=True):
        wire.is_stuck = False
        wire.drain()
        assert session.subscription.finished
        last = wire.out.decode().split("\n")[-2]
        assert last.startswith("* too slow: you missed ")
    assert hall.room.stats.too_slow == len(sessions)


def test_a_replay_that_the_log_moves_past() -> None:
    """It is given up like any cursor, and whoever asked is told."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=300_000)
    talker = hall.join("/name talker")
    wire = Wire(1, is_direct=True)
    session = join_over(hall, wire, True)
    wire.is_stuck = True
    talker.send("x" * 1000)
    hall.turn()
    while session.member.session_id in hall.room.subscriptions:
        talker.send("x" * 50_000)
    wire.is_stuck = False
    for _ in range(100):
        wire.flush()
    assert wire.out.decode().split("\n")[-2].startswith("* too slow")
