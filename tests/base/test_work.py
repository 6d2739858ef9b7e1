"""The turns of the reactor: who works when, and for how long."""

from collections.abc import Callable

import pytest

from broadcast.base.work import BUDGET, FAN_OUT, READS, SLICE, Work
from tests.support.clock import TurnClock
from tests.support.logged import failures


class Reader:
    """Notes that it is to be read on."""

    reads_on = False
    is_little = False

    def has_little(self) -> bool:
        """Tell whether it has little."""
        return self.is_little

    def read_on(self) -> None:
        """Read on."""
        self.reads_on = True


class Job:
    """Has so many units to do, each of which takes some time."""

    def __init__(self, clock: TurnClock, units: int, seconds: float = 0.0001) -> None:
        self._clock = clock
        self._seconds = seconds
        self.left = units
        self.is_aborted = False
        self.during: Callable[[], None] = lambda: None

    def step(self, until: float) -> bool:
        while self.left:
            self.left -= 1
            self._clock.rightNow += self._seconds
            self.during()
            if self._clock.seconds() >= until:
                break
        return self.left > 0

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
def clock() -> TurnClock:
    """Give a clock of which each advance is a turn."""
    return TurnClock()


@pytest.fixture
def work(clock: TurnClock) -> Work:
    """Give work on that clock."""
    return Work(clock)


def test_a_turn_has_a_budget(clock: TurnClock, work: Work) -> None:
    """However much there is to do, a turn takes no longer than its budget and one
    slice of each half; the rest is done in the next turns."""
    jobs = [Job(clock, 1000) for _ in range(50)]
    for job in jobs:
        work.add(job)
    turns = 0
    while len(work):
        began = clock.rightNow
        clock.advance(0)
        assert clock.rightNow - began <= BUDGET + 2 * SLICE + 1e-9
        turns += 1
    assert all(job.left == 0 for job in jobs)
    assert turns >= 50 * 1000 * 0.0001 / (BUDGET + 2 * SLICE) - 1
    assert not clock.getDelayedCalls()


def test_old_jobs_work_by_turns(clock: TurnClock, work: Work) -> None:
    """None gets two slices more than another."""
    jobs = [Job(clock, 1000) for _ in range(7)]
    for job in jobs:
        work.add(job)
    for _ in range(10):
        clock.advance(0)
        done = [1000 - job.left for job in jobs]
        assert max(done) - min(done) <= 2 * (SLICE / 0.0001 + 1)


def test_one_that_was_idle_does_not_wait_for_the_others(
    clock: TurnClock, work: Work
) -> None:
    """Its unit is done within the turn, though two hundred have thousands to do."""
    for _ in range(200):
        work.add(Job(clock, 1000))
    clock.advance(0)
    idle = Job(clock, 1)
    work.add(idle, is_fresh=True)
    began = clock.rightNow
    clock.advance(0)
    assert idle.left == 0
    assert clock.rightNow - began <= BUDGET + 2 * SLICE + 1e-9


def test_the_idle_do_not_starve_the_others(clock: TurnClock, work: Work) -> None:
    """Thousands of fresh jobs in every turn leave the old ones half of the time."""
    old = Job(clock, 100)
    work.add(old)
    for _ in range(20):
        for _ in range(100):
            work.add(Job(clock, 1), is_fresh=True)
        clock.advance(0)
    assert old.left == 0


def test_fresh_jobs_work_by_turns(clock: TurnClock, work: Work) -> None:
    """A first block of much to do holds up no ping that comes among it."""
    bulk = [Job(clock, 50) for _ in range(5)]
    for job in bulk:
        work.add(job, is_fresh=True)
    ping = Job(clock, 1)
    seen: list[int] = []
    ping.during = lambda: seen.extend(50 - job.left for job in bulk)
    work.add(ping, is_fresh=True)
    clock.advance(0)
    assert seen == [1] * 5


def test_a_fresh_job_has_a_slice_then_it_is_old(clock: TurnClock, work: Work) -> None:
    """Who has sent some lines while it had to wait need not wait again for that."""
    for _ in range(200):
        work.add(Job(clock, 1000))
    few, many = Job(clock, 8, SLICE / 8), Job(clock, 100, SLICE / 8)
    work.add(few, is_fresh=True)
    work.add(many, is_fresh=True)
    clock.advance(0)
    assert few.left == 0
    assert many.left in (91, 92)


def test_commits_are_made_between_the_halves(clock: TurnClock, work: Work) -> None:
    """What is asked in the first half is committed, and answered in the second."""
    told: list[str] = []
    answer = Job(clock, 1)
    answer.during = lambda: told.append("answered")
    asked = Job(clock, 1)
    asked.during = lambda: told.append("asked")

    def commit() -> None:
        told.append("committed")
        if "answered" not in told:
            work.add(answer, is_fresh=True)

    work.commits.append(commit)
    work.add(asked, is_fresh=True)
    clock.advance(0)
    assert told == ["asked", "committed", "answered"]


