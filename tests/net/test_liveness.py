"""Signs of life: who is looked at when, and who counts as idle or as stalled."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from broadcast.base.settings import Timeouts
from broadcast.net import sockopts
from broadcast.net.liveness import SLICES, Liveness, LivenessMonitor, begin_liveness
from broadcast.net.sockopts import Progress
from tests.support.hall import Hall

NEVER = Timeouts(idle=0, stall=0)


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transport be what the kernel tells of it: Progress, or None."""
    monkeypatch.setattr(
        sockopts, "progress", lambda told: told if isinstance(told, Progress) else None
    )


class Watched:
    """One guest's liveness, checked at times, with what the kernel tells then."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.guest = Hall().join("/name al")
        self.session: Any = SimpleNamespace(is_pinging=False, is_waiting=False)
        self.session.close = self.guest.protocol.session.close
        self.liveness = Liveness()
        self._timeouts = timeouts

    def check(self, now: float, told: Progress | None = None) -> bool:
        """Check it; tell whether it is to be aborted."""
        return self.liveness.check(now, self._timeouts, self.session, told, "here")


@pytest.mark.parametrize(
    ("idle", "stall", "round_"),
    [(40, 16, 4), (8, 60, 2), (0, 8, 2), (8, 0, 2), (0, 0, 5), (600, 60, 5)],
)
def test_a_round_takes_a_quarter_of_the_shorter_timeout(
    idle: float, stall: float, round_: float
) -> None:
    """Five seconds at most; 0 is no timeout; fifty sweeps a second are the most."""
    monitor = LivenessMonitor(Timeouts(idle, stall), [], Clock())
    assert SLICES * monitor.interval == pytest.approx(round_)
    monitor.timeouts = Timeouts(idle, 0.001)
    assert monitor.interval == 0.02


@given(st.integers(0, 40), st.integers(0, SLICES))
@settings(deadline=None)
def test_a_round_of_sweeps_looks_at_each_connection_once(
    count: int, before: int
) -> None:
    """A sweep looks at a fifth of them; a round may begin at any sweep."""
    seen: list[int] = []
    open_: list[Any] = [
        SimpleNamespace(check=lambda now, timeouts, n=n: seen.append(n))
        for n in range(count)
    ]
    monitor = LivenessMonitor(NEVER, open_, Clock())
    for _ in range(before):
        monitor.sweep()
    seen.clear()
    for _ in range(SLICES):
        already = len(seen)
        monitor.sweep()
        assert len(seen) - already <= -(-count // SLICES)
    assert sorted(seen) == list(range(count))


def test_changed_timeouts_hold_from_the_next_sweep_on() -> None:
    """A pinger that was silent within the old timeout is closed by the new one."""
    hall = Hall()
    guest = hall.join("/format json")
    guest.send("/ping")
    guest.take()
    monitor = LivenessMonitor(Timeouts(60, 0), hall.connections, hall.clock)
    for _ in range(3 * SLICES):
        hall.wait(2)
        monitor.sweep()
    assert guest.take() == b""
    monitor.timeouts = Timeouts(10, 0)
    for _ in range(SLICES):
        monitor.sweep()
    assert "nothing heard for 10 seconds" in guest.lines()[-1]


@pytest.mark.parametrize("is_pinging", [False, True])
@pytest.mark.parametrize("told", [None, Progress(False, 10), Progress(True, 10)])
def test_a_connection_at_peace_needs_no_watch(
    is_pinging: bool, told: Progress | None
) -> None:
    """Only who pings, or is owed something, is remembered between two sweeps."""
    watched = Watched(Timeouts(60, 60))
    watched.session.is_pinging = is_pinging
    needs_watch = is_pinging or (told is not None and told.is_owed)
    assert (begin_liveness(watched.session, told) is not None) is needs_watch
    watched.check(0.0, told)
    assert watched.liveness.goes_on(watched.session) is needs_watch


def test_one_is_idle_after_the_timeout_and_not_at_it() -> None:
    """Silence is counted from the last byte, or from when it was read again."""
    watched = Watched(Timeouts(10, 0))
    session, _ = watched.session, watched.guest.take()
    session.is_pinging = True
    for now, session.is_waiting, watched.liveness.heard in [
        (0.0, False, True),
        (9.0, False, True),
        (19.0, True, False),  # what it says waits: its silence is our own
        (39.0, True, False),
        (49.0, False, False),
    ]:
        watched.check(now)
    assert watched.guest.take() == b""
    watched.check(49.1)
    assert watched.guest.lines() == ["* nothing heard for 10 seconds"]


def test_one_that_reads_nothing_has_stalled() -> None:
    """Owed bytes, and none confirmed for longer than the timeout: it is lost."""
    watched = Watched(Timeouts(0, 10))
    assert not watched.check(0.0, Progress(True, 5))
    assert not watched.check(10.0, Progress(True, 5))
    assert watched.check(10.1, Progress(True, 5))
    assert watched.guest.hall.room.stats.left == {"stalled": 1}


@pytest.mark.parametrize(("read", "acked"), [((True, 6), 6), ((False, 5), 5)])
def test_any_byte_that_is_read_counts(read: tuple[bool, int], acked: int) -> None:
    """Where one was confirmed, or none is owed meanwhile, the time starts anew."""
    watched = Watched(Timeouts(0, 10))
    assert not watched.check(0.0, Progress(True, 5))
    assert not watched.check(9.0, Progress(*read))
    assert not watched.check(18.9, Progress(True, acked))


def test_without_timeouts_nobody_is_closed() -> None:
    """0 is for ever: neither silence nor a full socket ends a connection."""
    watched = Watched(NEVER)
    watched.session.is_pinging = True
    for day in range(3):
        assert not watched.check(86_400.0 * day, Progress(True, 5))
    assert not watched.guest.hall.room.stats.left
