"""Reloads, the settings that change, and the clock that timers follow."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from broadcast.base.settings import Settings
from broadcast.net.listeners import Listeners
from broadcast.options import settings_from
from broadcast.service import (
    BroadcastService,
    LiveSettings,
    Reload,
    keep_steady_time,
)
from broadcast.systemd import Notifier
from tests.support.hall import Hall


def settings(**given: str) -> Settings:
    """Return the settings that these options, their dashes underscores, make."""
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return settings_from(named)


def raising(error: Exception | None, value: str) -> str:
    """Return ``value``, unless there is an error."""
    if error is not None:
        raise error
    return value


def log_of(call: Callable[[], None]) -> list[tuple[str, str]]:
    """Return level and line of what is logged by ``call``."""
    with capturedLogs() as events:
        call()
    return [(event["log_level"].name, formatEvent(event)) for event in events]


@pytest.mark.parametrize(
    ("error", "level", "line"),
    [
        (None, "info", "middle read again: 3 lines"),
        (ValueError("line 2:\n bad"), "error", "middle kept as before: line 2: bad"),
        (
            FileNotFoundError(2, "No such file", "/x"),
            "error",
            "middle kept as before: no such file",
        ),
        (RuntimeError("a fault"), "critical", "middle could not be read again"),
    ],
)
def test_what_is_broken_holds_nothing_up(
    error: Exception | None, level: str, line: str
) -> None:
    """Everything is read in the order in which it was added, with one line for each."""
    reload = Reload()
    reload.add("first", lambda: "1 line")
    reload.add("middle", lambda: raising(error, "3 lines"))
    reload.add("last", lambda: "2 lines")
    assert log_of(reload) == [
        ("info", "first read again: 1 line"),
        (level, line),
        ("info", "last read again: 2 lines"),
    ]


def test_a_thing_that_is_watched_is_read_when_it_changes() -> None:
    """A look comes at each interval; a failure does not end the watch."""
    reload, clock = Reload(), Clock()
    looks, errors = [False, True, False, True], [ValueError("half written"), None]
    reload.add("keys", lambda: raising(errors.pop(0), "2 keys"))
    reload.watch("keys", lambda: looks.pop(0), 10.0, clock)
    assert log_of(lambda: clock.pump([9.9, 0.1, 9.9])) == []
    assert len(looks) == 3
    broken = ("error", "keys kept as before: half written")
    assert log_of(lambda: clock.advance(0.1)) == [broken]
    good = ("info", "keys read again: 2 keys")
    assert log_of(lambda: clock.pump([10, 10])) == [good]


def test_what_can_change_is_applied_and_what_cannot_is_named() -> None:
    """Everybody is given the live fields alone; the rest is named until a restart."""
    files, applied = [settings()], list[Settings]()
    apply = [applied.append, applied.append]
    live = LiveSettings(settings(), lambda: files[-1], apply)
    assert (live.again(), applied) == ("nothing changed", [])
    given = {"welcome": "two", "idle_timeout": "5"}
    files.append(settings(**given, log_size="1M", relay="yes"))
    kept = "relay, log-size can't change without a restart"
    assert live.again() == f"welcome, rate, burst, idle-timeout changed; {kept}"
    assert applied == [settings(**given, rate="0")] * 2
    assert live.again() == f"nothing changed; {kept}"
    assert len(applied) == 2
    files.append(settings())
    assert live.again() == "welcome, rate, burst, idle-timeout changed"
    assert applied[2:] == [settings()] * 2


def test_a_service_adopts_what_the_room_may_change() -> None:
    """Greeting and rate hold for those who are here and who come later."""
    hall = Hall()
    early = hall.join("/name early")
    parts = (hall.clock, settings(), hall.connections)
    listeners = Listeners(*parts, hall.factory.with_role, None, None, None)
    notifier = Notifier({}, hall.clock.seconds)
    service = BroadcastService(*parts, Reload(), notifier, listeners)
    service.adopt(settings(welcome="two", rate="5", burst="2", max_line="64"))
    assert "* two" in hall.join("/name late").lines()
    assert hall.room.settings.max_line == 8192
    early.take()
    early.send(*"abcdef")
    assert early.lines() == ["* error: slowed to 5 lines a second; nothing is lost"]


class Reactor(ReactorBase):
    """A reactor of Twisted's with timers alone."""

    def installWaker(self) -> None:
        """Have no waker: nothing wakes it."""


def test_timers_follow_the_clock_that_never_goes_back() -> None:
    """The reactor tells the monotonic time, which no change of the date moves."""
    reactor: Any = Reactor()
    keep_steady_time(reactor)
    before = time.monotonic()
    assert before <= reactor.seconds() <= time.monotonic()


def test_a_timer_that_is_set_keeps_its_clock() -> None:
    """The clock is not exchanged under a timer, which would come at another time."""
    reactor: Any = Reactor()
    timer = reactor.callLater(60, lambda: None)
    keep_steady_time(reactor)
    assert 0 < timer.getTime() - reactor.seconds() <= 60


def test_a_clock_of_the_reactors_own_is_left_alone() -> None:
    """A reactor whose time is another loop's, or a test's, keeps it."""
    reactor = Clock()
    keep_steady_time(reactor)
    assert reactor.seconds() == 0
