"""Handshakes in flight: bounded, in turn, and nobody waits for another host's."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher

from broadcast.net.handshakes import SHARE, TELL_EVERY, Handshakes, host_at

FLOOD, OTHER = "192.0.2.7", "192.0.2.8"


class Step:
    """A handshake: a step takes its time, and says whose it was.

    Args:
        clock: goes on as long as a step takes.
        done: gets the name of each step.
        name: says whose it is.
        seconds: how long a step takes.
    """

    def __init__(
        self, clock: Clock, done: list[str], name: str, seconds: float = SHARE / 2
    ) -> None:
        self._clock = clock
        self._done = done
        self._name = name
        self._seconds = seconds

    def go_on(self) -> None:
        """Be done, after a while."""
        self._clock.rightNow += self._seconds
        self._done.append(self._name)


class FailingStep(Step):
    """A handshake that fails."""

    def go_on(self) -> None:
        """Fail."""
        raise ValueError(self._name)


def test_there_are_so_many_of_a_host_and_in_all() -> None:
    """Beyond either there is no room; the end of one is room for another."""
    handshakes = Handshakes(Clock(), most=3, most_of_host=2)
    for _ in range(2):
        assert handshakes.admits(FLOOD)
        handshakes.begin(FLOOD)
    assert not handshakes.admits(FLOOD)
    assert handshakes.admits(OTHER)
    handshakes.begin(OTHER)
    assert not handshakes.admits("192.0.2.9")
    assert (len(handshakes), handshakes.refused) == (3, 2)
    handshakes.end(FLOOD)
    assert handshakes.admits(FLOOD)


def test_a_turn_takes_its_share_and_hosts_take_turns() -> None:
    """A host is next after a flood; a turn takes its share and a step at most."""
    clock, done, turns = Clock(), list[str](), list[Callable[[], None]]()
    reactor = SimpleNamespace(
        seconds=clock.seconds, callLater=lambda _, call: turns.append(call)
    )
    handshakes = Handshakes(reactor)
    for number in range(5):
        handshakes.wait(FLOOD, Step(clock, done, f"flood {number}"))
    handshakes.wait(OTHER, Step(clock, done, "other"))
    steps = []
    while turns:
        (turn,) = turns
        turns.clear()
        before = len(done)
        turn()
        steps.append(done[before:])
    assert steps == [
        ["flood 0", "other"],
        ["flood 1", "flood 2"],
        ["flood 3", "flood 4"],
    ]


def test_whoever_is_lost_waits_no_longer() -> None:
    """Nothing is worked out for a connection that is gone."""
    clock, done = Clock(), list[str]()
    handshakes = Handshakes(clock)
    gone, here = Step(clock, done, "gone"), Step(clock, done, "here")
    handshakes.wait(FLOOD, gone)
    handshakes.wait(OTHER, here)
    handshakes.leave(FLOOD, gone)
    handshakes.leave(FLOOD, here)  # waits elsewhere
    clock.advance(0)
    assert done == ["here"]
    assert not clock.getDelayedCalls()


def test_one_that_fails_holds_up_nobody() -> None:
    """The others go on in the next turn."""
    clock, done = Clock(), list[str]()
    handshakes = Handshakes(clock)
    handshakes.wait(FLOOD, FailingStep(clock, done, "fails"))
    handshakes.wait(OTHER, Step(clock, done, "other"))
    with pytest.raises(ValueError, match="fails"):
        clock.advance(0)
    clock.advance(0)
    assert done == ["other"]


def test_the_refused_are_told_at_once_and_then_once_a_minute() -> None:
    """A flood is two lines in its first minute, not one for each."""
    events: list[LogEvent] = []

    def keep(event: LogEvent) -> None:
        if event["log_namespace"] == "broadcast":
            events.append(event)

    clock = Clock()
    handshakes = Handshakes(clock, most=0)
    observer: Any = keep  # zope knows it as one
    globalLogPublisher.addObserver(observer)
    try:
        for _ in range(3):
            handshakes.admits(FLOOD)
        clock.advance(TELL_EVERY)
        clock.advance(TELL_EVERY)
        assert not clock.getDelayedCalls()
        handshakes.admits(OTHER)
    finally:
        globalLogPublisher.removeObserver(observer)
    told = [(event["count"], event["address"]) for event in events]
    assert told == [(1, FLOOD), (2, FLOOD), (1, OTHER)]
    assert handshakes.refused == 4


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("192.0.2.7", 4711), "192.0.2.7"),
        (("::ffff:192.0.2.7", 4711, 0, 0), "192.0.2.7"),
        (("2001:db8::7", 4711, 0, 0), "2001:db8::/64"),
        ("", "local"),
        (b"\0abstract", "local"),
    ],
)
def test_whom_a_socket_is_counted_as(address: object, host: str) -> None:
    """IPv4 one by one, IPv6 by /64, unix sockets together."""
    assert host_at(address) == host
