"""The registry of a log's readers: live ones by audience, and those that are behind.

Subscriptions register themselves; the fan-out reads the registry.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from broadcast.base.work import Work
from broadcast.protocol.dialects import Dialect
from broadcast.room.stats import Stats
from broadcast.store.entries import Batch, Framing
from broadcast.store.log import Log

S = TypeVar("S")


class Audience(NamedTuple):
    """Live readers that are sent the same bytes, by session id: their ``send``."""

    dialect: Dialect
    framing: Framing | None
    sends: dict[int, Callable[[bytes], int]]


class Readers(Generic[S]):
    """The readers of a log.

    Args:
        log: the log.
        stats: counts the output.
        work: the queue of jobs.

    Attributes:
        audiences: the live readers; an audience may be empty.
        behind: the readers with a cursor of their own, by session id.
        oldest: no cursor of a reader that is behind is older than this.
        left: live readers that have yet to be sent a batch, by session id: its bytes,
            and the batch.
    """

    def __init__(self, log: Log, stats: Stats, work: Work) -> None:
        self.log = log
        self.stats = stats
        self.work = work
        self.behind: dict[int, S] = {}
        self.oldest = 0
        self.left: dict[int, tuple[bytes, Batch]] = {}
        self.audiences: dict[tuple[Dialect, Framing | None], Audience] = {}

    def listen(
        self,
        session_id: int,
        dialect: Dialect,
        framing: Framing | None,
        send: Callable[[bytes], int],
    ) -> None:
        """Register ``send`` for whole batches."""
        audience = self.audiences.get((dialect, framing))
        if audience is None:
            audience = Audience(dialect, framing, {})
            self.audiences[dialect, framing] = audience
        audience.sends[session_id] = send

    def unlisten(
        self, session_id: int, dialect: Dialect, framing: Framing | None
    ) -> None:
        """Unregister a live reader."""
        del self.audiences[dialect, framing].sends[session_id]

    def reads_from(self, seq: int) -> None:
        """Note that a reader that is behind reads the log from ``seq`` on."""
        self.oldest = min(self.oldest, seq)
