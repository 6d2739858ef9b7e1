"""Questions for lines that are not here yet."""

from broadcast.protocol.dialects import Speaker
from broadcast.room.ahead import Ahead
from broadcast.store.entries import Batch, Run
from broadcast.store.log import Log
from tests.support.clock import TurnClock


def test_a_question_waits_for_its_line() -> None:
    """It is answered when the line is here, and once."""
    clock, log, told = TurnClock(), Log(10_000), list[str]()
    ahead = Ahead(log, clock)
    ahead.wait(2, 5.0, lambda: told.append("two"))
    ahead.wait(1, 5.0, lambda: told.append("one"))
    log.append(Batch([Run(1, Speaker("al"), b"al: hi\n", 1)], 1, 0.0))
    ahead.look()
    assert told == ["one"]
    log.append(Batch([Run(1, Speaker("al"), b"al: ho\n", 1)], 2, 0.0))
    ahead.look()
    ahead.look()
    clock.advance(10)
    assert told == ["one", "two"]


def test_a_question_does_not_wait_for_ever() -> None:
    """After some seconds it is answered with what there is."""
    clock, told = TurnClock(), list[str]()
    ahead = Ahead(Log(10_000), clock)
    ahead.wait(2, 5.0, lambda: told.append("two"))
    clock.advance(4.9)
    assert told == []
    clock.advance(0.2)
    ahead.look()
    assert told == ["two"]
