"""A daemon's life in a shared log: it reads, begins, writes, and begins again.

A daemon is *behind* until it has read all there is, *begins* with a message that says
so, and is *open* when it has heard that one. It is *away* while it can't commit: its
members were sent to other daemons; it begins again as another incarnation, so that
nothing that it sent before and that comes late can count.
"""

import asyncio
import enum
from time import monotonic
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from broadcast.store.author import Author, Dumper
from broadcast.store.base import IRoom, StoreError
from broadcast.store.beginning import first_message
from broadcast.store.claims import Stop
from broadcast.store.ending import end
from broadcast.store.entries import Batch, is_run
from broadcast.store.excerpts import Excerpts
from broadcast.store.feed import Feed, LossError, OvertakenError, RenewedError
from broadcast.store.figures import Commits, Shared
from broadcast.store.flight import Sender
from broadcast.store.nats import Access, Link
from broadcast.store.replica import Message, Replica, Taken
from broadcast.store.share import Share, refuse_strangers
from broadcast.store.streams import Streams

TICK: Final = 0.1
"""Seconds between two looks at how things stand."""

STALLED: Final = 3.0
"""Seconds that a message is in flight before the admin is told."""

DISCONNECTED: Final = 10.0
"""Seconds until a daemon without a connection is cut off, at most."""

ATTEMPT: Final = 8.0
"""Seconds after which a beginning that is not heard is made anew: it gets stale."""

CHECK: Final = 5.0
"""Seconds between two looks at what the log has."""

LAST_WORDS: Final = 1.0
"""Seconds that the last messages of a daemon that stops may take, each."""


class Phase(enum.Enum):
    """How things stand."""

    BEHIND = "it reads what was said"
    BEGINS = "it has sent its first message"
    OPEN = "members are in"
    AWAY = "members were sent away; it tries to begin again"
    STOPPED = "it is over"


