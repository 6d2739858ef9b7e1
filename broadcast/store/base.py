"""Stores commit what was said, and give it its one true order and its ids."""

from collections.abc import Callable
from typing import Protocol

from broadcast.store.entries import Batch, Entry


class IStore(Protocol):
    """Where what is said becomes true.

    Attributes:
        epoch: the log's identity: new whenever anything in it was lost or
            rolled back. A position is ``epoch:id``.
    """

    @property
    def epoch(self) -> str:
        """Return the log's identity."""

    def time(self) -> float:
        """Return seconds since 1970, as batches are stamped with."""

    def commit(self, entries: list[Entry], done: Callable[[Batch], None]) -> None:
        """Commit ``entries`` as one batch, then call ``done`` with it.

        The room has one commit in flight at a time. ``done`` may be called at
        once.
        """
