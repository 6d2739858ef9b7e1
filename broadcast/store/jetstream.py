"""The store that many daemons share: a JetStream stream is the only truth.

A daemon has one message in flight, and takes it for committed when its own reader
delivers it. Not sure that it has arrived, it sends the same bytes again: everybody
drops what comes twice. What comes meanwhile is the next message.

A daemon is *behind* until it has read all there is, *begins* with a message that says
so, and is *open* when it has heard that one. It is *away* while it can't commit: its
members were sent to other daemons; it begins again as another incarnation, so that
nothing that it sent before and that comes late can count.
"""

import asyncio
import enum
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from broadcast.store.author import Author, Dumper
from broadcast.store.base import IRoom, Limits, Page, StoreError
from broadcast.store.claims import Decided, Epoch, Stop, Up
from broadcast.store.dumps import choose
from broadcast.store.entries import Batch, Entry, Run, is_run
from broadcast.store.feed import Feed, LossError, OvertakenError
from broadcast.store.figures import Commits, Figures, Shared
from broadcast.store.flight import Sender
from broadcast.store.nats import Access, Link, LinkError
from broadcast.store.replica import LINES, Message, Replica, Taken
from broadcast.store.state import State
from broadcast.store.streams import Extent, Streams

LIMITS: Final = Limits(lines=LINES - 1, size=512 * 1024)
"""What one message may have: a server's ``max_payload`` is 1 MiB."""

TICK: Final = 0.1
"""Seconds between two looks at how things stand."""

STALLED: Final = 3.0
"""Seconds that a message is in flight before the admin is told."""

DISCONNECTED: Final = 10.0
"""Seconds until a daemon without a connection is cut off, at most."""

WATCH: Final = 10.0
"""Seconds for which a daemon under other terms has to be silent to be none."""

ATTEMPT: Final = 8.0
"""Seconds after which a beginning that is not heard is made anew: it gets stale."""

CHECK: Final = 5.0
"""Seconds between two looks at what the log has."""

LAST_WORDS: Final = 1.0
"""Seconds that the last messages of a daemon that stops may take, each."""

CUT_OFF: Final = "the room can't be reached from here; others may"


class Phase(enum.Enum):
    """How things stand."""

    BEHIND = "it reads what was said"
    BEGINS = "it has sent its first message"
    OPEN = "members are in"
    AWAY = "members were sent away; it tries to begin again"
    STOPPED = "it is over"


class RenewedError(LossError):
    """The log is another one from here on."""


