"""How many lines each message of a shared log has: found without reading any.

A message has the lines that were let in, as the state decided when it came to it. Most
messages have none, or all of their runs; of those that have some of their runs, which
ones do not count is kept too. So a line older than the ring is read as it was told.

It is a function of the messages, as the state is, and goes into each dump. It is
bounded: of the oldest messages beyond a number nothing is known any more.
"""

import base64
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

LINES: Final = 4096
"""Ids of a message: its first one is its sequence times this."""

BLOCK: Final = 1024
"""Messages that are counted together, so that those without lines are skipped."""

MOST: Final = 1 << 23
"""Messages that are known: two bytes each."""

MOST_PARTIAL: Final = 50_000
"""Messages of which some runs do not count that are known."""

Place = tuple[int, int]
"""A message, and how many of its lines are meant."""


class Contents:
    """The lines of a log's messages.

    Args:
        first: the oldest message that can be known.

    Attributes:
        first: the oldest message that is known, or the next one.
        end: the next message.
    """

    first: int
    end: int
    _gone: int  # the last line before ``first``
    _base: int
    _blocks: "list[array[int]]"
    _totals: list[int]
    _partial: dict[int, tuple[int, ...]]

    def __init__(self, first: int = 1) -> None:
        self._begin(first)

    def note(self, seq: int, count: int, left_out: Iterable[int] = ()) -> None:
        """Note the next message.

        Args:
            seq: the message; those between it and the last one are not there.
            count: how many lines it has that count.
            left_out: which of its runs don't, if others do.
        """
        if seq < self.end:
            return
        if seq - self.end > MOST:
            self._begin(seq)
        self._fill(seq)
        self._blocks[-1].append(min(count, LINES))
        self._totals[-1] += min(count, LINES)
        self.end = seq + 1
        if count and (runs := tuple(left_out)):
            self._partial[seq] = runs
            if len(self._partial) > MOST_PARTIAL:
                self.begin_at(next(iter(self._partial)) + 1)
        if len(self._blocks) > MOST // BLOCK:
            self.begin_at((self._base + 1) * BLOCK)

    def begin_at(self, first: int) -> None:
        """Forget the messages before one: they can't be read any more."""
        first = min(first, self.end)
        if first <= self.first:
            return
        for seq, count in self._backwards(first * LINES):
            self._gone = seq * LINES + count - 1
            break
        self.first = first
        dropped = first // BLOCK - self._base
        del self._blocks[:dropped], self._totals[:dropped]
        self._base += dropped
        if self._blocks:
            block, at = self._blocks[0], first % BLOCK
            self._totals[0] -= sum(block[:at])
            block[:at] = _nothing(at)
        for seq in [seq for seq in self._partial if seq < first]:
            del self._partial[seq]

    @property
    def first_id(self) -> int:
        """The oldest line's id; the next message's first one if there is none."""
        oldest = next(self._forwards(self.first), None)
        return (self.end if oldest is None else oldest[0]) * LINES

    def left_out(self, seq: int) -> tuple[int, ...]:
        """Return which runs of a message do not count, where others do."""
        return self._partial.get(seq, ())

    def count(self, first: int, stop: int) -> int:
        """Return how many lines have ids from ``first`` on and below ``stop``.

        A message that is not known counts as one line. It is 0 only if there are none.
        """
        if first >= stop:
            return 0
        unknown = 0
        if first <= self._gone:
            end = min(self.first, (stop - 1) // LINES + 1)
            unknown = max(0, end - max(1, first // LINES))
        return unknown + self._until(stop) - self._until(first)

    def id_before(self, id: int, lines: int) -> int:
        """Return the id of the line that is so many before an id, or the oldest's."""
        place = self._until(id) - lines
        if lines <= 0:
            return id
        if place < 0:
            return self.first_id
        index = 0
        while place >= self._totals[index]:
            place -= self._totals[index]
            index += 1
        at = 0
        block = self._blocks[index]
        while place >= block[at]:
            place -= block[at]
            at += 1
        return ((self._base + index) * BLOCK + at) * LINES + place

    def before(self, id: int, most: int) -> list[Place]:
        """Return the last messages with lines before an id, the newest first."""
        return [*islice(self._backwards(id), most)]

    def after(self, id: int, most: int) -> list[Place]:
        """Return the first messages with lines after an id."""
        seq, at = divmod(id + 1, LINES)
        found = [*islice(self._forwards(seq), most + 1)]
        if found and found[0][0] == seq:
            left = found[0][1] - at
            found[:1] = [(seq, left)] if left > 0 else []
        return found[:most]

    def freeze(self) -> Callable[[], dict[str, object]]:
        """Return what makes the dump as of now, in any thread."""
        first, gone = self.first, self._gone
        copied = b"".join([block.tobytes() for block in self._blocks])
        start, partial = 2 * (first - self._base * BLOCK), [*self._partial.items()]

        def dump() -> dict[str, object]:
            packed = zlib.compress(_little(copied[start:]))
            return {
                "first": first,
                "gone": gone,
                "counts": base64.b64encode(packed).decode(),
                "partial": partial,
            }

        return dump

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> "Contents":
        """Return what was dumped.

        Raises:
            ValueError, TypeError, LookupError, zlib.error: it is no dump.
        """
        found = cls(int(dumped["first"]))
        found._gone = int(dumped["gone"])
        packed = base64.b64decode(dumped["counts"])
        counts = array("H", _little(zlib.decompress(packed)))
        found.end += len(counts)
        whole = _nothing(found.first % BLOCK) + counts
        found._blocks = [whole[at : at + BLOCK] for at in range(0, len(whole), BLOCK)]
        found._totals = [sum(block) for block in found._blocks]
        found._partial = {int(seq): tuple(runs) for seq, runs in dumped["partial"]}
        return found

    def _begin(self, first: int) -> None:
        """Know nothing of the messages before one."""
        self.first = self.end = first
        self._gone = first * LINES - 1 if first > 1 else 0
        self._base = first // BLOCK
        self._blocks, self._totals, self._partial = [], [], {}

    def _fill(self, seq: int) -> None:
        """Have no lines in the messages up to one."""
        while (self._base + len(self._blocks)) * BLOCK <= seq:
            if self._blocks:
                self._blocks[-1].extend(_nothing(BLOCK - len(self._blocks[-1])))
            self._blocks.append(array("H"))
            self._totals.append(0)
        block = self._blocks[-1]
        block.extend(_nothing(seq % BLOCK - len(block)))

    def _until(self, id: int) -> int:
        """Return how many lines are known before an id."""
        seq, at = divmod(id, LINES)
        if seq < self.first:
            return 0
        index, place = divmod(seq - self._base * BLOCK, BLOCK)
        if index >= len(self._blocks):
            return sum(self._totals)
        block = self._blocks[index]
        own = min(at, block[place]) if place < len(block) else 0
        return sum(self._totals[:index]) + sum(block[:place]) + own

    def _forwards(self, seq: int) -> Iterator[Place]:
        """Yield the messages with lines from one on."""
        seq = max(seq, self.first)
        index, place = divmod(seq - self._base * BLOCK, BLOCK)
        for at in range(index, len(self._blocks)):
            if self._totals[at]:
                start = (self._base + at) * BLOCK + place
                for n, count in enumerate(self._blocks[at][place:], start):
                    if count:
                        yield n, count
            place = 0

    def _backwards(self, id: int) -> Iterator[Place]:
        """Yield the messages with lines before an id, the newest first."""
        seq, own = divmod(id, LINES)
        if seq >= self.end:
            seq, own = self.end - 1, LINES
        if seq < self.first:
            return
        index, place = divmod(seq - self._base * BLOCK, BLOCK)
        if count := min(own, self._blocks[index][place]):
            yield seq, count
        for at in range(index, -1, -1):
            if self._totals[at]:
                block, start = self._blocks[at], (self._base + at) * BLOCK
                end = place if at == index else BLOCK
                for n in range(end - 1, -1, -1):
                    if block[n]:
                        yield start + n, block[n]


def _nothing(count: int) -> "array[int]":
    """Return so many messages without lines."""
    return array("H", bytes(2 * count))


def _little(counts: bytes) -> bytes:
    """Return numbers of two bytes, the lower one first."""
    if sys.byteorder == "little":
        return counts
    turned = array("H", counts)
    turned.byteswap()
    return turned.tobytes()
