"""How often one may try is bounded, by host and name and by host."""

from twisted.internet.task import Clock

from broadcast.auth.ratelimit import MAX_KEYS, Throttle


def test_three_for_a_name_thirty_for_a_host() -> None:
    """The limits, and that each name and each host has its own."""
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.take("h", "a") for _ in range(4)] == [True, True, True, False]
    assert throttle.take("other", "a")
    assert [throttle.take("h", None) for _ in range(28)].count(True) == 27
    assert not throttle.take("h", "b")
    clock.advance(60)
    assert throttle.take("h", "a")


def test_a_right_try_is_given_back() -> None:
    """Successful logins don't count; earlier failures still do."""
    throttle = Throttle(Clock())
    throttle.take("h", "a")
    for _ in range(10):
        assert throttle.take("h", "a")
        throttle.give_back("h", "a")
    assert [throttle.take("h", "a") for _ in range(3)] == [True, True, False]


def test_the_table_is_bounded() -> None:
    """A flood of names takes a bounded number of rows."""
    clock = Clock()
    throttle = Throttle(clock)
    for number in range(MAX_KEYS + 1000):
        throttle.take(f"h{number}", None)
    assert len(throttle) == MAX_KEYS
