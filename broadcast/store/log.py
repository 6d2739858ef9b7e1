"""The one ordered log: batches that cursors read, bounded by bytes alone.

It keeps the newest batches; a cursor in it is a batch's ``seq``, which goes up by
one a batch. Which lines answer a question for old ones is in ``broadcast.store.pages``.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from broadcast.protocol.dialects import Dialect
from broadcast.store.entries import RENDERING_COST, Batch, Framing, Rendering, Run

PIECE = 256
"""Lines that one step renders; with 64 KiB runs, a step stays near 64 KiB."""

NEAR = 8
"""Batches without a line that are passed one by one; more of them are skipped."""


T = TypeVar("T")

RING_CHUNK = 256
"""Items that are walked through, in blocks of 64, at most."""


class Ring(Generic[T]):
    """A queue that is indexed as fast in its middle as at its ends.

    A ``deque`` walks there block by block: in a long log that is microseconds for each
    look, and a page of old lines takes thousands of them.

    Dropped items are not kept alive. All chunks are full but the first, which has
    lost some, and the last.
    """

    __slots__ = ("_chunks", "_first", "_size")

    def __init__(self) -> None:
        self._first: deque[T] = deque()
        self._chunks: deque[deque[T]] = deque([self._first])
        self._size = 0

    def append(self, item: T) -> None:
        """Put ``item`` at the end."""
        last = self._chunks[-1]
        if len(last) == RING_CHUNK:
            last = deque()
            self._chunks.append(last)
        last.append(item)
        self._size += 1

    def popleft(self) -> T:
        """Take the oldest item; IndexError if there is none."""
        item = self._first.popleft()
        self._size -= 1
        if not self._first and len(self._chunks) > 1:
            self._chunks.popleft()
            self._first = self._chunks[0]
        return item

    def __getitem__(self, index: int) -> T:
        """Return the item at ``index``, from the oldest on, or back from the end."""
        if index < 0:
            index += self._size
        if not 0 <= index < self._size:
            raise IndexError(index)
        first = len(self._first)
        if index < first:
            return self._first[index]
        chunk, at = divmod(index - first, RING_CHUNK)
        return self._chunks[chunk + 1][at]

    def __len__(self) -> int:
        """Return how many items there are."""
        return self._size


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some lines of the log.

    Attributes:
        seq: the batch with which they begin.
        skip: lines of it before them.
        count: how many.
    """

    seq: int
    skip: int
    count: int


