"""The state of a file: its newest dump, and what was decided after that."""

from dataclasses import dataclass
from typing import Final

from broadcast.store.codec import Speakers
from broadcast.store.ledger import Ledger
from broadcast.store.rows import Rows, damaged
from broadcast.store.state import State, StateError

LEAST: Final = 4 << 20
"""Bytes of batches after which the state is dumped anew, at least."""

TIMES: Final = 8
"""How many times the size of the last dump they have to be, too."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """The decisions in a file.

    Attributes:
        ledger: the state as of the newest row.
        until: the last row that the newest dump knows of.
        size: the bytes of that dump.
        grown: the bytes of the batches after it.
    """

    ledger: Ledger
    until: int
    size: int
    grown: int


def recall(rows: Rows) -> Recalled:
    """Return what was decided.

    Raises:
        StoreError: it can't be read.
    """
    until, dumped = rows.newest_dump()
    try:
        ledger = Ledger(State.load(dumped) if dumped else None)
    except StateError as error:
        raise damaged(rows.path, str(error)) from None
    speakers = Speakers()
    grown = 0
    for row in rows.since(until):
        grown += len(row.body)
        if not ledger.replay(rows.whole(row, speakers)):
            raise damaged(rows.path, f"row {row.seq}: nobody has written it")
    return Recalled(ledger, until, len(dumped), grown)
