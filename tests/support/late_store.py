"""A store that commits late, as one does that writes to a disk or asks others."""

from collections.abc import Callable, Sequence

from broadcast.store.base import Limits
from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.memory import MemoryStore
from tests.support.clock import TurnClock


class LateStore(MemoryStore):
    """Commits in memory, some time after it was asked to.

    Args:
        clock: the room's.
        delay: seconds; 0: in the next turn of the reactor.
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

        def make() -> None:
            self.in_flight = False
            MemoryStore.commit(self, entries, done, decided)

        self._clock.callLater(self._delay, make)
