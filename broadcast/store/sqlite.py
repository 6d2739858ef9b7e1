"""The store that lasts: a file of SQLite's, written by one thread, read by another.

A commit is one row, and ``done`` is called when it is on the disk. The lines that come
meanwhile are the next commit, and share its sync.
"""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Final

from twisted.internet.defer import Deferred, execute, gatherResults
from twisted.logger import Logger
from twisted.python.failure import Failure

from broadcast.store.base import IRoom, Limits, Page, StoreError
from broadcast.store.claims import Decided, Up
from broadcast.store.codec import Body, encode
from broadcast.store.entries import Batch, Entry, Run, merge, number
from broadcast.store.figures import Commits, Figures
from broadcast.store.history import History
from broadcast.store.journal import GivenUpError, Journal, Opened, Retry
from broadcast.store.ledger import Ledger
from broadcast.store.rows import Connect, Row
from broadcast.store.state import State
from broadcast.store.worker import IReactorFromThreads, Worker

LIMITS: Final = Limits(lines=4095, size=512 * 1024)
"""The limits of one commit, so that one row is read at once."""

OWNER_DIGITS: Final = 32
"""Hexadecimal digits of an owner's digest that are kept: 128 bits."""


class SqliteStore:
    """A store that keeps every line in a file.

    Args:
        path: the path of the file, which is made if it does not exist.
        reactor: the reactor, in whose thread the room is called.
        size: bytes of the file above which the oldest lines are deleted.
        refill: bytes that the batches may cost which are handed in at the start.
        time: returns seconds since 1970, for the batches' times.
        retry: seconds between two tries while the disk is full.
        clock: returns seconds, for the figures.
        connect: ``sqlite3.connect``.

    Attributes:
        epoch: the log's identity; "" until it is started.
        last_id: the newest line's id.
        limits: the limits of one commit.
    """

    limits = LIMITS
    option = "--store"
    is_shared = False
    spacing = 1
    patience = 0.0
    _logger = Logger(namespace="broadcast")

    def __init__(
        self,
        path: str,
        reactor: IReactorFromThreads,
        size: int = 1 << 30,
        refill: int = 16 << 20,
        time: Callable[[], float] = time.time,
        retry: Retry | None = None,
        clock: Callable[[], float] = monotonic,
        connect: Connect = sqlite3.connect,
    ) -> None:
        self.time = time
        self.epoch = ""
        self.last_id = 0
        self._seq = 0  # the newest row
        self._salt = secrets.token_bytes(16)
        self._refill = refill
        self._ledger = Ledger()
        self._up: Up | None = None  # what the first commit begins with
        self._is_keeping = False
        self._room: IRoom | None = None
        self._commits = Commits(clock)
        self._writer = Worker(reactor, "store")
        self._reader = Worker(reactor, "history")
        self._history = History(path, connect)
        self._journal = Journal(
            path,
            size,
            lambda why: self._writer.tell(self._stalled, why),
            lambda: self._writer.tell(self._flowing),
            retry or Retry(),
            connect,
        )

    @property
    def first_id(self) -> int:
        """The oldest line's id."""
        return self._journal.first_id

    @property
    def figures(self) -> Figures:
        """The file's figures, and those of the commits."""
        journal, commits = self._journal, self._commits
        return Figures(
            journal.used,
            journal.size,
            journal.syncs,
            journal.failures.copy(),
            commits.seconds,
            commits.lines,
            commits.waiting,
        )

    def owner(self, fold: str, key: str) -> str:
        """Return a digest: a key is never in the file."""
        said = self._salt + f"{fold}\0{key}".encode()
        return hashlib.sha256(said).hexdigest()[:OWNER_DIGITS]

    def start(self, room: IRoom) -> Deferred[None]:
        """Open the file, and hand the newest of it to ``room``.

        At once, in the caller's thread: nobody is here yet, and whoever starts the
        daemon is to read why that can't be.
        """
        self._room = room
        return execute(lambda: self._begin(self._journal.open(self._refill), room))

    @property
    def state(self) -> State:
        """The decisions of the log."""
        return self._ledger.state

    @property
    def incarnation(self) -> str:
        """This daemon's, new at each start."""
        return self._ledger.incarnation

    def commit(
        self,
        entries: list[Entry],
        done: Callable[[Batch], None],
        decided: Sequence[Run | Decided] = (),
    ) -> None:
        """Write what was said and claimed, then call ``done``."""
        if self._up is not None:
            entries, decided = [self._up, *entries], [self._up, *decided]
            self._up = None
        first, at = self.last_id + 1, self.time()
        merged = merge(entries)
        row = Row(self._seq + 1, first, sum(entry.count for entry in merged), at, b"")
        self._commits.begin()
        written = self._writer.do(
            lambda: self._write(Body(merged), row), then=self._journal.trim
        )

        def committed(_: object) -> None:
            number(entries, first)  # others may have a run that was merged
            self._committed(row, merged, decided, done)

        written.addCallbacks(committed, self._failed)
        written.addErrback(self._log_failure)

    def count(self, first: int, stop: int) -> int:
        """Return how many lines there are: ids have no holes."""
        return max(0, stop - max(1, first))

    def id_before(self, id: int, lines: int) -> int:
        """Return the id that is so many lines before another one."""
        return max(self.first_id, id - max(0, lines))

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the last lines before ``id``, from the file."""
        read = partial(self._history.before, id, lines, size, self.last_id)
        return self._reader.do(read)

    def read_after(self, id: int, lines: int, size: int) -> Deferred[Page]:
        """Return the first lines after ``id``, from the file."""
        read = partial(self._history.after, id, lines, size, self.last_id)
        return self._reader.do(read)

    def stop(self) -> Deferred[None]:
        """Write what is in flight, unless that fails, and close the file."""
        self._journal.give_up()
        ended = gatherResults(
            [
                self._reader.end(self._history.close),
                self._writer.end(self._journal.close),
            ]
        )
        return ended.addCallback(lambda _: None)

    def _begin(self, opened: Opened, room: IRoom) -> None:
        self.epoch, self._salt = opened.epoch, opened.salt
        self.last_id, self._seq = opened.last_id, opened.seq
        self._ledger = opened.ledger
        self._up = self._ledger.begin()
        for batch in opened.batches:
            room.heard(batch)

    def _write(self, body: Body, row: Row) -> None:
        """Write what was said: in the thread that writes."""
        self._journal.write(replace(row, body=encode(body)))

    def _committed(
        self,
        row: Row,
        entries: list[Entry],
        decided: Sequence[Run | Decided],
        done: Callable[[Batch], None],
    ) -> None:
        batch = Batch(entries, row.first, row.at)
        self.last_id, self._seq = row.next_id - 1, row.seq
        self._commits.end(row.count)
        if decided:
            self._ledger.settle(batch, decided)
        if self._journal.wants_state and not self._is_keeping:
            self._keep()
        done(batch)

    def _keep(self) -> None:
        """Keep the state: it is made into bytes in the thread that writes."""
        self._is_keeping = True
        seq, make = self._seq, self._ledger.state.freeze()

        def kept(_: object) -> None:
            self._is_keeping = False

        keeping = self._writer.do(lambda: self._journal.keep(seq, make))
        keeping.addErrback(self._log_failure).addBoth(kept)

    def _failed(self, failure: Failure) -> None:
        """Give up: the commit in flight is neither acknowledged nor sent to members."""
        if failure.check(GivenUpError):  # the store is stopped
            return
        if not failure.check(StoreError):
            self._log_failure(failure)
        assert self._room is not None
        self._room.cut_off(" ".join(str(failure.value).split()))

    def _log_failure(self, failure: Failure) -> None:
        self._logger.failure("a commit has failed", failure, event="fault")

    def _stalled(self, why: str) -> None:
        assert self._room is not None
        self._room.stalled(why)

    def _flowing(self) -> None:
        assert self._room is not None
        self._room.flowing()
