"""A daemon's part in a room, and the terms that all daemons of one must share.

Under other terms their states would differ.
"""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Final

from broadcast.store.base import StoreError
from broadcast.store.replica import Replica

WATCH: Final = 10.0
"""Seconds for which a daemon under other terms has to be silent to be none."""

TICK: Final = 0.1
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Share:
    """A daemon's part in a room.

    Attributes:
        room: its name.
        node: the daemon's name; others may have the same.
        terms: the settings that all daemons of the room must share.
        size: bytes that the log may take.
        replicas: on how many servers it is; None: three, or one on a lone server.
        refill: bytes of the log that are handed in at the start.
        cut_off: seconds without a commit after which members are sent away.
    """

    room: str = "broadcast"
    node: str = "node"
    terms: str = ""
    size: int = 1 << 30
    replicas: int | None = None
    refill: int = 16 << 20
    cut_off: float = 20.0


async def refuse_strangers(replica: Replica, terms: str) -> None:
    """See that no daemon writes under other terms.

    Raises:
        StoreError: one does.
    """
    known = replica.state.nodes.known
    before = {name: known[name].n for name in replica.strangers(terms)}
    end = monotonic() + WATCH
    while before and monotonic() < end:
        for name, other in replica.strangers(terms).items():
            if known[name].n > before.get(name, 0):
                raise StoreError(_difference(name, terms, other))
        await asyncio.sleep(TICK)


def _difference(name: str, ours: str, theirs: str) -> str:
    """Return in a line how a daemon's terms differ from those of another one."""
    node = name.rpartition(".")[0]
    return (
        f"the daemon {node} of this room has {theirs}, and this one {ours}; give all of"
        " them the same"
    )
