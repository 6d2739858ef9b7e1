"""The settings that all daemons of a room must share, or their states would differ."""

import asyncio
from time import monotonic
from typing import Final

from broadcast.store.base import StoreError
from broadcast.store.replica import Replica

WATCH: Final = 10.0
"""Seconds for which a daemon under other terms has to be silent to be none."""

TICK: Final = 0.1
"""Seconds between two looks."""


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
    return f"the daemon {node} of this room has {theirs}, and this one {ours}"