def test_a_job_waits_once(clock: TurnClock, work: Work) -> None:
    """Added again while it waits it is stepped once; in its own step it goes on."""
    job = Job(clock, 3)
    job.during = lambda: work.add(job)
    for _ in range(5):
        work.add(job)
    assert len(work) == 1
    for _ in range(5):
        clock.advance(0)
    assert job.left == 0
    assert len(work) == 0


def test_a_job_may_be_hastened(clock: TurnClock, work: Work) -> None:
    """Among thousands that are old it is done in this turn; once, however often."""
    crowd = [Job(clock, 100) for _ in range(200)]
    for job in crowd:
        work.add(job)
    awaited = Job(clock, 1)
    steps: list[int] = []
    awaited.during = lambda: steps.append(1)
    work.add(awaited)
    work.hasten(awaited)
    work.hasten(awaited)
    clock.advance(0)
    assert steps == [1]
    while len(work):
        clock.advance(0)
    assert steps == [1]
    work.hasten(awaited)
    assert not len(work)


def test_a_job_that_fails_is_ended_alone(clock: TurnClock, work: Work) -> None:
    """What it is for is aborted, the log is told, and the others work on."""
    good, bad = Job(clock, 1), Job(clock, 1)

    def fail() -> None:
        raise ZeroDivisionError

    bad.during = fail
    work.add(bad)
    work.add(good)
    with failures(ZeroDivisionError):
        clock.advance(0)
    assert bad.is_aborted
    assert good.left == 0
    assert not good.is_aborted


def test_reads_are_counted(clock: TurnClock, work: Work) -> None:
    """When a turn's time is over nobody is read, and in the next turn those come
    first who were not."""
    readers = [Reader() for _ in range(10)]
    read: list[int] = []
    for number, reader in enumerate(readers):
        if work.may_read(reader):
            read.append(number)
            clock.rightNow += BUDGET / 3.5
    assert read == [0, 1, 2, 3]
    clock.advance(0)
    again = [4, 5, 6, 7, 8, 9]
    assert [n for n, reader in enumerate(readers) if reader.reads_on] == again
    assert [n for n, reader in enumerate(readers) if work.may_read(reader)] == again
    clock.advance(0)
    assert all(work.may_read(reader) for reader in readers[:4])


def test_a_little_is_read_though_others_wait(clock: TurnClock, work: Work) -> None:
    """Until the turn has taken twice its budget, and so many times after that."""
    bulk, little = Reader(), Reader()
    little.is_little = True
    assert not work.is_late()
    clock.rightNow += 1.5 * BUDGET
    assert not work.may_read(bulk)
    assert work.may_read(little)
    clock.advance(0)
    assert bulk.reads_on
    assert work.may_read(little)  # before the one that has waited
    clock.rightNow += 3 * BUDGET
    assert [work.may_read(little) for _ in range(READS + 1)] == [True] * READS + [False]
    other = Reader()
    other.is_little = True
    clock.advance(0)
    assert work.may_read(other)  # though the one that has waited is to come first


def test_readers_that_wait_go_on_a_few_a_turn(clock: TurnClock, work: Work) -> None:
    """The oldest and the newest do; none waits for ever, and none is too many."""
    readers = [Reader() for _ in range(2 * READS)]
    assert not work.is_late()
    clock.rightNow += 2 * BUDGET
    assert not any(work.may_read(reader) for reader in readers)
    clock.advance(0)
    half = READS // 2
    first = readers[:half] + readers[-half:]
    assert [reader for reader in readers if reader.reads_on] == first
    late = Reader()
    assert not work.may_read(late)
    assert all(work.may_read(reader) for reader in first)
    clock.advance(0)
    assert late.reads_on
    clock.advance(0)
    assert all(reader.reads_on for reader in readers)


def test_a_little_fan_out_is_not_counted(clock: TurnClock, work: Work) -> None:
    """A turn that sends a block to a hundred is not late for that."""
    assert not work.is_late()
    for _ in range(4):
        clock.rightNow += FAN_OUT / 4
        work.exclude(FAN_OUT / 4)
    clock.rightNow += 0.9 * BUDGET
    assert not work.is_late()
    clock.rightNow += 2 * BUDGET
    assert work.is_late()
    clock.advance(0)
    assert not work.is_late()


def test_much_fan_out_is_counted(clock: TurnClock, work: Work) -> None:
    """Blocks of many members, to hundreds, end the reading of a turn."""
    for _ in range(2):
        assert not work.is_late()
        clock.rightNow += 3 * BUDGET
        work.exclude(3 * BUDGET)
        assert work.is_late()
        clock.advance(0)
