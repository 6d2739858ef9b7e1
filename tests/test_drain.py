"""The end of the daemon, by the clock: what goes on, and when it is over."""

from functools import partial

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from broadcast.drain import Drain, Settling
from tests.support.hall import EPOCH, Hall
from tests.support.late_store import LateStore

BYE = "* The server has shut down"


class Ending:
    """A hall that is drained.

    Attributes:
        closed: when the listeners were closed, in seconds.
    """

    def __init__(self, members: int) -> None:
        self.hall = Hall()
        self.hall.connections.is_open = True
        self.guests = [self.hall.join(f"/name m{number}") for number in range(members)]
        for guest in self.guests:
            guest.take()
        self.drain = Drain(self.hall.clock, self.hall.connections)
        self.closed: list[float] = []
        self._is_over = False

    def begin(self, lame_duck: float, drain: float) -> None:
        began = self.hall.clock.seconds()

        async def close() -> None:
            self.closed.append(self.hall.clock.seconds() - began)

        def end(_: object) -> None:
            self._is_over = True

        running = Deferred.fromCoroutine(self.drain.run(lame_duck, drain, close))
        running.addBoth(end)
        self.hall.turn()

    def is_over(self) -> bool:
        """Tell whether nothing more is waited for."""
        return self._is_over

    def pass_by(self, seconds: float) -> None:
        """Let time pass in small steps, as it does."""
        for _ in range(round(seconds * 100)):
            self.hall.wait(0.01)

    def told(self) -> int:
        """Return how many have been told goodbye, and let these close."""
        found = 0
        for guest in tuple(self.guests):
            if BYE in guest.lines():
                found += 1
                self.guests.remove(guest)
                guest.drop(clean=True)
        return found


def test_a_lame_duck_goes_on() -> None:
    """It isn't ready; members come, talk and leave all the same, until it is over."""
    ending = Ending(1)
    hall = ending.hall
    ending.begin(5, 10)
    assert not hall.connections.is_open
    ending.pass_by(4)
    late = hall.join("/name late")
    late.send("hello")
    assert "late: hello" in ending.guests[0].lines()
    assert (ending.closed, hall.connections.is_stopping) == ([], False)
    ending.pass_by(1)
    assert ending.closed == [pytest.approx(5, abs=0.1)]
    assert hall.connections.is_stopping
    too_late = hall.join("/name later")
    assert too_late.lines()[-1] == BYE


def test_after_it_goodbye_is_said_over_the_first_half() -> None:
    """To the same number in each second; to all before the half is over."""
    ending = Ending(100)
    ending.begin(1, 10)
    ending.pass_by(1)
    told = []
    for _ in range(5):
        ending.pass_by(1)
        told.append(ending.told())
    assert sum(told) == 100
    assert all(15 <= count <= 25 for count in told), told
    assert ending.is_over()


def test_without_it_goodbye_is_said_at_once() -> None:
    ending = Ending(3)
    ending.begin(0, 10)
    assert ending.closed == [0]
    assert ending.told() == 3
    assert ending.is_over()


def test_nobody_is_waited_for_longer_than_the_drain() -> None:
    """One that reads nothing is cut off when it is over, and counted in the log."""
    ending = Ending(2)
    stuck = ending.guests[0]
    stuck.protocol.writer.pauseProducing()  # type: ignore[union-attr]  # it is one
    with capturedLogs() as events:
        ending.begin(0, 10)
        assert ending.told() == 1
        ending.pass_by(9.9)
        assert not ending.is_over()
        ending.pass_by(0.2)
    assert ending.is_over()
    assert [(e["event"], e["count"]) for e in events if "count" in e][-1] == (
        "cut-off",
        1,
    )


def test_a_store_that_does_not_answer_is_told_of() -> None:
    """It is waited for until the drain is over; one that answers in time is not."""
    for delay in (1.0, 60.0):
        late = partial(LateStore, epoch=EPOCH, delay=delay)
        hall = Hall(store=late)
        drain = Drain(hall.clock, hall.connections)
        guest = hall.join("/name al")
        hall.wait(60)
        guest.send("one")
        with capturedLogs() as events:
            running = Deferred.fromCoroutine(drain.run(0, 10, _close))
            guest.drop(clean=True)
            for _ in range(110):
                hall.wait(0.1)
        assert running.called
        told = [each for each in events if each.get("event") == "not-committed"]
        assert len(told) == (delay > 10)


async def _close() -> None:
    """Close no listeners."""


def test_a_signal_ends_what_is_waited_for() -> None:
    """The lame duck time first, then the drain; afterwards it does nothing."""
    ending = Ending(10)
    ending.begin(60, 60)
    ending.pass_by(1)
    ending.drain.hurry()
    ending.hall.turn()
    assert len(ending.closed) == 1
    ending.pass_by(1)
    assert 0 < ending.told() < 10
    ending.drain.hurry()
    ending.hall.turn()
    assert ending.is_over()
    ending.drain.hurry()


def test_an_empty_room_is_a_lame_duck_too() -> None:
    """Somebody may still be sent here; then there is nobody to wait for."""
    ending = Ending(0)
    ending.begin(2, 10)
    ending.pass_by(1.9)
    assert not ending.is_over()
    ending.pass_by(0.2)
    assert ending.is_over()


def test_a_connection_that_is_lost_meanwhile_is_no_trouble() -> None:
    """Nor is a room that empties by itself before all have been told."""
    ending = Ending(10)
    ending.begin(1, 10)
    ending.pass_by(1.2)
    for guest in ending.guests:
        guest.drop()
    assert ending.is_over()
    ending.pass_by(10)


def test_settling_waits_for_each_commit() -> None:
    """It looks again whenever one is made, and calls once; a fault ends the wait."""
    hall = Hall(store=lambda clock: LateStore(clock, EPOCH, delay=1.0))
    guest, called = hall.join("/name al"), list[bool]()
    hall.wait(1)
    guest.protocol.dataReceived(b"one\n")
    hall.turn()
    guest.protocol.dataReceived(b"two\n")
    commits = hall.room.commits
    job = Settling(commits, lambda: called.append(commits.is_settled))
    hall.work.add(job)
    for lines in range(2):
        hall.turn()
        assert (hall.room.log.lines, called) == (lines, [])
        hall.wait(1)
    assert (hall.room.log.lines, called) == (2, [True])
    job.abort()
    assert called == [True, True]