class Life:
    """A daemon's life in a shared log.

    Args:
        share: its part in the room.
        access: how NATS is reached.
        room: is told what is said.

    Attributes:
        replica: the log as far as it was read.
        author: writes to the log.
        phase: how things stand.
        feed: the reader.
        commits: times the commits.
        shared: counts what happens.
    """

    _logger = Logger(namespace="broadcast")

    def __init__(self, share: Share, access: Access, room: IRoom) -> None:
        self._share = share
        self._room = room
        self._link = Link(access)
        self._streams = Streams(self._link, share.room, share.size, share.replicas)
        self._sender = Sender(self._link, self._streams.subject)
        self.replica = Replica()
        self.feed: Feed | None = None
        self.phase = Phase.BEHIND
        self.commits = Commits(monotonic)
        self.shared = Shared()
        self.author = Author(self._sender, self.commits)
        most = share.size // 4  # else the newest dump's message could be dropped
        self._dumper = Dumper(self._streams, self.author, most, self.shared)
        self._is_stalled = False
        self._lost = ""  # the epoch that has lost something
        self._started: Deferred[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """There is something to be stopped."""
        return self._task is not None

    def measure(self) -> Shared:
        """Return the figures as they are now."""
        shared = self.shared
        shared.nodes = len(self.replica.state.nodes.known)
        shared.lag = self.feed.pending if self.feed is not None else 0
        shared.again = self._sender.again
        shared.is_cut_off = self.phase is not Phase.OPEN
        return shared

    def excerpts(self) -> Excerpts | None:
        """Return what reads the log as it is now; None if nobody is let in."""
        replica = self.replica

        def is_over() -> bool:
            return self.phase is not Phase.OPEN or self.replica is not replica

        return None if is_over() else Excerpts(self._streams, replica, is_over)

    def start(self) -> Deferred[None]:
        """Begin; return what fires when members may come.

        It fails with ``StoreError`` if they never can.
        """
        self._started = started = Deferred[None]()
        self._task = asyncio.ensure_future(self._live())
        return started

    async def _live(self) -> None:
        """Be part of the room, until the daemon stops."""
        try:
            await self._link.connect()
            skipped = set[int]()
            while True:
                await self._streams.open(is_first=self._started is not None)
                self.replica = await self._streams.load(self._share.refill, skipped)
                seq = self.replica.seq
                try:
                    await self._follow()
                except LossError as error:
                    is_first_look = self.phase is Phase.BEHIND
                    if is_first_look and self.replica.seq == seq and seq:
                        skipped.add(seq)  # the dump is of another log
                    else:
                        skipped = set()
                        self._renew(error)
        except StoreError as error:
            self._fail(str(error))
        except Exception:
            self._logger.failure("the store has failed", event="fault")
            self._fail("something went wrong here")

    def _fail(self, why: str) -> None:
        """End: nothing will ever be committed."""
        self.phase = Phase.STOPPED
        self.author.forget()
        started, self._started = self._started, None
        if started is not None:
            started.errback(StoreError(why))
        else:
            self._room.cut_off(why)

    def _renew(self, error: LossError) -> None:
        """Read all anew: the log has become another one."""
        if not isinstance(error, OvertakenError | RenewedError):
            self._lost = self.replica.epoch
        self._logger.warn(
            "the log is read anew: {reason}", event="log-lost", reason=str(error)
        )
        self._leave_off("the log has changed")
        self.phase = Phase.BEHIND

    async def _follow(self) -> None:
        """Read the log, and write to it.

        Raises:
            LossError: it is not the log any more that was read.
        """
        self._room.renewed(self.replica.last_id)
        replica = self.replica
        target = (await self._streams.extent_at_last()).unread
        feed = self.feed = Feed(
            self._link, self._share.room, self._take, replica.seq, replica.mark
        )
        writer = asyncio.ensure_future(self._write(feed, target))
        reader = asyncio.ensure_future(feed.run())
        try:
            done, _ = await asyncio.wait(
                (reader, writer), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            await end(reader, writer)
            self.shared.made += feed.made

    # Reading

    async def _take(self, message: Message) -> None:
        """Take the next message, when all before it was sent to all members.

        Raises:
            RenewedError: the log is another one from here on.
        """
        while (sending := self._room.sending()) is not None:
            await sending.asFuture(asyncio.get_running_loop())
        flight = self.author.flight
        is_own = flight is not None and message.mark == flight.mark
        taken = self.replica.take(
            message, flight.entries if is_own and flight is not None else None
        )
        self.shared.doubles += taken.is_double
        if taken.has_new_epoch:
            self.shared.epochs += 1
        is_mine = is_own and flight is not None and flight.mark.n == 1
        if taken.has_new_epoch and self.phase is not Phase.BEHIND and not is_mine:
            raise RenewedError("it has another epoch")
        if self.phase is Phase.BEHIND:
            self._refill(taken)
        elif is_own and flight is not None:
            self._landed(taken)
        elif taken.batch is not None:
            self._tell(taken.batch)
        if self.phase is Phase.OPEN and not self._is_known:
            self._cut("the others have given it up")

    def _refill(self, taken: Taken) -> None:
        """Hand in lines that were said before this daemon was there."""
        batch = taken.batch
        if batch is not None and batch.count:
            batch.outcomes = ()
            batch.retell([*filter(is_run, batch.entries)])
            self._room.heard(batch)

    def _tell(self, batch: Batch) -> None:
        """Tell what others have said, or what nobody waits for."""
        if batch.entries or batch.outcomes:
            self._room.heard(batch)

    def _landed(self, taken: Taken) -> None:
        """Go on: the message on its way has been heard."""
        flight = self.author.landed()
        if taken.batch is None:
            return  # it counts for nothing: it is begun again
        if self._is_stalled:
            self._is_stalled = False
            self._room.flowing()
        if flight.done is not None:
            flight.done(taken.batch)
        else:
            self._tell(taken.batch)
        if self.phase is Phase.OPEN:
            self.author.go_on()
            self._dumper.look(self.replica)

    @property
    def _is_known(self) -> bool:
        return self.author.mark.incarnation in self.replica.state.nodes.known

    # Writing

    async def _write(self, feed: Feed, target: int) -> None:
        """Begin, and go on sending; begin again where that came to nothing.

        Raises:
            StoreError: this daemon can't be in the room.
        """
        checked = monotonic()
        while not (feed.is_sure and self.replica.seq >= target):
            await asyncio.sleep(TICK)
            if monotonic() >= checked + CHECK:  # the log may have become shorter
                checked = monotonic()
                target = min(target, (await self._streams.extent_at_last()).unread)
        await refuse_strangers(self.replica, self._share.terms)
        checked = monotonic()
        while True:
            if self.phase is not Phase.OPEN and self.phase is not Phase.STOPPED:
                await self._begin(feed)
            self._look()
            await asyncio.sleep(TICK)
            if monotonic() >= checked + CHECK:
                checked = monotonic()
                await self._streams.refuse_emptied(self.replica.contents)

    async def _begin(self, feed: Feed) -> None:
        """Write the first message of an incarnation, until one is heard in time."""
        if not (feed.is_sure and self._link.is_connected):
            return
        before = self.author.mark.incarnation
        first = await first_message(
            self._share, self._streams, self.replica, before, self._lost
        )
        if first is None:
            return
        self.phase = Phase.BEGINS
        self.author.begin(first.incarnation, first.entries, first.after)
        end = monotonic() + ATTEMPT
        while (flight := self.author.flight) is not None and monotonic() < end:
            if first.after is not None and self.replica.epoch:
                break  # another one was first
            self._sender.look_after(flight)
            await asyncio.sleep(TICK)
        self.author.forget()
        if self._is_known:
            self._let_in()

    def _let_in(self) -> None:
        """Let members in."""
        self.phase, self._lost = Phase.OPEN, ""
        started, self._started = self._started, None
        if started is not None:
            started.callback(None)
        else:
            self._room.back(self.replica.epoch)

    def _look(self) -> None:
        """See to the message on its way, and say how that is."""
        if self.phase is not Phase.OPEN:
            return
        author = self.author
        author.look()
        if author.flight is None:
            return
        age, most = author.flight.age, self._share.cut_off
        if not self._link.is_connected:
            most = min(most, DISCONNECTED)
        if age >= most:
            self._cut(f"nothing could be said for {age:.0f} s")
        elif age >= STALLED and not self._is_stalled:
            self._is_stalled = True
            self._room.stalled(self._link.trouble or "NATS does not answer")

    def _cut(self, why: str) -> None:
        """Send members away: elsewhere they can go on."""
        self.shared.cuts += 1
        self._leave_off(why)

    def _leave_off(self, why: str) -> None:
        """Be no part of the room for now; nothing in flight will be told."""
        was_open = self.phase is Phase.OPEN
        self.phase = Phase.AWAY
        self.author.forget()
        self._is_stalled = False
        if was_open:
            self._room.away(why)

    async def stop(self) -> None:
        """Write the last message, and end."""
        was_open, self.phase = self.phase is Phase.OPEN, Phase.STOPPED
        await self._dumper.stop()
        if was_open and await self.author.is_heard(LAST_WORDS):
            self.author.send([Stop()])
            await self.author.is_heard(LAST_WORDS)
        if self._task is not None:
            await end(self._task)
        await self._link.close()