class Log:
    """The ring of batches.

    Lines are counted by *places*, in the order in which they were said. Ids may have
    holes; places have none, and go on to ``total``.

    Args:
        limit: bytes that it may take, all renderings counted. The newest batch
            is kept whatever its size.
        last_id: the id of the newest line before the log begins.
        spacing: by how much ids go up from one batch to the next; 1: as many as there
            are lines.
    """

    def __init__(self, limit: int, last_id: int = 0, spacing: int = 1) -> None:
        self.limit = limit
        self._spacing = spacing
        self._gone = last_id  # the newest line that is here no more
        self.size = 0
        self.lines = 0
        self.total = last_id
        self.last_id = last_id
        self._batches = Ring[Batch]()
        self.end = 0
        """The ``seq`` that the next batch will have."""

    @property
    def start(self) -> int:
        """The ``seq`` of the oldest batch that is still here."""
        return self.end - len(self._batches)

    @property
    def first_id(self) -> int:
        """The oldest id that is still here (the next one's, if none is)."""
        return self._batches[0].first if self._batches else self.last_id + 1

    def begin(self, last_id: int) -> None:
        """Begin anew, after a line: those before it are gone, and count."""
        self._batches = Ring[Batch]()
        self.size = self.lines = 0
        self.last_id = self._gone = last_id
        self.total = last_id // self._spacing

    def append(self, batch: Batch) -> None:
        """Put ``batch`` at the end."""
        batch.seq = self.end
        batch.before = self.total
        self.end += 1
        self.total += batch.count
        self.lines += batch.count
        if batch.count:  # the ids of a batch without lines may be any
            self.last_id = batch.first + batch.count - 1
        self._batches.append(batch)
        self.size += batch.cost

    def trim(self) -> list[Batch]:
        """Drop the oldest batches beyond the limit; return them."""
        dropped: list[Batch] = []
        while self.size > self.limit and len(self._batches) > 1:
            batch = self._batches.popleft()
            self.size -= batch.cost
            self.lines -= batch.count
            if batch.count:
                self._gone = batch.first + batch.count - 1
            dropped.append(batch)
        return dropped

    def at(self, seq: int) -> Batch:
        """Return the batch at ``seq``; IndexError if it is gone or not yet here."""
        index = seq - self.start
        if index < 0:
            raise IndexError(seq)
        return self._batches[index]

    def rendering(self, batch: Batch, dialect: Dialect) -> Rendering:
        """Return ``batch`` in ``dialect``, made on first use and kept."""
        rendering = batch.renderings.get(dialect)
        if rendering is None:
            rendering = Rendering(batch, dialect)
            batch.renderings[dialect] = rendering
            made = 0 if rendering.is_text else len(rendering.data)
            self._charge(batch, made + RENDERING_COST)
        return rendering

    def shared(
        self, batch: Batch, dialect: Dialect, framing: Framing | None
    ) -> tuple[Rendering, bytes]:
        """Return ``batch`` in ``dialect``, and all of it framed: once for all."""
        rendering = self.rendering(batch, dialect)
        if framing is None or not rendering.data:
            return rendering, rendering.data
        if rendering.framed is None:
            rendering.framed = {}
        data = rendering.framed.get(framing)
        if data is None:
            data = rendering.framed[framing] = framing(rendering.data)
            self._charge(batch, len(data))
        return rendering, data

    @property
    def oldest(self) -> int:
        """The place of the oldest line that is still here."""
        return self.total - self.lines

    def place_after(self, id: int) -> int:
        """Return the place of the first line whose id is greater than ``id``.

        Where lines are gone that is reckoned as if their ids had had no holes.
        """
        index = bisect_right(self._batches, id, key=attrgetter("first")) - 1
        if index < 0:
            return max(0, self.oldest - self._missing(id))
        batch = self._batches[index]
        return batch.before + min(batch.count, id + 1 - batch.first)

    def _missing(self, id: int) -> int:
        """Return how many lines after ``id`` are gone: batches, where ids have holes.

        It is 0 only if none is.
        """
        if id >= self._gone:
            return 0
        last = self.first_id - 1
        return max(1, last // self._spacing - id // self._spacing)

    def id_at(self, place: int) -> int:
        """Return the id of the line at a place that is here."""
        batch = self._batch_with(place)
        return batch.first + place - batch.before

    def run_at(self, id: int) -> Run | None:
        """Return the run whose first line has an id; None if it is gone, or none's."""
        if not self.first_id <= id <= self.last_id:
            return None
        batch = self._batch_with(self.place_after(id - 1))
        runs = (entry for entry in batch.entries if isinstance(entry, Run))
        return next((run for run in runs if run.first == id), None)

    def stretch(self, begin: int, end: int) -> Stretch:
        """Return the lines from one place to another, which are here."""
        if begin == end:
            return Stretch(self.end, 0, 0)
        batch = self._batch_with(begin)
        return Stretch(batch.seq, begin - batch.before, end - begin)

    def batches_from(self, place: int) -> Iterator[Batch]:
        """Yield the batches with the line at a place, and after it."""
        while place < self.total:
            batch = self._batch_with(place)
            empty = 0
            while empty < NEAR:
                if batch.count:
                    yield batch
                    empty = 0
                    place = batch.before + batch.count
                    if place >= self.total:
                        return
                empty += 1
                batch = self.at(batch.seq + 1)

    def batches_before(self, place: int) -> Iterator[Batch]:
        """Yield the batches with lines before a place, the newest first."""
        while place > self.oldest:
            batch = self._batch_with(place - 1)
            empty = 0
            while empty < NEAR:
                if batch.count:
                    yield batch
                    empty = 0
                    place = batch.before
                    if place <= self.oldest:
                        return
                empty += 1
                batch = self.at(batch.seq - 1)

    def _batch_with(self, place: int) -> Batch:
        """Return the batch with the line at a place.

        However many there are without any line, it takes no longer.
        """
        index = bisect_right(self._batches, place, key=attrgetter("before"))
        return self._batches[index - 1]

    def _charge(self, batch: Batch, cost: int) -> None:
        batch.cost += cost
        self.size += cost

    def __len__(self) -> int:
        """Return how many batches are here."""
        return len(self._batches)


class ReplayCursor:
    """A cursor of its own, moved back; rendered piece by piece, kept nowhere.

    ``seq`` is where it reads in its ``log``: the fan-out counts it among the cursors
    that the room's log must not move past, if it is that one.
    """

    __slots__ = ("_pieces", "log", "seq")

    def __init__(self, log: Log, stretch: Stretch) -> None:
        self.log = log
        self.seq = stretch.seq
        self._pieces = self._split(stretch.skip, stretch.count)

    def read(self, dialect: Dialect) -> bytes:
        """Return some more lines in ``dialect``; empty when there are no more."""
        for run, text, first in self._pieces:
            when = self.log.at(self.seq).when
            return dialect.replayed(run.speaker, text, first, when)
        return b""

    def _split(self, skip: int, count: int) -> Iterator[tuple[Run, bytes, int]]:
        """Yield texts of at most 256 lines, with the first one's id."""
        if not count:
            return
        for batch in self.log.batches_from(self.log.at(self.seq).before):
            self.seq = batch.seq
            for run in batch.entries:
                if not isinstance(run, Run):
                    continue
                if skip >= run.count:
                    skip -= run.count
                    continue
                lines = run.text.split(b"\n")
                stop = min(run.count, skip + count)
                for at in range(skip, stop, PIECE):
                    piece = lines[at : min(stop, at + PIECE)]
                    yield run, b"\n".join([*piece, b""]), run.first + at
                count -= stop - skip
                skip = 0
                if not count:
                    return
