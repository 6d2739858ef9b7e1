"""The store for one process: nothing to install, nothing kept."""

import secrets
import time
from collections.abc import Callable

from broadcast.store.entries import Batch, Entry


class MemoryStore:
    """Numbers lines from 1 and commits at once.

    Args:
        time: returns seconds since 1970, for the batches' times.
        epoch: random for each run, since a restart loses the log.
    """

    def __init__(self, time: Callable[[], float] = time.time, epoch: str = "") -> None:
        self.time = time
        self._next_id = 1
        self.epoch = epoch or secrets.token_hex(8)

    def commit(self, entries: list[Entry], done: Callable[[Batch], None]) -> None:
        """Number the lines and hand the batch back."""
        batch = Batch(entries, self._next_id, self.time())
        self._next_id += batch.count
        done(batch)
