"""Many equal delays with one timer."""

from collections.abc import Callable

from broadcast.base.timers import Deadlines
from broadcast.base.work import BUDGET, Work
from tests.support.clock import TurnClock
from tests.support.logged import failures


def _taker(expired: list[int]) -> Callable[[int], bool]:
    def expire(item: int) -> bool:
        expired.append(item)
        return True

    return expire


def _deadlines(clock: TurnClock, expired: list[int], delay: float) -> Deadlines[int]:
    return Deadlines(delay, Work(clock), _taker(expired))


def test_each_expires_in_its_time_and_order() -> None:
    """Items are due in the order they came, each when its delay is over."""
    clock = TurnClock()
    expired: list[int] = []
    deadlines = _deadlines(clock, expired, 1.0)
    deadlines.add(1)
    deadlines.add(2)
    clock.advance(0.5)
    deadlines.add(3)
    clock.turn(0.49)
    assert expired == []
    clock.turn(0.011)
    assert expired == [1, 2]
    clock.turn(0.5)
    assert expired == [1, 2, 3]
    assert not clock.getDelayedCalls()


def test_one_timer_for_all() -> None:
    """A thousand items that came together take one timer."""
    clock = TurnClock()
    deadlines = _deadlines(clock, [], 1.0)
    for item in range(1000):
        deadlines.add(item)
    assert len(clock.getDelayedCalls()) == 1


def test_a_crowd_takes_many_turns() -> None:
    """Of a crowd that is due at once, a turn of the reactor takes what it has time for.

    A look at the clock takes a tenth of a millisecond here.
    """
    clock = TurnClock()
    expired: list[int] = []
    deadlines = _deadlines(clock, expired, 0.25)
    for item in range(500):
        deadlines.add(item)
    clock.advance(0.26)
    clock.tick = 0.0001
    taken = []
    while len(expired) < 500:
        before = len(expired)
        clock.advance(0)
        taken.append(len(expired) - before)
    assert max(taken) <= BUDGET / clock.tick
    assert min(taken[:-1]) > 0
    assert expired == list(range(500))


def test_items_that_are_gone_take_no_time() -> None:
    """However many are gone by then, a step forgets them all: else a queue grows."""
    clock = TurnClock()
    left = {1_000_000, 1_000_001}
    expired: list[int] = []

    def expire(item: int) -> bool:
        expired.append(item)
        return item in left

    deadlines: Deadlines[int] = Deadlines(1.0, Work(clock), expire)
    for item in [*range(5000), *left]:
        deadlines.add(item)
    clock.advance(1.01)
    assert deadlines.step(until=0.0)
    assert len(expired) == 5001
    assert deadlines.step(until=0.0)
    assert len(expired) == 5002
    assert not deadlines.step(until=0.0)


def test_an_item_that_fails_stops_no_other() -> None:
    """A fault is in the log; those that are due after it expire all the same."""
    clock = TurnClock()
    expired: list[int] = []

    def expire(item: int) -> bool:
        if item == 2:
            raise RuntimeError("on purpose")
        expired.append(item)
        return True

    deadlines: Deadlines[int] = Deadlines(1.0, Work(clock), expire)
    for item in range(5):
        deadlines.add(item)
    with failures(RuntimeError):
        clock.turn(1.01)
    assert expired == [0, 1, 3, 4]


def test_what_expires_may_add() -> None:
    """An item added by one that expires has a delay of its own."""
    clock = TurnClock()
    expired: list[int] = []

    def expire(item: int) -> bool:
        expired.append(item)
        if item < 3:
            deadlines.add(item + 1)
        return True

    deadlines: Deadlines[int] = Deadlines(1.0, Work(clock), expire)
    deadlines.add(1)
    for _ in range(3):
        clock.turn(1.01)
    assert expired == [1, 2, 3]
    assert not clock.getDelayedCalls()
