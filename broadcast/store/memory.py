"""The store for one process: nothing to install, nothing kept."""

import secrets
import time
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed

from broadcast.store.base import IRoom, Limits, Page
from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.figures import Figures
from broadcast.store.ledger import Ledger
from broadcast.store.state import State


class MemoryStore:
    """Numbers lines from 1 and commits at once.

    Args:
        time: returns seconds since 1970, for the batches' times.
        epoch: random for each run, since a restart loses the log.
    """

    limits: Limits | None = None
    """A commit costs no more than the memory that it is in already."""

    option = ""
    is_shared = False
    spacing = 1
    patience = 0.0

    figures: Figures | None = None
    """A commit is made at once."""

    def __init__(self, time: Callable[[], float] = time.time, epoch: str = "") -> None:
        self.time = time
        self._next_id = 1
        self._ledger = Ledger()
        up = self._ledger.begin()
        self._ledger.settle(Batch([up], 1, time()), [up])
        self.epoch = epoch or secrets.token_hex(8)

    @property
    def last_id(self) -> int:
        """The newest line's id."""
        return self._next_id - 1

    @property
    def first_id(self) -> int:
        """The next line's id: the ring is all there is."""
        return self._next_id

    def owner(self, fold: str, key: str) -> str:
        """Return both: they are kept nowhere else than they are now."""
        return f"{fold} {key}"

    def start(self, room: IRoom) -> Deferred[None]:
        """Begin with nothing."""
        return succeed(None)

    @property
    def state(self) -> State:
        """The decisions of the log."""
        return self._ledger.state

    @property
    def incarnation(self) -> str:
        """The only one."""
        return self._ledger.incarnation

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        """Number the lines and hand the batch back."""
        batch = Batch(entries, self._next_id, self.time())
        self._next_id += batch.count
        if decided:
            self._ledger.settle(batch, decided)
        done(batch)

    def count(self, first: int, stop: int) -> int:
        """Return how many lines there are: ids have no holes."""
        return max(0, stop - max(1, first))

    def id_before(self, id: int, lines: int) -> int:
        """Return the id that is so many lines before another one."""
        return max(self.first_id, id - max(0, lines))

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return nothing: the ring is all there is."""
        return succeed(Page((), 0, 0, more=False))

    read_after = read_before

    def stop(self) -> Deferred[None]:
        """End: nothing is in flight."""
        return succeed(None)
