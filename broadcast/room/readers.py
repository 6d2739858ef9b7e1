"""The books of a log's readers: who is sent what directly, and who reads by itself.

Subscriptions enter themselves here; the fan-out goes by what it finds.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from broadcast.base.work import Work
from broadcast.protocol.dialects import Dialect
from broadcast.room.stats import Stats
from broadcast.store.entries import Framing
from broadcast.store.log import Log

S = TypeVar("S")

STEPS = 4
"""Chunks that a reader that is behind may be given in one turn of the reactor, besides
twice what a turn of late has added: else one that reads fast never caught up."""


class Audience(NamedTuple):
    """Live readers that are sent the same bytes: session id → how to send."""

    dialect: Dialect
    framing: Framing | None
    sends: dict[int, Callable[[bytes], int]]


class Readers(Generic[S]):
    """Who reads a log, and from where.

    Args:
        log: what is read.
        stats: counts what is sent.
        work: does what can't be done at once.

    Attributes:
        audiences: those that are sent to directly, some of them empty.
        behind: those that read from a cursor of their own, by session id.
        oldest: no cursor of anybody behind is older than this.
        steps: chunks that one of them may be given in one turn.
    """

    def __init__(self, log: Log, stats: Stats, work: Work) -> None:
        self.log = log
        self.stats = stats
        self.work = work
        self.steps = STEPS
        self.behind: dict[int, S] = {}
        self.oldest = 0
        self.audiences: dict[tuple[Dialect, Framing | None], Audience] = {}

    def listen(
        self,
        session_id: int,
        dialect: Dialect,
        framing: Framing | None,
        send: Callable[[bytes], int],
    ) -> None:
        """Have whole batches given to ``send`` from now on."""
        audience = self.audiences.get((dialect, framing))
        if audience is None:
            audience = Audience(dialect, framing, {})
            self.audiences[dialect, framing] = audience
        audience.sends[session_id] = send

    def unlisten(
        self, session_id: int, dialect: Dialect, framing: Framing | None
    ) -> None:
        """Give it no more."""
        del self.audiences[dialect, framing].sends[session_id]

    def reads_from(self, seq: int) -> None:
        """Note that somebody behind reads the log from ``seq`` on."""
        self.oldest = min(self.oldest, seq)
