"""A store that commits late, as one does that writes to a disk or asks others."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Final

from broadcast.store.base import Limits
from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.memory import MemoryStore
from tests.support.clock import TurnClock

TURNS: Final = (0, 2, 1)
"""Turns that commits take besides the next one, one after another."""


class LateStore(MemoryStore):
    """Commits in memory, some time after it was asked to.

    Args:
        clock: the room's.
        delay: seconds; 0: in one of the next turns of the reactor, by and by.
        limits: what one commit may have.
    """

    def __init__(
        self,
        clock: TurnClock,
        epoch: str,
        delay: float = 0.0,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(clock.seconds, epoch)
        self._clock = clock
        self._delay = delay
        self.limits = limits
        self.in_flight = False
        self._turns = cycle(TURNS)

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        assert not self.in_flight, "one commit at a time"
        assert entries, "a commit of nothing"
        if self.limits is not None and len(entries) > 1:
            assert sum(entry.count for entry in entries) <= self.limits.lines
            assert sum(entry.cost for entry in entries) <= self.limits.size
        self.in_flight = True

        def make(turns: int) -> None:
            if turns:
                self._clock.callLater(0, lambda: make(turns - 1))
                return
            self.in_flight = False
            MemoryStore.commit(self, entries, done, decided)

        turns = 0 if self._delay else next(self._turns)
        self._clock.callLater(self._delay, lambda: make(turns))
