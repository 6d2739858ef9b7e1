"""A daemon's part in a shared log: its messages, of which one is on its way."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final

from twisted.logger import Logger

from broadcast.store.claims import Dumped
from broadcast.store.codec import Body, encode
from broadcast.store.ending import end
from broadcast.store.entries import Batch, Entry, merge, parts
from broadcast.store.figures import Commits, Shared
from broadcast.store.flight import Flight, Sender
from broadcast.store.nats import LinkError
from broadcast.store.replica import Mark, Replica
from broadcast.store.streams import Streams

BEAT: Final = 3.0
"""Seconds after which a daemon that has nothing to say says that it is there."""

LEAST: Final = 4 << 20
"""Bytes of messages after which the state is dumped anew, at least."""

TIMES: Final = 8
"""How many times the size of the last dump they have to be, too."""

Done = Callable[[Batch], None]


class Author:
    """Writes messages: lines that come meanwhile are the next one.

    Args:
        sender: sends them.
        commits: times those that are waited for.

    Attributes:
        mark: the last message's.
        flight: the message on its way; None: there is none.
        upkeep: entries on the log itself, for the next message.
    """

    def __init__(self, sender: Sender, commits: Commits) -> None:
        self.mark = Mark("", 0)
        self.flight: Flight | None = None
        self.upkeep: list[Entry] = []
        self._next: tuple[list[Entry], Done] | None = None
        self._sender = sender
        self._commits = commits
        self._heard = monotonic()

    def commit(self, entries: list[Entry], done: Done) -> None:
        """Say what members have said and claimed; ``done`` is called with it."""
        merged = merge(entries)
        told = parts(entries, merged)

        def committed(batch: Batch) -> None:
            for run, whole, at in told:  # others may have a run that was merged
                run.first = whole.first + at if whole.first else 0
            self._commits.end(batch.count)
            done(batch)

        self._commits.begin()
        if self.flight is None:
            self.send(merged, committed)
        else:  # it has said that it is there, just now
            self._next = merged, committed

    def begin(self, incarnation: str, entries: list[Entry], after: int | None) -> None:
        """Send the first message of an incarnation.

        Args:
            incarnation: which.
            entries: its entries.
            after: the message that it has to come after at once; None: any.
        """
        self.mark, self.upkeep = Mark(incarnation, 0), []
        self.send(entries, None, after)

    def send(
        self, entries: list[Entry], done: Done | None = None, after: int | None = None
    ) -> None:
        """Send a message: the only one that is on its way."""
        entries, self.upkeep = [*self.upkeep, *entries], []
        self.mark = mark = Mark(self.mark.incarnation, self.mark.n + 1)
        data = encode(Body(entries))
        self.flight = flight = Flight(mark, entries, data, done, after)
        self._sender.send(flight)

    def landed(self) -> Flight:
        """Return the message that was on its way: it has been heard."""
        flight, self.flight = self.flight, None
        assert flight is not None
        self._heard = monotonic()
        return flight

    def go_on(self) -> None:
        """Send what was to be said meanwhile."""
        if self.flight is None and self._next is not None:
            (entries, done), self._next = self._next, None
            self.send(entries, done)

    def look(self) -> None:
        """See to the message on its way; or say that this daemon is there.

        That is never queued behind another message, which says so itself.
        """
        if self.flight is not None:
            self._sender.look_after(self.flight)
        elif monotonic() - self._heard >= BEAT:
            self.send([])

    def forget(self) -> None:
        """Forget what is on its way: nobody here will be told what becomes of it."""
        self.flight = self._next = None
        self.upkeep = []
        self._commits.end_without()

    async def is_heard(self, seconds: float) -> bool:
        """Tell whether the message on its way is heard in time."""
        end = monotonic() + seconds
        while self.flight is not None and monotonic() < end:
            await asyncio.sleep(0.01)
        return self.flight is None


class Dumper:
    """Makes dumps of the state, when the log has grown enough.

    Args:
        streams: where they go.
        author: tells the others of them.
        most: bytes that the log may grow without one.
        figures: counts them.
    """

    def __init__(
        self, streams: Streams, author: Author, most: int, figures: Shared
    ) -> None:
        self._streams = streams
        self._author = author
        self._most = most
        self._figures = figures
        self._task: asyncio.Task[None] | None = None
        self._logger = Logger(namespace="broadcast")

    def look(self, replica: Replica) -> None:
        """Make a dump if one is due: this daemon has written the last message.

        If it dies just now, the next daemon that writes makes it.
        """
        due = min(max(LEAST, TIMES * replica.dumped), self._most)
        if self._task is None and replica.grown >= due:
            make = replica.freeze()
            self._task = asyncio.ensure_future(
                self._dump(replica.seq, replica.total, make)
            )

    async def stop(self) -> None:
        """Leave off."""
        if self._task is not None:
            await end(self._task)

    async def _dump(self, seq: int, total: int, make: Callable[[], bytes]) -> None:
        try:
            data = await asyncio.to_thread(make)
            await self._streams.dumps.save(seq, total, data)
        except LinkError as error:
            self._logger.warn(
                "the state is not dumped: {reason}",
                event="not-dumped",
                reason=str(error),
            )
        else:
            self._figures.dumps += 1
            self._author.upkeep.append(Dumped(seq, len(data)))
        finally:
            self._task = None
