"""The store that many daemons share: a JetStream stream is the only truth.

A daemon has one message in flight, and takes it for committed when its own reader
delivers it. Not sure that it has arrived, it sends the same bytes again: everybody
drops the copies. Lines that come meanwhile are the next message.

This is what a room sees of it; ``life`` has the rest.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic, time
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger

from broadcast.base.values import plural
from broadcast.store.base import IRoom, Limits, Page, StoreError
from broadcast.store.claims import Decided
from broadcast.store.contents import LINES
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.excerpts import Excerpts
from broadcast.store.figures import Commits, Figures, Shared
from broadcast.store.life import Life, Phase
from broadcast.store.nats import Access
from broadcast.store.replica import Replica
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
        self._logger = Logger(namespace="broadcast")

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
        """The oldest line's id that the stream still has."""
        return self._replica.contents.first_id

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
                life.start().addCallback(self._tell).chainDeferred(started)

        self._reactor.callLater(0, begin)  # its event loop runs then
        return started

    def _tell(self, _: None) -> None:
        """Tell the admin that this daemon is in the room."""
        share = self._share
        self._logger.info(
            "in the room {room} at {where} as {node}, {daemons}: epoch {subject}",
            event="store-back",
            subject=self.epoch,
            room=share.room,
            where=self._access.where,
            node=share.node,
            daemons=plural(len(self._replica.state.nodes.known), "daemon"),
        )

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

    def count(self, first: int, stop: int) -> int:
        """Return how many lines there are, as each message is known to have some."""
        return self._replica.contents.count(first, stop)

    def id_before(self, id: int, lines: int) -> int:
        """Return an id that is so many lines before another one."""
        return self._replica.contents.id_before(id, lines)

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the last lines before ``id``, from the stream."""
        return self._read(lambda excerpts: excerpts.before(id, lines, size))

    def read_after(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the first lines after ``id``, from the stream."""
        return self._read(lambda excerpts: excerpts.after(id, lines, size))

    def _read(
        self, read: Callable[[Excerpts], Coroutine[Any, Any, Page]]
    ) -> Deferred[Page]:
        excerpts = self._life.excerpts() if self._life is not None else None
        if excerpts is None:
            return fail(StoreError("nobody is let in just now"))
        return Deferred.fromFuture(asyncio.ensure_future(read(excerpts)))

    def stop(self) -> Deferred[None]:
        """Say that this daemon writes no more, if that can be said at once."""
        life, self._is_stopped = self._life, True
        if life is None or not life.has_begun:
            return succeed(None)
        return Deferred.fromFuture(asyncio.ensure_future(life.stop()))
