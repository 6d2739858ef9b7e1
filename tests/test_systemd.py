"""The notifications of the service manager, through a real datagram socket."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from broadcast.systemd import Notifier

DEADLINE = 30.0
NAME = "notify"

Make = Callable[..., Notifier]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The manager's end, by a relative path: a folder's own may be too long."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.setblocking(False)
        bound.bind(NAME)
        yield bound


def told(manager: socket.socket) -> list[list[str]]:
    """Return the messages that have come since the last time, line by line."""
    messages: list[list[str]] = []
    with suppress(BlockingIOError):
        while True:
            messages.append(manager.recv(4096).decode().split("\n"))
    return messages


@pytest.fixture
def make(manager: socket.socket, clock: Clock) -> Iterator[Make]:
    """Make notifiers with more in their environment; close their sockets."""
    with ExitStack() as stack:

        def made(**environ: str) -> Notifier:
            notifier = Notifier({"NOTIFY_SOCKET": NAME} | environ, clock.seconds)
            if notifier._socket is not None:
                stack.callback(notifier._socket.close)
            return notifier

        yield made


def test_each_state_is_one_message(
    make: Make, manager: socket.socket, clock: Clock
) -> None:
    """The fields are those of sd_notify(3), with times in whole microseconds."""
    notifier = make()
    notifier.ready("0 here")
    clock.advance(12.3456789)
    notifier.reloading()
    notifier.stopping("stopping, 2 here", 15.5)
    assert told(manager) == [
        ["READY=1", "STATUS=0 here"],
        ["RELOADING=1", "MONOTONIC_USEC=12345678"],
        ["STOPPING=1", "STATUS=stopping, 2 here", "EXTEND_TIMEOUT_USEC=15500000"],
    ]


def test_a_status_is_told_when_it_is_news(make: Make, manager: socket.socket) -> None:
    """Without a watchdog, a beat that has nothing new to tell sends nothing."""
    notifier = make()
    notifier.ready("0 here")
    for status in ("0 here", "1 here", "1 here", "0 here"):
        notifier.beat(status)
    assert told(manager)[1:] == [["STATUS=1 here"], ["STATUS=0 here"]]


def test_a_watchdog_is_patted_at_each_beat(make: Make, manager: socket.socket) -> None:
    """A beat for the watchdog carries the status only where that is news."""
    notifier = make(WATCHDOG_USEC="3000000", WATCHDOG_PID=str(os.getpid()))
    notifier.ready("0 here")
    notifier.beat("0 here")
    notifier.beat("1 here")
    assert told(manager)[1:] == [["WATCHDOG=1"], ["WATCHDOG=1", "STATUS=1 here"]]


@pytest.mark.parametrize(
    ("environ", "interval", "is_patted"),
    [
        ({}, 5.0, False),
        ({"WATCHDOG_USEC": "3000000"}, 1.5, True),
        ({"WATCHDOG_USEC": "60000000"}, 5.0, True),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "0"}, 5.0, False),
        ({"WATCHDOG_USEC": "soon"}, 5.0, False),
        ({"WATCHDOG_USEC": "²"}, 5.0, False),
        ({"WATCHDOG_USEC": "0"}, 5.0, False),
    ],
)
def test_a_beat_comes_in_half_of_the_watchdogs_time(
    make: Make,
    manager: socket.socket,
    environ: dict[str, str],
    interval: float,
    is_patted: bool,
) -> None:
    """Five seconds at most; a watchdog of another process, or of no time, is none."""
    notifier = make(**environ)
    assert notifier.interval == interval
    notifier.beat("")
    assert told(manager) == ([["WATCHDOG=1"]] if is_patted else [])


def test_nobody_is_told_where_there_is_no_manager(make: Make) -> None:
    """Without ``NOTIFY_SOCKET`` no beats are wanted, and no call does harm."""
    with capturedLogs() as events:
        notifier = make(NOTIFY_SOCKET="", WATCHDOG_USEC="3000000")
        assert notifier.interval is None
        notifier.ready("0 here")
        notifier.reloading()
        notifier.beat("1 here")
        notifier.stopping("stopping", 1)
    assert events == []


def test_a_manager_that_reads_nothing_holds_nobody_up(make: Make) -> None:
    """When the socket is full, a message is lost with a warning; the call returns."""
    notifier = make()
    warnings: list[str] = []

    def tell() -> None:
        with capturedLogs() as events:
            while not events:
                notifier.ready("x" * 1000)
        warnings.extend(formatEvent(event) for event in events)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    teller.join(DEADLINE)
    assert not teller.is_alive()
    (warning,) = warnings
    assert warning.startswith("the service manager can't be told: ")
