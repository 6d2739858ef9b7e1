"""Stores commit lines, and give them their one true order and their ids.

These are the interfaces between a store and its room. A store is started before any
client is let in: it hands in the newest lines that it kept. After that the room has one
commit in flight at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred

from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.figures import Figures
from broadcast.store.state import State


class StoreError(Exception):
    """The store can't be used; says what happened, and what to do, in one line."""


class InUseError(StoreError):
    """Another daemon has the store."""


class DamagedError(StoreError):
    """The store has no log of ours, or none that can be read.

    Args:
        message: the line about it.
        why: the fault alone, without a remedy.
    """

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class TooNewError(StoreError):
    """The store was written by a newer version of this program."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one commit.

    Attributes:
        lines: the number of lines.
        size: the sum of the entries' ``cost``, which is never less than the bytes that
            they are encoded in.
    """

    lines: int
    size: int


def shares(entries: list[Entry], limits: Limits) -> Iterator[list[Entry]]:
    """Yield ``entries``, in order, in lists that a commit may have.

    One entry that is too much by itself is a list of its own.
    """
    share: list[Entry] = []
    lines = size = 0
    for entry in entries:
        lines += entry.count
        size += entry.cost
        if share and (lines > limits.lines or size > limits.size):
            yield share
            share, lines, size = [], entry.count, entry.cost
        share.append(entry)
    if share:
        yield share


@dataclass(frozen=True, slots=True)
class Page:
    """Lines that are older than the ring.

    Attributes:
        batches: whole batches that have the lines in them, oldest first.
        skip: how many lines of the first batch come before those asked for.
        count: how many lines there are, after ``skip``.
        more: there are more, in the direction asked.
    """

    batches: Sequence[Batch]
    skip: int
    count: int
    more: bool

    @property
    def first_id(self) -> int:
        """The oldest line's id; 0 if there is none."""
        return self.batches[0].first + self.skip if self.count else 0

    @property
    def last_id(self) -> int:
        """The newest line's id; 0 if there is none."""
        left = self.skip + self.count
        for batch in self.batches:  # between two of them ids may have a hole
            if self.count and left <= batch.count:
                return batch.first + left - 1
            left -= batch.count
        return 0


class IRoom(Protocol):
    """The room as its store sees it. All calls are in the reactor's thread."""

    def heard(self, batch: Batch) -> None:
        """Append what was committed earlier, or by others.

        Never called while ``done`` of an earlier commit is owed.
        """

    def stalled(self, why: str) -> None:
        """Know that nothing can be written for now: members wait.

        Told once, in the system's own words. The commit stays in flight: it is neither
        lost nor acknowledged.
        """

    def flowing(self) -> None:
        """Know that it can be written again. ``done`` follows."""

    def cut_off(self, why: str) -> None:
        """Send everybody away: the commit in flight can't be made any more.

        Args:
            why: one line, for the admin.
        """

    def sending(self) -> Deferred[None] | None:
        """Return what fires when the last batch was sent to all; None: it was.

        A store waits for it before it calls ``heard`` again.
        """

    def away(self, why: str) -> None:
        """Send everybody away, and let nobody in: nothing can be committed for now.

        Entries that wait for a commit are forgotten: ``done`` is never called.

        Args:
            why: one line, for the admin.
        """

    def back(self, epoch: str) -> None:
        """Let members in again.

        Args:
            epoch: the log's.
        """

    def renewed(self, last_id: int) -> None:
        """Begin the log anew: all batches will be handed in again.

        Args:
            last_id: the last id before them.
        """


class IStore(Protocol):
    """The place where lines become true.

    Attributes:
        epoch: the log's identity: new whenever anything in it was lost or
            rolled back. A position is ``epoch:id``.
        last_id: the newest line's id.
        limits: the limits of one commit; None if there are none.
        figures: its figures at this moment.
        first_id: the oldest line's id that can be read from it; the next one's if none
            can.
    """

    @property
    def epoch(self) -> str:
        """Return the log's identity, once the store is started."""

    @property
    def last_id(self) -> int:
        """Return the newest line's id; 0 if nothing was ever said."""

    @property
    def limits(self) -> Limits | None:
        """Return what one commit may have at most."""

    @property
    def first_id(self) -> int:
        """Return the oldest line's id that can be read from it."""

    @property
    def figures(self) -> Figures | None:
        """Return its figures; None if it has nothing to wait for."""

    def time(self) -> float:
        """Return seconds since 1970, as batches are stamped with."""

    def owner(self, fold: str, key: str) -> str:
        """Return what tells the owner of a folded name and its key from all others."""

    def start(self, room: IRoom) -> Deferred[None]:
        """Open the store and hand its newest batches to ``room``, oldest first.

        The Deferred fails with ``StoreError`` if the store can't be used.
        """

    @property
    def state(self) -> State:
        """Return what the log has decided: only what it says changes it."""

    @property
    def incarnation(self) -> str:
        """Return what this daemon calls itself in the log."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other daemons write to the log, too."""

    @property
    def patience(self) -> float:
        """Return for how many seconds lines may be known that it has not read yet."""

    @property
    def spacing(self) -> int:
        """Return by how much ids go up from one batch to the next; 1: by its lines."""

    @property
    def option(self) -> str:
        """Return the option that has chosen it."""

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        """Commit ``entries`` as one batch, then call ``done`` with it.

        The batch has the outcomes of the decided entries. Events for all members stand
        in place of a claim or a leave.

        The room has one commit in flight at a time. ``done`` may be called at
        once. It is called late where the disk is full, and never where the room is
        told ``cut_off``.

        Args:
            entries: the lines, claims and other entries, in order.
            done: the function that takes the batch.
            decided: the entries for which ``decides`` is true.
        """

    def count(self, first: int, stop: int) -> int:
        """Return how many lines have ids from ``first`` on and below ``stop``.

        Those that are kept no longer are reckoned; it is 0 only if there are none.
        """

    def id_before(self, id: int, lines: int) -> int:
        """Return the id that is so many lines before another one.

        Args:
            id: the id of a line, or the next one's.
            lines: how many; ``first_id`` is the answer where there are fewer.
        """

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the last lines before ``id``, from what is kept.

        Args:
            id: the id of a line.
            lines: the number of lines at most.
            size: bytes after which no further batch is read.
        """

    def read_after(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the first lines after ``id``, from what is kept.

        Lines between ``id`` and the page's ``first_id`` are kept no longer.

        Args:
            id: the id of a line.
            lines: the number of lines at most.
            size: bytes after which no further batch is read.
        """

    def stop(self) -> Deferred[None]:
        """Make the commit in flight, if that can be done at once, and close."""
