"""How often one may try is bounded, by host and name and by host."""

import pytest
from twisted.internet.task import Clock

from broadcast.access.throttle import MAX_KEYS, Throttle, host_of


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("192.0.2.7:1234", "192.0.2.7"),
        ("[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:1", "2001:db8:1:2::/64"),
        ("[::ffff:192.0.2.7]:1234", "192.0.2.7"),
        ("[fe80::1%eth0]:1", "fe80::/64"),
        ("unix:/run/x", "local"),
        ("unix", "local"),
    ],
)
def test_who_counts_as_one_host(address: str, host: str) -> None:
    """IPv4 one by one, mapped or not; IPv6 by /64; unix sockets together."""
    assert host_of(address) == host


def test_three_for_a_name_thirty_for_a_host() -> None:
    """The limits, and that each name and each host has its own."""
    clock = Clock()
    throttle = Throttle(clock.seconds)
    assert [throttle.take("h", "a") for _ in range(4)] == [True, True, True, False]
    assert throttle.take("other", "a")
    assert [throttle.take("h", None) for _ in range(28)].count(True) == 27
    assert not throttle.take("h", "b")
    clock.advance(60)
    assert throttle.take("h", "a")


def test_a_right_try_is_given_back() -> None:
    """Who was right may go on logging in; who was wrong before still was."""
    throttle = Throttle(Clock().seconds)
    throttle.take("h", "a")
    for _ in range(10):
        assert throttle.take("h", "a")
        throttle.give_back("h", "a")
    assert [throttle.take("h", "a") for _ in range(3)] == [True, True, False]


def test_the_table_is_bounded() -> None:
    """A flood of names takes a bounded number of rows."""
    clock = Clock()
    throttle = Throttle(clock.seconds)
    for number in range(MAX_KEYS + 1000):
        throttle.take(f"h{number}", None)
    assert len(throttle) == MAX_KEYS