@dataclass(frozen=True, slots=True)
class Share:
    """A daemon's part in a room.

    Attributes:
        room: its name.
        node: what the daemon is called; others may be called the same.
        terms: what all daemons of the room have to have in common.
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


class JetstreamStore:
    """Keeps what is said in a stream that other daemons write to as well.

    Args:
        share: this daemon's part in the room.
        access: how NATS is reached.
        reactor: the asyncio one.

    Attributes:
        limits: what one message may have.
    """

    limits = LIMITS
    option = "--nats"
    is_shared = True
    spacing = LINES
    _logger = Logger(namespace="broadcast")

    def __init__(self, share: Share, access: Access, reactor: Any) -> None:
        self.time = time
        self.patience = share.cut_off
        self._share = share
        self._reactor = reactor
        self._link = Link(access)
        self._streams = Streams(self._link, share.room, share.size, share.replicas)
        self._sender = Sender(self._link, self._streams.subject)
        self._replica = Replica()
        self._feed: Feed | None = None
        self._phase = Phase.BEHIND
        self._is_stalled = False
        self._lost = ""  # the epoch that has lost something
        self._room: IRoom | None = None
        self._started: Deferred[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._commits = Commits(monotonic)
        self._shared = Shared()
        self._author = Author(self._sender, self._commits)
        most = share.size // 4  # else the newest dump's message could be dropped
        self._dumper = Dumper(self._streams, self._author, most, self._shared)

    # What a room asks

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
        """What the log has decided, as far as it was read."""
        return self._replica.state

    @property
    def incarnation(self) -> str:
        """What this daemon calls itself in the log."""
        return self._author.mark.incarnation

    @property
    def figures(self) -> Figures:
        """Its figures."""
        commits, shared, replica = self._commits, self._shared, self._replica
        shared.nodes = len(replica.state.nodes.known)
        shared.lag = self._feed.pending if self._feed is not None else 0
        shared.again = self._sender.again
        shared.is_cut_off = self._phase is not Phase.OPEN
        return Figures(
            min(replica.total, self._share.size),
            self._share.size,
            0,
            commits.failures,
            commits.seconds,
            commits.lines,
            commits.waiting,
            shared,
        )

    def owner(self, fold: str, key: str) -> str:
        """Return a digest: a key is never in the log."""
        return self._replica.owner(fold, key)

    def start(self, room: IRoom) -> Deferred[None]:
        """Read the log, and begin to write to it."""
        self._room = room
        self._started = Deferred()
        self._reactor.callLater(0, self._launch)
        return self._started

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        """Send what was said and claimed; ``done`` is called when it is heard."""
        if self._phase is not Phase.OPEN:
            return  # the room was told that nothing can be committed
        self._author.commit(entries, done)

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return nothing: the ring is all there is."""
        return succeed(Page((), 0, 0, more=False))

    read_after = read_before

    def stop(self) -> Deferred[None]:
        """Say that this daemon writes no more, if that can be said at once."""
        if self._task is None:
            self._phase = Phase.STOPPED
            return succeed(None)
        return Deferred.fromFuture(asyncio.ensure_future(self._stop()))

    # Its life

    def _launch(self) -> None:
        if self._phase is not Phase.STOPPED:
            self._task = asyncio.ensure_future(self._live())

    async def _live(self) -> None:
        """Be part of the room, until the daemon stops."""
        try:
            await self._link.connect()
            skipped: set[int] = set()
            while True:
                await self._streams.open()
                self._replica = await self._load(skipped)
                seq = self._replica.seq
                try:
                    await self._follow()
                except LossError as error:
                    is_first_look = self._phase is Phase.BEHIND
                    if is_first_look and self._replica.seq == seq and seq:
                        skipped.add(seq)  # the dump is of another log
                    else:
                        skipped = set()
                        self._renew(error)
        except StoreError as error:
            self._fail(str(error))
        except Exception:
            self._logger.failure("the store has failed")
            self._fail("something went wrong here")

    def _fail(self, why: str) -> None:
        """End: nothing will ever be committed."""
        self._phase = Phase.STOPPED
        self._author.forget()
        assert self._room is not None
        started, self._started = self._started, None
        if started is not None:
            started.errback(StoreError(why))
        else:
            self._room.cut_off(why)

    def _renew(self, error: LossError) -> None:
        """Read all anew: what was read is not what the log says any more."""
        if not isinstance(error, OvertakenError | RenewedError):
            self._lost = self._replica.epoch
        self._logger.warn(
            "the log is read anew: {reason}", event="log-lost", reason=str(error)
        )
        self._leave_off("the log has changed")
        self._phase = Phase.BEHIND

    async def _load(self, skipped: set[int]) -> Replica:
        """Return the state as of a dump, or as of nothing."""
        while True:
            try:
                extent = await self._streams.extent()
                places = await self._streams.dumps.places()
                for place in choose(
                    places, extent.first, extent.last, self._share.refill
                ):
                    if place.seq in skipped:
                        continue
                    loaded = await self._streams.dumps.load(place)
                    if loaded is not None:
                        return loaded
                return Replica()
            except LinkError:
                await asyncio.sleep(0.25)
                if self._link.is_lost:
                    with suppress(LinkError):
                        await self._link.reconnect()

    async def _follow(self) -> None:
        """Read the log, and write to it.

        Raises:
            LossError: it is not the log any more that was read.
        """
        assert self._room is not None
        self._room.renewed(self._replica.last_id)
        replica = self._replica
        target = (await self._extent()).last
        feed = self._feed = Feed(
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
            for task in (reader, writer):
                task.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            self._shared.made += feed.made

    async def _extent(self) -> Extent:
        """Return which messages there are."""
        while True:
            try:
                return await self._streams.extent()
            except LinkError:
                await asyncio.sleep(0.25)

    # Reading

    async def _take(self, message: Message) -> None:
        """Take the next message, when all before it was sent to all members.

        Raises:
            RenewedError: the log is another one from here on.
        """
        assert self._room is not None
        while (sending := self._room.sending()) is not None:
            await sending.asFuture(asyncio.get_running_loop())
        flight = self._author.flight
        is_own = flight is not None and message.mark == flight.mark
        taken = self._replica.take(
            message, flight.entries if is_own and flight is not None else None
        )
        self._shared.doubles += taken.is_double
        if taken.has_new_epoch:
            self._shared.epochs += 1
        is_mine = is_own and flight is not None and flight.mark.n == 1
        if taken.has_new_epoch and self._phase is not Phase.BEHIND and not is_mine:
            raise RenewedError("it has another epoch")
        if self._phase is Phase.BEHIND:
            self._refill(taken)
        elif is_own and flight is not None:
            self._landed(taken)
        elif taken.batch is not None:
            self._tell(taken.batch)
        if self._phase is Phase.OPEN and not self._is_known:
            self._cut("the others have given it up")

    def _refill(self, taken: Taken) -> None:
        """Hand in lines that were said before this daemon was there."""
        batch = taken.batch
        if batch is not None and batch.count:
            batch.outcomes = ()
            batch.retell([*filter(is_run, batch.entries)])
            assert self._room is not None
            self._room.heard(batch)

    def _tell(self, batch: Batch) -> None:
        """Tell what others have said, or what nobody waits for."""
        assert self._room is not None
        if batch.entries or batch.outcomes:
            self._room.heard(batch)

    def _landed(self, taken: Taken) -> None:
        """Go on: the message on its way has been heard."""
        flight = self._author.landed()
        if taken.batch is None:
            return  # it counts for nothing: it is begun again
        if self._is_stalled:
            self._is_stalled = False
            assert self._room is not None
            self._room.flowing()
        if flight.done is not None:
            flight.done(taken.batch)
        else:
            self._tell(taken.batch)
        if self._phase is Phase.OPEN:
            self._author.go_on()
            self._dumper.look(self._replica)

    @property
    def _is_known(self) -> bool:
        return self.incarnation in self._replica.state.nodes.known

    # Writing

    async def _write(self, feed: Feed, target: int) -> None:
        """Begin, and go on sending; begin again where that came to nothing.

        Raises:
            StoreError: this daemon can't be in the room.
        """
        while not self._has_caught_up(feed, target):
            await asyncio.sleep(TICK)
        await self._refuse_strangers()
        checked = monotonic()
        while True:
            if self._phase is not Phase.OPEN and self._phase is not Phase.STOPPED:
                await self._begin(feed)
            self._look()
            await asyncio.sleep(TICK)
            if monotonic() >= checked + CHECK:
                checked = monotonic()
                await self._refuse_emptied()

    async def _refuse_emptied(self) -> None:
        """See that a daemon that comes later can know all that was decided.

        Raises:
            LossError: it can't: the log was emptied, by hand.
        """
        with suppress(LinkError):
            first = (await self._streams.extent()).first
            if first <= 1:
                return
            places = await self._streams.dumps.places()
            if all(place.seq < first for place in places):
                raise LossError("it was emptied")

    def _has_caught_up(self, feed: Feed, target: int) -> bool:
        if not feed.is_sure:
            return False
        return self._replica.seq >= target or feed.pending == 0

    async def _refuse_strangers(self) -> None:
        """See that no daemon writes under other terms.

        Raises:
            StoreError: one does.
        """
        terms, replica = self._share.terms, self._replica
        known = replica.state.nodes.known
        before = {name: known[name].n for name in replica.strangers(terms)}
        end = monotonic() + WATCH
        while before and monotonic() < end:
            for name, other in replica.strangers(terms).items():
                if known[name].n > before.get(name, 0):
                    raise StoreError(_difference(name, terms, other))
            await asyncio.sleep(TICK)

    async def _begin(self, feed: Feed) -> None:
        """Write the first message of an incarnation, until one is heard in time."""
        if not (feed.is_sure and self._link.is_connected):
            return
        replica, before = self._replica, self.incarnation
        incarnation = f"{self._share.node}.{secrets.token_hex(4)}"
        instead = before if before in replica.state.nodes.known else ""
        clock = replica.state.nodes.clock
        entries: list[Entry] = [
            Up(incarnation, clock, instead=instead, terms=self._share.terms)
        ]
        after: int | None = None
        if not replica.epoch:
            extent = await self._extent()
            if extent.first <= extent.last and extent.last > replica.seq:
                return  # another one has begun it, just now
            after = extent.last
            entries.append(Epoch("", secrets.token_hex(16)))
        elif replica.epoch == self._lost:
            entries.append(Epoch(self._lost))
        self._phase = Phase.BEGINS
        self._author.begin(incarnation, entries, after)
        end = monotonic() + ATTEMPT
        while (flight := self._author.flight) is not None and monotonic() < end:
            if after is not None and replica.epoch:
                break  # another one was first
            self._sender.look_after(flight)
            await asyncio.sleep(TICK)
        self._author.forget()
        if self._is_known:
            self._open()

    def _open(self) -> None:
        """Let members in."""
        self._phase, self._lost = Phase.OPEN, ""
        started, self._started = self._started, None
        if started is not None:
            started.callback(None)
        else:
            assert self._room is not None
            self._room.back(self.epoch)

    def _look(self) -> None:
        """See to the message on its way, and say how that is."""
        if self._phase is not Phase.OPEN:
            return
        author = self._author
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
            assert self._room is not None
            self._room.stalled(self._link.trouble or "NATS does not answer")

    def _cut(self, why: str) -> None:
        """Send members away: elsewhere they can go on."""
        self._shared.cuts += 1
        self._leave_off(why)

    def _leave_off(self, why: str) -> None:
        """Be no part of the room for now; nothing in flight will be told."""
        was_open = self._phase is Phase.OPEN
        self._phase = Phase.AWAY
        self._author.forget()
        self._is_stalled = False
        if was_open:
            assert self._room is not None
            self._room.away(why)

    async def _stop(self) -> None:
        """Write the last message, and end."""
        was_open, self._phase = self._phase is Phase.OPEN, Phase.STOPPED
        await self._dumper.stop()
        if was_open and await self._author.is_heard(LAST_WORDS):
            self._author.send([Stop()])
            await self._author.is_heard(LAST_WORDS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._link.close()


def _difference(name: str, ours: str, theirs: str) -> str:
    """Return in a line how a daemon's terms differ from those of another one."""
    node = name.rpartition(".")[0]
    return f"the daemon {node} of this room has {theirs}, and this one {ours}"
