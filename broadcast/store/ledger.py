"""The state of a log that one daemon writes alone, kept up to date.

The state is told of a batch when that is committed, and of no batch in which there is
nothing to decide.
"""

import secrets
from collections.abc import Sequence

from broadcast.store.claims import Decided, Up
from broadcast.store.entries import Batch, Entry, Run, Told, decides
from broadcast.store.state import Applied, State


class Ledger:
    """The state of a log, and the author of its next entries.

    Args:
        state: the state after the entries that were read already.

    Attributes:
        state: the decisions.
        incarnation: the daemon that writes; new at each start.
    """

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self.incarnation = next(iter(self.state.nodes.known), "")
        known = self.state.nodes.known.get(self.incarnation)
        self._n = known.n if known is not None else 0

    def begin(self) -> Up:
        """Begin an incarnation; return the entry that has to be the first of it."""
        self.incarnation = secrets.token_hex(4)
        return Up(self.incarnation, self.state.nodes.clock, is_alone=True)

    def settle(self, batch: Batch, decided: Sequence[Run | Decided]) -> None:
        """Have the state decide, and put into the batch what everybody is told of it.

        Args:
            batch: as it was committed.
            decided: those of its entries on which the state decides; not none.
        """
        applied = self._apply(batch.at, decided)
        assert applied is not None, "a batch of nobody known"
        outcomes = batch.outcomes = [*zip(decided, applied.outcomes, strict=True)]
        left = iter(outcomes)
        due = next(left)
        told: list[Entry] = []
        for entry in batch.entries:
            if entry is not due[0]:
                told.append(entry)
                continue
            if type(entry) is not Run:
                told += [Told(session, event) for session, event in due[1].events]
            elif not due[1].refused:
                told.append(entry)
            due = next(left, due)
        batch.retell(told)

    def replay(self, batch: Batch) -> bool:
        """Have the state decide what was decided already; False: nobody has asked."""
        decided = [entry for entry in batch.entries if decides(entry)]
        return not decided or self._apply(batch.at, decided) is not None

    def _apply(self, at: float, decided: Sequence[Run | Decided]) -> Applied | None:
        if type(up := decided[0]) is Up:
            self.incarnation, self._n = up.incarnation, 0
        self._n += 1
        return self.state.apply(at, self.incarnation, self._n, decided)
