"""The store that the tests run over: ``pytest --engine memory|sqlite|nats|late``.

``sqlite`` gives a ``--store`` to each daemon that has none, ``nats`` a room of its own
on a nats-server. ``late`` gives rooms without sockets a store that commits late, and
little at once.
"""

import atexit
import secrets
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from broadcast.store.base import IStore, Limits
from broadcast.store.memory import MemoryStore
from soak.servers import Servers
from tests.support.clock import TurnClock
from tests.support.late_store import LateStore

ENGINES = ("memory", "sqlite", "nats", "late")

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


@cache
def _server() -> str:
    """Return where a nats-server is, which ends with the tests."""
    stack = ExitStack()
    atexit.register(stack.close)
    folder = stack.enter_context(TemporaryDirectory())
    return stack.enter_context(Servers(Path(folder))).urls


class Disk:
    """What a daemon's store needs, until ``close``.

    Attributes:
        options: of the daemon.
        twist: those of ``twist`` itself.
    """

    def __init__(self, options: tuple[str, ...]) -> None:
        self._folder: TemporaryDirectory[str] | None = None
        self.options: tuple[str, ...] = ()
        self.twist: tuple[str, ...] = ()
        if "--nats" in options:
            self.twist = ("--reactor=asyncio",)
        if _chosen[0] == "sqlite" and "--store" not in options:
            self._folder = TemporaryDirectory()
            self.options = ("--store", f"{self._folder.name}/room.db")
        elif _chosen[0] == "nats" and not {"--store", "--nats", "--relay"} & {*options}:
            room = secrets.token_hex(8)
            self.options = ("--nats", _server(), "--room", room)
            self.twist = ("--reactor=asyncio",)

    def close(self) -> None:
        """Remove it."""
        if self._folder is not None:
            self._folder.cleanup()
