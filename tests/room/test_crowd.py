"""Thousands who come and go at once: no commit has more than it may."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from broadcast.room.member import Member
from broadcast.room.subscription import Subscription
from broadcast.store.base import IStore
from broadcast.store.claims import Decided
from broadcast.store.codec import Body, encode
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.memory import MemoryStore
from broadcast.store.names import MAX_HELD
from broadcast.store.outcomes import Outcome
from broadcast.store.sqlite import LIMITS, SqliteStore
from tests.support.clock import TurnClock
from tests.support.hall import EPOCH, Hall
from tests.support.late_store import LateStore
from tests.support.stores import DEADLINE, SOON, Listener, Loop

CROWD = 20_000


class Crowd:
    """People who all do the same in one turn.

    Args:
        hall: the room.
        loop: what the threads of its store tell; None if there are none.
    """

    def __init__(self, hall: Hall, loop: Loop | None) -> None:
        self.hall = hall
        self.room = hall.room
        self._loop = loop
        self.outcomes: list[Outcome] = []
        self.members: list[Member] = []
        self.subscriptions: list[Subscription] = []

    def come(self) -> None:
        """Claim a name with a key for each, and join."""
        room = self.room
        for number in range(CROWD):
            peer = f"10.0.{number % 250}.1", number
            member = room.directory.new_member(peer, echo=False)
            claim = room.roster.wanted(f"name-{number}", f"key-of-{number}", member)
            room.claim(member, claim, lambda outcome, at: self.outcomes.append(outcome))
            self.members.append(member)
        self._settle()
        for member, outcome in zip(self.members, self.outcomes, strict=True):
            assert outcome.holder is not None
            room.roster.name(member, outcome.holder, f"key-of-{member.session_id}")
            subscription = room.subscribe(member)
            room.join(subscription, hears=False)

    def go(self) -> None:
        """Lose all of them."""
        for member in self.members:
            self.room.leave(member, "lost")
        self._settle()

    def _settle(self) -> None:
        end = time.monotonic() + DEADLINE
        while not self.room.commits.is_settled:
            assert time.monotonic() < end, "it takes too long"
            self.hall.turn(1)
            if self._loop is not None:
                self._loop.poll()


def memory(clock: TurnClock, folder: Path, loop: Loop) -> IStore:
    """Give a store that has no limits."""
    return MemoryStore(clock.seconds, EPOCH)


def late(clock: TurnClock, folder: Path, loop: Loop) -> IStore:
    """Give one whose commits take some turns, and have limits."""
    return LateStore(clock, EPOCH, limits=LIMITS)


def sqlite(clock: TurnClock, folder: Path, loop: Loop) -> IStore:
    """Give one that lasts."""
    store = SqliteStore(str(folder / "room.db"), loop, retry=SOON)
    loop.result(store.start(Listener()))
    return store


Make = Callable[[TurnClock, Path, Loop], IStore]


@pytest.mark.parametrize("make", [memory, late, sqlite])
def test_all_come_and_go_at_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its name, is told of, and is gone; what is written stays in its limits.

    Claims and leaves are counted as what they are encoded in.
    """
    loop = Loop()
    hall = Hall(store=lambda clock: make(clock, tmp_path, loop))
    store = hall.room.store
    sizes: list[int] = []
    commit = store.commit

    def watched(
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        sizes.append(len(encode(Body(entries))))
        commit(entries, done, decided)

    monkeypatch.setattr(store, "commit", watched)
    crowd = Crowd(hall, loop)
    crowd.come()
    assert hall.room.count == len(crowd.room.subscriptions) == CROWD
    assert store.state.names.holders["name-19999"].session == CROWD
    crowd.go()
    assert hall.room.count == len(crowd.room.subscriptions) == 0
    assert len(store.state.names.held) == MAX_HELD
    if store.limits is not None:
        assert max(sizes) <= store.limits.size
        assert len(sizes) < 40
    loop.result(store.stop())
