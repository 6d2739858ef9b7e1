"""The writing of a store that lasts: it goes on through full disks and failed syncs.

All of it blocks, and so belongs to a thread of its own. A row is either on the disk
when ``write`` returns, or it is nobody's yet. Where it can't be written, the file is
opened anew before each further try: after a sync that has failed the kernel may have
dropped what it could not write, and SQLite can't know.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Final

from broadcast.store.base import StoreError
from broadcast.store.codec import Speakers
from broadcast.store.database import Database, Lock
from broadcast.store.entries import Batch
from broadcast.store.ledger import Ledger
from broadcast.store.recall import LEAST, TIMES, recall
from broadcast.store.rows import MAX_ID, Connect, Row, in_words

SLICE: Final = 1 << 20
"""Bytes of the oldest rows that are deleted after a commit, where there are too many.
A deletion costs a sync, as a commit does."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How long to wait before a further try, in seconds: twice as long each time."""

    first: float = 0.2
    most: float = 5.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of a file at its opening.

    Attributes:
        epoch: the log's identity.
        salt: the salt of the owners' digests.
        last_id: the newest line's id.
        seq: the newest row.
        batches: the newest batches that have lines, oldest first.
        ledger: the decisions.
    """

    epoch: str
    salt: bytes
    last_id: int
    seq: int
    batches: list[Batch]
    ledger: Ledger


class GivenUpError(Exception):
    """The row could not be written, and nobody waits for it any more."""


class Journal:
    """One file and its lock, from ``open`` to ``close``.

    Args:
        path: where the file is.
        size: bytes above which the oldest rows are deleted.
        stalled: called once when writing begins to fail, with why.
        flowing: called when it can be written again.
        retry: how long to wait before a further try.
        connect: ``sqlite3.connect``.

    Attributes:
        size: bytes above which the oldest rows are deleted.
        failures: tries to write that have failed, by why.
        syncs: times that the disk was waited for.
        used: bytes of the file that hold something.
        first_id: the oldest line's id; the first one's if there is none.
    """

    def __init__(
        self,
        path: str,
        size: int,
        stalled: Callable[[str], object],
        flowing: Callable[[], object],
        retry: Retry,
        connect: Connect = sqlite3.connect,
    ) -> None:
        self.path = path
        self.failures: Counter[str] = Counter()
        self.used = 0
        self.first_id = 1
        self.size = size
        self.syncs = 0
        self._stalled = stalled
        self._flowing = flowing
        self._retry = retry
        self._connect = connect
        self._until = self._dump = self._grown = 0
        self._is_held = False  # what is too much may not be deleted yet
        self._given_up = Event()
        self._lock: Lock | None = None
        self._database: Database | None = None
        self._identity: os.stat_result | None = None

    def open(self, refill: int) -> Opened:
        """Open the file, made if it isn't there, and read the newest of it.

        Args:
            refill: bytes that the batches read may cost.

        Raises:
            StoreError: it can't be used.
        """
        try:
            self._lock = Lock(self.path)
            self._database = database = Database(self.path, self._connect)
            self._identity = os.stat(self.path)
            self.used, self.first_id = database.used, database.first_id
            if database.meta().is_restored:
                database.begin_epoch()
            meta, recalled = database.meta(), recall(database)
            self._until, self._dump = recalled.until, recalled.size
            self._grown = recalled.grown
            return Opened(
                meta.epoch,
                meta.salt,
                database.last_id,
                0 if (newest := database.newest) is None else newest.seq,
                _newest(database, refill),
                recalled.ledger,
            )
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreError(
                f"can't open {self.path}: {in_words(error)}; name a file in a folder"
                " that is there, on a local disk with room on it"
            ) from None
        except BaseException:
            self.close()
            raise

    def write(self, row: Row) -> None:
        """Write ``row``, as often as it takes.

        Raises:
            GivenUpError: it was tried, and no more is to be.
            StoreError: it will never be possible.
        """
        delay = self._retry.first
        is_stalled = False
        while (why := self._try(row)) is not None:
            self.failures[why] += 1
            if not is_stalled:
                is_stalled = True
                self._stalled(why)
            if self._given_up.wait(delay):
                raise GivenUpError(why)
            delay = min(2 * delay, self._retry.most)
        self._grown += len(row.body)
        if is_stalled:
            self._flowing()

    @property
    def wants_state(self) -> bool:
        """The state is to be kept: many decisions are newer than its last dump."""
        least = self._dump if self._is_held else max(LEAST, TIMES * self._dump)
        return self._grown > least

    def keep(self, seq: int, make: Callable[[], bytes]) -> None:
        """Keep a dump of the state, if that can be done now.

        Args:
            seq: the last row that it knows of.
            make: returns it.
        """
        database = self._database
        if database is None:
            return
        dumped = make()
        try:
            database.keep(seq, dumped)
        except (sqlite3.Error, OSError, StoreError) as error:  # told at the next commit
            self.failures[in_words(error)] += 1
            self._let_go()
        else:
            self._until, self._dump, self._grown = seq, len(dumped), 0
            self._is_held = False

    def trim(self) -> None:
        """Delete a slice of what is too much."""
        database = self._database
        if database is None:
            return
        try:
            if database.used > self.size:
                self._is_held = not database.drop_oldest(SLICE, self._until)
                self.syncs += 1
                self.first_id = database.first_id
            self.used = database.used
        except (sqlite3.Error, OSError, StoreError) as error:  # told at the next commit
            self.failures[in_words(error)] += 1
            self._let_go()

    def give_up(self) -> None:
        """Have what can't be written at the next try not be tried again.

        May be called in any thread.
        """
        self._given_up.set()

    def close(self) -> None:
        """Close the file, and let others have it."""
        self._let_go()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _try(self, row: Row) -> str | None:
        """Write ``row`` if it isn't there; return why that can't be done now."""
        try:
            self._stay_in_place()
            if self._database is None:
                self._database = Database(self.path, self._connect)
                if self._database.holds(row):
                    return None
            self._database.insert(row)
            self.syncs += 1
        except (sqlite3.OperationalError, OSError) as error:
            self._let_go()
            return in_words(error)
        return None

    def _stay_in_place(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            StoreError: nobody would find in it what is written from now on.
        """
        assert self._identity is not None
        try:
            if os.path.samestat(os.stat(self.path), self._identity):
                return
        except FileNotFoundError:
            pass
        raise StoreError(
            f"{self.path} was moved or deleted while in use; put it back, and start"
            " the daemon again"
        )

    def _let_go(self) -> None:
        """Close the connection, whatever state it is in."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()


def _newest(database: Database, cost: int) -> list[Batch]:
    """Return the newest batches, oldest first: so many that they cost no more."""
    speakers = Speakers()
    found: list[Batch] = []
    for row in database.before(MAX_ID):
        if not row.count:
            continue
        batch = database.batch(row, speakers)
        cost -= batch.cost
        if cost < 0 and found:
            break
        found.append(batch)
    found.reverse()
    return found
