"""Group commit: all that a turn collects is one batch, and one commit is in flight.

Databases write the transactions that end together with a single flush of their log. So
does a room with the lines of a turn: they cost one commit, one rendering per dialect,
and one send per member.

Promises, kept here and in ``fanout``, and tested:

1. One order: all members see the log, in the log's order. An answer comes after the
   lines that its member sent before it.
2. Nobody sees a line that the store has not committed.
3. A turn's lines become one batch, rendered once per dialect.
4. No more is collected than one commit takes. While that one has to wait for another,
   or a batch is still being sent, the room is clogged: nobody's lines are taken.
"""

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred

from broadcast.base.work import IJob, Work
from broadcast.protocol.dialects import Speaker
from broadcast.protocol.events import Event
from broadcast.room.answers import Answers
from broadcast.room.decisions import Decisions
from broadcast.room.fanout import Fanout
from broadcast.room.member import Member
from broadcast.room.presence import PresenceFold
from broadcast.room.retention import Retention
from broadcast.room.stats import Stats
from broadcast.store.base import IStore, shares
from broadcast.store.claims import Decided
from broadcast.store.entries import Batch, Entry, Run, Told, decides, session_of

FLUSH_BYTES: Final = 128 * 1024
"""The entries that a turn collects for one commit."""


