"""The store that the tests run over: ``pytest --engine memory|sqlite|late``.

``sqlite`` gives a ``--store`` to each daemon that has none. ``late`` gives rooms
without sockets a store that commits late, and little at once.
"""

from tempfile import TemporaryDirectory

from broadcast.store.base import IStore, Limits
from broadcast.store.memory import MemoryStore
from tests.support.clock import TurnClock
from tests.support.late_store import LateStore

ENGINES = ("memory", "sqlite", "late")

LITTLE = Limits(lines=3000, size=200_000)

LONG = 4
"""Turns that pass with a late store, where one does with another."""

_chosen = ["memory"]


def choose(engine: str) -> None:
    """Run the tests over another store."""
    _chosen[0] = engine


def is_late() -> bool:
    """Tell whether a commit takes some turns."""
    return _chosen[0] == "late"


def store_for(clock: TurnClock, epoch: str) -> IStore:
    """Return the store of a room without sockets."""
    if is_late():
        return LateStore(clock, epoch, limits=LITTLE)
    return MemoryStore(clock.seconds, epoch)


class Disk:
    """What a daemon's store needs, until ``close``.

    Attributes:
        options: of the daemon.
    """

    def __init__(self, options: tuple[str, ...]) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self.options: tuple[str, ...] = ()
        if _chosen[0] == "sqlite" and "--store" not in options:
            self._folder = TemporaryDirectory()
            self.options = ("--store", f"{self._folder.name}/room.db")

    def close(self) -> None:
        """Remove it."""
        if self._folder is not None:
            self._folder.cleanup()
