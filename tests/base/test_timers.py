"""Many equal delays with one timer."""

from collections.abc import Callable

from twisted.internet.task import Clock

from broadcast.base.timers import SHARE, Deadlines


def _taker(expired: list[int]) -> Callable[[int], bool]:
    def expire(item: int) -> bool:
        expired.append(item)
        return True

    return expire


def _deadlines(clock: Clock, expired: list[int], delay: float) -> Deadlines[int]:
    return Deadlines(delay, clock.seconds, clock.callLater, _taker(expired))


def test_each_expires_in_its_time_and_order() -> None:
    """Items are due in the order they came, each when its delay is over."""
    clock = Clock()
    expired: list[int] = []
    deadlines = _deadlines(clock, expired, 1.0)
    deadlines.add(1)
    deadlines.add(2)
    clock.advance(0.5)
    deadlines.add(3)
    clock.advance(0.49)
    assert expired == []
    clock.advance(0.01)
    assert expired == [1, 2]
    clock.advance(0.5)
    assert expired == [1, 2, 3]
    assert not clock.getDelayedCalls()


def test_one_timer_for_all() -> None:
    """A thousand items that came together take one timer."""
    clock = Clock()
    deadlines = _deadlines(clock, [], 1.0)
    for item in range(1000):
        deadlines.add(item)
    assert len(clock.getDelayedCalls()) == 1


def test_a_crowd_takes_many_turns() -> None:
    """Of a crowd that is due at once, a turn of the reactor takes a share."""
    now = 0.0
    expired: list[int] = []
    turns: list[Callable[[], None]] = []
    deadlines: Deadlines[int] = Deadlines(
        0.25, lambda: now, lambda seconds, call: turns.append(call), _taker(expired)
    )
    for item in range(2 * SHARE + 1):
        deadlines.add(item)
    now = 0.25
    taken = []
    while turns:
        before = len(expired)
        turns.pop()()
        taken.append(len(expired) - before)
    assert taken == [SHARE, SHARE, 1]
    assert expired == list(range(2 * SHARE + 1))


def test_who_is_gone_takes_no_share() -> None:
    """However many are gone by then, a turn forgets them all: else a queue grows."""
    now = 0.0
    turns: list[Callable[[], None]] = []
    left = {1_000_000, 1_000_001}
    expired: list[int] = []

    def expire(item: int) -> bool:
        expired.append(item)
        return item in left

    deadlines: Deadlines[int] = Deadlines(
        1.0, lambda: now, lambda seconds, call: turns.append(call), expire, share=1
    )
    for item in [*range(5000), *left]:
        deadlines.add(item)
    now = 1.0
    turns.pop()()
    assert len(expired) == 5001
    turns.pop()()
    assert len(expired) == 5002
    assert not turns


def test_what_expires_may_add() -> None:
    """An item added by one that expires has a delay of its own."""
    clock = Clock()
    expired: list[int] = []

    def expire(item: int) -> bool:
        expired.append(item)
        if item < 3:
            deadlines.add(item + 1)
        return True

    deadlines: Deadlines[int] = Deadlines(1.0, clock.seconds, clock.callLater, expire)
    deadlines.add(1)
    clock.pump([1.0, 1.0, 1.0])
    assert expired == [1, 2, 3]
    assert not clock.getDelayedCalls()