class Commits:
    """The commits of a room. A job: it sends the rest of a batch to many members.

    Args:
        store: commits.
        fanout: sends to the members what is committed.
        work: the turns of the reactor.
        stats: counts the lines, and times.
        answers: the answers that come behind the lines.
        decisions: tells the outcomes of what the log decides on.
        fold: folds the comings and goings of a burst.
        retention: keeps the log to its limit.

    Attributes:
        is_clogged: no more lines are taken. A commit is in flight and the next one is
            full, or the last batch is still being sent.
    """

    def __init__(
        self,
        store: IStore,
        fanout: Fanout,
        work: Work,
        stats: Stats,
        answers: Answers,
        decisions: Decisions,
        fold: PresenceFold,
        retention: Retention,
    ) -> None:
        self._store = store
        self._fanout = fanout
        self._work = work
        self._stats = stats
        self._answers = answers
        self._decisions = decisions
        self._fold = fold
        self._retention = retention
        self._entries: list[Entry] = []
        self._decided: list[Run | Decided] = []  # those of them that the state decides
        self._collected = 0
        self._in_flight = False
        self._shares: deque[list[Entry]] = deque()  # of one collection, not committed
        self._is_shut = False
        self.is_clogged = False
        self._clogged_at = 0.0
        self._held_up: list[IJob] = []
        self._awaited: list[Deferred[None]] = []  # the last batch being sent to all
        self._fold_is_timed = False
        work.commits.append(self.flush)

    # What a turn collects

    def say(
        self,
        member: Member,
        speaker: Speaker,
        text: bytes,
        count: int,
        token: str | None = None,
        owner: str | None = None,
    ) -> Run:
        """Let ``member`` say ``text``: ``count`` safe lines with its prefix.

        Args:
            member: the sender.
            speaker: the sender as the lines name it.
            text: the lines, each with its end.
            count: the number of lines.
            token: the sender's token for them.
            owner: the owner of the token, if it outlives the connection.
        """
        run = Run(member.session_id, speaker, text, count)
        if token is not None:
            run.token, run.owner = token, owner
            if owner is not None:
                self._decided.append(run)
        self._entries.append(run)
        self._stats.lines_in += count
        self._collected += len(text)
        if self._collected >= FLUSH_BYTES:
            if self._in_flight:
                self._clog()
            else:
                self._flush_early()
        elif not self._work.is_due:
            self._work.soon()
        return run

    def decide(self, entry: Decided) -> None:
        """Have the log decide on something, in its place among what is said."""
        self._entries.append(entry)
        self._decided.append(entry)
        self._collected += entry.cost
        if self._collected >= FLUSH_BYTES and self._in_flight:
            self._clog()
        self._work.soon()

    def tell(self, event: Event) -> None:
        """Tell everybody of an event, in its place among what is said."""
        self._entries.append(Told(None, event))
        self._work.soon()

    # Those who wait

    @property
    def answers_only(self) -> bool:
        """The room is clogged, but commands can be answered."""
        return bool(self._fanout.readers.left) and not self._in_flight

    @property
    def is_settled(self) -> bool:
        """All that was said has been committed."""
        return not self._in_flight and not self._entries

    def wait(self, job: IJob) -> None:
        """Add ``job`` to the work again when the room is clogged no longer."""
        self._held_up.append(job)

    def settle(self, job: IJob) -> None:
        """Add ``job`` to the work as soon as the collected lines are committed."""
        self._clog()
        self.wait(job)
        self._work.soon()

    def sending(self) -> Deferred[None] | None:
        """Return what fires when the last batch was sent to all; None: it was."""
        if not self._fanout.readers.left:
            return None
        self._awaited.append(awaited := Deferred[None]())
        return awaited

    # A commit

    def flush(self) -> None:
        """Commit what was collected and send it; answers are given in turn."""
        if self._in_flight or self._shares:
            return
        if self._is_shut:
            self._forget()
            return
        if self._fanout.readers.left:
            self._answers.give_others({session_of(each) for each in self._entries})
            self._finish()
            return
        entries, self._entries = self._entries, []
        decided, self._decided = self._decided, []
        if decided:
            entries, decided = self._decisions.submit(entries, decided)
        if self._answers.collected:
            self._answers.submitted()
        self._collected = 0
        limits = self._store.limits
        if limits is None:
            self._commit(entries, decided)
            return
        self._shares.extend(shares(entries, limits))
        self._commit_share(self._shares.popleft() if self._shares else [])

    def hear(self, batch: Batch) -> None:
        """Tell members what was committed elsewhere."""
        self._decisions.hear(batch)
        batch.retell(self._fold.fold(batch.entries))
        if batch.entries:
            self._fanout.send(batch)
        self._finish()
        if self._fanout.readers.left:
            self._clog()
            self._work.add(self)

    def shut(self) -> None:
        """Forget all that was to be committed, and all that will be, until ``open``."""
        self._is_shut = True
        self._forget()

    def open(self) -> None:
        """Commit again what is collected from now on."""
        self._is_shut = False
        self._forget()

    def _flush_early(self) -> None:
        """Commit in the middle of a turn: this is not the speaker's own time."""
        began = self._work.clock.seconds()
        self.flush()
        self._work.exclude(self._work.clock.seconds() - began)

    def _commit_share(self, entries: list[Entry]) -> None:
        self._commit(entries, [entry for entry in entries if decides(entry)])

    def _commit(self, entries: list[Entry], decided: list[Run | Decided]) -> None:
        if entries:
            self._in_flight = True
            self._store.commit(entries, self._committed, decided)
        elif self._fold.pending and (told := self._fold.fold([])):
            last_id = self._fanout.log.last_id
            self._committed(Batch(told, last_id + 1, self._store.time()))
        else:
            self._finish()

    def _committed(self, batch: Batch) -> None:
        self._in_flight = False
        began = self._work.clock.seconds()
        if batch.outcomes:
            self._decisions.settle(batch)
        if batch.outcomes or self._fold.pending:
            batch.retell(self._fold.fold(batch.entries))
        if batch.entries:
            self._fanout.send(batch)
        self._stats.fan_out.add(self._work.clock.seconds() - began)
        if not self._shares:
            self._finish()
        if self._fanout.readers.left:
            self._clog()
            self._work.add(self)
        else:
            self._sent()

    def _forget(self) -> None:
        """Forget all that was to be committed: everybody was sent away."""
        self._entries, self._decided, self._collected = [], [], 0
        self._shares.clear()
        self._in_flight = False
        self._decisions.forget()
        self._answers.give_all()  # to nobody who could read them
        self._finish()
        if not self._fanout.readers.left:
            self._sent()

    # After a commit

    def step(self, until: float) -> bool:
        """Send the last batch to more of those that it was not sent to yet."""
        if self._fanout.send_rest(until):
            return True
        self._sent()
        return False

    def abort(self) -> None:
        """Go on with the others."""
        self._work.add(self)

    def _sent(self) -> None:
        """Go on: the last batch has been sent to all."""
        awaited, self._awaited = self._awaited, []
        for each in awaited:
            each.callback(None)
        if self._shares:
            self._commit_share(self._shares.popleft())
            return
        if self.is_clogged:
            self.is_clogged = False
            self._stats.clogged += self._work.clock.seconds() - self._clogged_at
            held_up, self._held_up = self._held_up, []
            for job in held_up:
                self._work.add(job)
        if self._entries or self._answers.collected:
            self._work.soon()

    def _clog(self) -> None:
        """Let nothing more be said until the commit in flight is made and sent."""
        if not self.is_clogged:
            self.is_clogged = True
            self._clogged_at = self._work.clock.seconds()

    def _finish(self) -> None:
        """Give the answers behind a commit; deal with a log too long, and a burst."""
        if self._answers.due and not (self._in_flight or self._shares):
            self._answers.give()
        if self._fanout.log.size > self._fanout.log.limit:
            self._retention.trim()
        if self._fold.pending and not self._fold_is_timed:
            self._fold_is_timed = True
            self._work.clock.callLater(self._fold.due, self._fold_is_due)

    def _fold_is_due(self) -> None:
        self._fold_is_timed = False
        self._work.soon()
