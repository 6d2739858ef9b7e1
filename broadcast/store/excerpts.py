"""The lines older than the ring, read from the stream of a shared log.

A message is asked for by its number, of the server that leads the stream; which ones
have lines, and which of these count, is known (``contents``). So a page is exactly what
members were told. A read waits for NATS where that can't be reached, as commits do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from broadcast.store.base import Page, StoreError
from broadcast.store.codec import BodyError, Speakers, decode
from broadcast.store.contents import LINES, Place
from broadcast.store.entries import Batch
from broadcast.store.nats import LinkError
from broadcast.store.replica import NO_SESSION, Message, Replica
from broadcast.store.streams import Streams

AT_FIRST: Final = 8
"""Messages that are asked for together at first; twice as many each time."""

AT_MOST: Final = 64
"""Messages that are asked for together."""

AGAIN: Final = 0.25
"""Seconds until a question that was not answered is asked again."""


@dataclass
class _Reading:
    """A page as far as it was read.

    Attributes:
        lines: how many lines may still be read.
        size: how many bytes.
        batches: in the order they came.
        counts: how many lines of each are meant.
        is_cut: there are more.
    """

    lines: int
    size: int
    batches: list[Batch] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    is_cut: bool = False
    _used: int = 0
    _speakers: Speakers = field(default_factory=Speakers)

    @property
    def wanted(self) -> int:
        """How many messages to ask for, so that few are read for nothing."""
        read = len(self.batches)
        most = min(AT_MOST, max(AT_FIRST, 2 * read))
        if read:
            most = min(most, self.size * read // max(1, self._used) + 1)
        return max(1, most)

    @property
    def is_full(self) -> bool:
        """No further message may be read."""
        return self.lines <= 0 or self.size <= 0

    def take(self, message: Message, count: int, left_out: tuple[int, ...]) -> None:
        """Take a message of which so many lines are meant.

        Raises:
            LinkError: it is not the message that is known.
        """
        try:
            body = decode(message.data, self._speakers)
        except BodyError as error:
            raise LinkError(str(error)) from None
        runs = [run for at, run in enumerate(body.runs) if at not in left_out]
        for run in runs:
            run.session_id = NO_SESSION
        batch = Batch([*runs], message.seq * LINES, message.at)
        if batch.count < count:
            raise LinkError("it has another message than the one that was read")
        self.batches.append(batch)
        self.counts.append(count)
        self.lines -= count
        self.size -= len(message.data)
        self._used += len(message.data)


class Excerpts:
    """Reads pages of the log.

    Args:
        streams: the stream.
        replica: the log as far as it was read.
        is_over: tells whether this daemon can't go on with it.
    """

    def __init__(
        self, streams: Streams, replica: Replica, is_over: Callable[[], bool]
    ) -> None:
        self._streams = streams
        self._contents = replica.contents
        self._is_over = is_over

    async def before(self, id: int, lines: int, size: int) -> Page:
        """Return the last lines before an id: see ``IStore.read_before``."""
        reading = _Reading(lines, size)
        while places := self._contents.before(id, reading.wanted):
            if (seq := await self._read(reading, places)) is None:
                break
            id = seq * LINES
        reading.batches.reverse()
        found = sum(reading.counts)
        count = min(found, lines)
        skip = found - count
        return Page(reading.batches, skip, count, reading.is_cut or skip > 0)

    async def after(self, id: int, lines: int, size: int) -> Page:
        """Return the first lines after an id: see ``IStore.read_after``."""
        reading, at = _Reading(lines, size), id
        while places := self._contents.after(at, reading.wanted):
            if (seq := await self._read(reading, places)) is None:
                break
            at = seq * LINES + LINES - 1
        found = sum(reading.counts)
        count = min(found, lines)
        first = reading.batches[0].first if found else 0
        skip = max(0, id + 1 - first) if found else 0
        return Page(reading.batches, skip, count, reading.is_cut or found > count)

    async def _read(self, reading: _Reading, places: list[Place]) -> int | None:
        """Read some messages; return the one to go on after, None if it is a page."""
        wanted = [] if reading.is_full else _as_many(places, reading.lines)
        messages = await self._messages([seq for seq, _ in wanted])
        for (seq, count), message in zip(wanted, messages, strict=True):
            if reading.is_full:
                break
            if message is not None:
                await self._take(reading, message, count)
            elif reading.batches:
                # Its lines are gone. A page does not go past those: the next one
                # says that they are missing.
                reading.is_cut = seq >= self._contents.first
                return None
        else:
            if wanted:
                return wanted[-1][0]
        reading.is_cut = True
        return None

    async def _take(self, reading: _Reading, message: Message, count: int) -> None:
        while True:
            try:
                reading.take(message, count, self._contents.left_out(message.seq))
                return
            except LinkError as error:
                await self._wait(error)
                [again] = await self._messages([message.seq])
                message = again or message

    async def _messages(self, seqs: list[int]) -> list[Message | None]:
        """Return some messages; None in place of those that are gone."""
        while True:
            try:
                found = await asyncio.gather(*map(self._streams.message, seqs))
                if None in found:
                    await self._forget(seqs[found.index(None)])
                return found
            except LinkError as error:
                await self._wait(error)

    async def _forget(self, seq: int) -> None:
        """Know of what the stream has dropped meanwhile.

        Raises:
            LinkError: it has not dropped it, but lost it: all is read anew soon.
        """
        extent = await self._streams.extent()
        if seq > extent.last:
            raise LinkError("the stream has become shorter")
        self._contents.begin_at(extent.first)

    async def _wait(self, error: LinkError) -> None:
        """Let some time pass before NATS is asked again.

        Raises:
            StoreError: it will not help.
        """
        if self._is_over():
            raise StoreError(f"NATS: {error}") from None
        await asyncio.sleep(AGAIN)


def _as_many(places: list[Place], lines: int) -> list[Place]:
    """Return the first places, until they have so many lines."""
    for n, (_, count) in enumerate(places, 1):
        lines -= count
        if lines <= 0:
            return places[:n]
    return places
