"""Jobs take turns: who goes first, for how long, and how often a turn is asked for."""

from collections.abc import Callable

from broadcast.web.turns import SLICE, Turns


class Watch:
    """A clock that moves when somebody works, and the turns asked for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[Callable[[], None]] = []

    def clock(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds == 0
        self.due.append(call)

    def turn(self) -> float:
        """Let one turn pass; return how long it took."""
        started = self.now
        (call,) = self.due
        self.due.clear()
        call()
        return self.now - started


class Job:
    """So many pieces, each of a millisecond; notes each piece in a list of all."""

    def __init__(self, watch: Watch, name: str, pieces: int, done: list[str]) -> None:
        self._watch = watch
        self._name = name
        self.pieces = pieces
        self._done = done

    def step(self, until: float) -> bool:
        while self.pieces:
            self.pieces -= 1
            self._done.append(self._name)
            self._watch.now += 0.001
            if self._watch.now >= until:
                break
        return self.pieces > 0


def test_a_turn_takes_a_few_milliseconds() -> None:
    """However much there is to do, others are heard in between; then all is done."""
    watch, done = Watch(), list[str]()
    turns = Turns(watch.clock, watch.later)
    turns.add(Job(watch, "a", 100, done))
    spent = []
    while watch.due:
        spent.append(watch.turn())
    assert done == ["a"] * 100
    assert max(spent) < SLICE + 0.0011


def test_jobs_take_turns() -> None:
    """One with much to do holds up nobody, even if more come than a turn has time
    for: each has had a piece before any has a second."""
    watch, done = Watch(), list[str]()
    turns = Turns(watch.clock, watch.later)
    for name in "abcdefghij":
        turns.add(Job(watch, name, 50, done))
    while len(done) < 20:
        watch.turn()
    assert sorted(done[:10]) == list("abcdefghij")
    assert sorted(done[10:20]) == list("abcdefghij")


def test_a_job_added_twice_has_one_place() -> None:
    """A turn is asked for once; nothing is asked for when nothing is left."""
    watch, done = Watch(), list[str]()
    turns = Turns(watch.clock, watch.later)
    job = Job(watch, "a", 1, done)
    turns.add(job)
    turns.add(job)
    watch.turn()
    assert done == ["a"]
    assert not watch.due
    job.pieces = 1
    turns.add(job)
    watch.turn()
    assert done == ["a", "a"]
