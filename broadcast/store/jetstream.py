"""The store that many daemons share: a JetStream stream is the only truth.

A daemon has one message in flight, and takes it for committed when its own reader
delivers it. Not sure that it has arrived, it sends the same bytes again: everybody
drops the copies. Lines that come meanwhile are the next message.

This is what a room sees of it; ``life`` has the rest.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic, time
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed

from broadcast.store.base import IRoom, Limits, Page
from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.figures import Commits, Figures, Shared
from broadcast.store.life import Life, Phase
from broadcast.store.nats import Access
from broadcast.store.replica import LINES, Replica
from broadcast.store.share import Share
from broadcast.store.state import State

LIMITS: Final = Limits(lines=LINES - 1, size=512 * 1024)
"""The limits of one message: a server's ``max_payload`` is 1 MiB."""


class JetstreamStore:
    """Keeps what is said in a stream that other daemons write to as well.

    Args:
        share: this daemon's part in the room.
        access: how NATS is reached.
        reactor: the asyncio one.

    Attributes:
        limits: the limits of one message.
    """

    limits = LIMITS
    option = "--nats"
    is_shared = True
    spacing = LINES

    def __init__(self, share: Share, access: Access, reactor: Any) -> None:
        self.time = time
        self.patience = share.cut_off
        self._share = share
        self._access = access
        self._reactor = reactor
        self._life: Life | None = None
        self._empty = Replica()
        self._is_stopped = False

    @property
    def _replica(self) -> Replica:
        return self._life.replica if self._life is not None else self._empty

    @property
    def epoch(self) -> str:
        """The log's identity."""
        return self._replica.epoch

    @property
    def last_id(self) -> int:
        """The last id that is taken."""
        return self._replica.last_id

    @property
    def first_id(self) -> int:
        """The next id: the ring is all that can be read."""
        return self.last_id + 1

    @property
    def state(self) -> State:
        """The state, as far as the log was read."""
        return self._replica.state

    @property
    def incarnation(self) -> str:
        """The incarnation of this daemon."""
        life = self._life
        return life.author.mark.incarnation if life is not None else ""

    @property
    def figures(self) -> Figures:
        """Its figures."""
        commits = self._life.commits if self._life is not None else Commits(monotonic)
        return Figures(
            min(self._replica.total, self._share.size),
            self._share.size,
            0,
            commits.failures,
            commits.seconds,
            commits.lines,
            commits.waiting,
            self._life.measure() if self._life is not None else Shared(),
        )

    def owner(self, fold: str, key: str) -> str:
        """Return a digest: a key is never in the log."""
        return self._replica.owner(fold, key)

    def start(self, room: IRoom) -> Deferred[None]:
        """Read the log, and begin to write to it."""
        life = self._life = Life(self._share, self._access, room)
        started: Deferred[None] = Deferred()

        def begin() -> None:
            if not self._is_stopped:
                life.start().chainDeferred(started)

        self._reactor.callLater(0, begin)  # its event loop runs then
        return started

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        """Send what was said and claimed; ``done`` is called when it is heard."""
        life = self._life
        if life is not None and life.phase is Phase.OPEN:
            life.author.commit(entries, done)
        # else the room was told that nothing can be committed

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return nothing: the ring is all there is."""
        return succeed(Page((), 0, 0, more=False))

    read_after = read_before

    def stop(self) -> Deferred[None]:
        """Say that this daemon writes no more, if that can be said at once."""
        life, self._is_stopped = self._life, True
        if life is None or not life.has_begun:
            return succeed(None)
        return Deferred.fromFuture(asyncio.ensure_future(life.stop()))
