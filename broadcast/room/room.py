"""The room: the lines of this turn, and all the members that hear them.

Promises, kept here and in ``fanout``, and tested:

1. One order: all members see the log, in the log's order. An answer comes after the
   lines that its member sent before it.
2. Nobody sees a line that the store has not committed.
3. One stuck member delays no other. It keeps a cursor. When the log has moved past the
   cursor, the member is closed with ``too-slow`` and the number of missed lines.
4. A turn's lines become one batch, rendered once per dialect.

The session checks the content of a line, and the writer sends it. No reactor and no
socket are used here. The time comes as an argument.
"""

from collections import deque
from collections.abc import Callable
from weakref import ReferenceType

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from broadcast.base.settings import RoomSettings
from broadcast.base.timers import Deadlines, IApplicant, expire_applicant
from broadcast.base.work import IJob, Work
from broadcast.protocol import names
from broadcast.protocol.dialects import Moment, Speaker
from broadcast.protocol.events import (
    Bye,
    Error,
    Event,
    Notice,
    Welcome,
)
from broadcast.room.ahead import Ahead
from broadcast.room.answers import Answers
from broadcast.room.claims import Claims, Then
from broadcast.room.directory import Directory, When
from broadcast.room.fanout import Fanout
from broadcast.room.keeper import Keeper
from broadcast.room.member import Member
from broadcast.room.orders import Orders
from broadcast.room.presence import PresenceFold
from broadcast.room.reads import ReadQueue
from broadcast.room.retention import Retention
from broadcast.room.roster import Roster, refusal_of
from broadcast.room.subscription import Subscription
from broadcast.store.base import IStore, shares
from broadcast.store.claims import Claim, Decided, Order
from broadcast.store.claims import Leave as LeaveEntry
from broadcast.store.dedup import TokenIndex
from broadcast.store.entries import Batch, Entry, Run, Told, decides, session_of
from broadcast.store.log import Log
from broadcast.store.outcomes import LOST, Outcome

FLUSH_BYTES = 128 * 1024
"""The entries that a turn collects for one commit."""

FOR_GOOD = frozenset({"quit", "replaced", "kicked", "banned"})
"""Why one leaves without a name being held for one's return."""

REPLACED = "you came back in another connection"


class Room:
    """A room.

    Args:
        settings: its settings, as the admin gave them.
        store: the store, which commits its lines.
        log_size: bytes that the log may take.
        directory: all members of the daemon, some of which are here.
        work: the turns of the reactor.

    Attributes:
        subscriptions: the subscriptions of its members, by session id.
        answers: the answers that its members are owed.
        answer: answers a member: ``Answers.add``.
        is_clogged: no more lines are taken. A commit is in flight and the next one is
            full, or the last batch is still being sent.
        deadlines: the deadlines of clients that are asked for a name.
        roster: the names of the members.
        claims: the claims that are not decided yet.
        orders: carries out an admin's orders.
        keeper: the link to the store.
        ahead: questions about lines that are not here yet.
        reads: the reads of the store that wait for their turn.
    """

    def __init__(
        self,
        settings: RoomSettings,
        store: IStore,
        log_size: int,
        directory: Directory,
        work: Work,
    ) -> None:
        self.settings = settings
        self.store = store
        self.directory = directory
        self.work = work
        self.log = Log(log_size, spacing=store.spacing)
        self.stats = directory.stats
        self.fanout = Fanout(self.log, self.stats, work, self._sent)
        self.answers = Answers(self.stats, work)
        self.answer = self.answers.add
        self.reads = ReadQueue()
        self.ahead = Ahead(self.log, work.clock)
        self.dedup = TokenIndex()
        policy = directory.policy
        self.roster = Roster(store, policy.reserves, policy.imitates, policy.turn_away)
        self.claims = Claims(self.roster, directory.occupancy)
        self.keeper = Keeper(self.fanout, self.dedup, directory, work.clock, self)
        self.subscriptions = self.fanout.subscriptions
        self.orders = Orders(self)
        self.deadlines = Deadlines[ReferenceType[IApplicant]](
            settings.login_timeout, work, expire_applicant
        )
        self._logger = Logger(namespace="broadcast")
        self._fold = PresenceFold(work.clock, lambda: self.count)
        self._retention = Retention(self.fanout, self.dedup, directory, work)
        self._entries: list[Entry] = []
        self._decided: list[Run | Decided] = []  # those of them that the state decides
        self._orders: dict[int, Callable[[Outcome], None]] = {}
        self._collected = 0
        self._in_flight = False
        self._shares: deque[list[Entry]] = deque()  # of one collection, not committed
        self.is_clogged = False
        self._clogged_at = 0.0
        self._held_up: list[IJob] = []
        self._awaited: list[Deferred[None]] = []  # the last batch being sent to all
        self._fold_is_timed = False
        work.commits.append(self.flush)

    # Who is here

    def subscribe(self, member: Member) -> Subscription:
        """Return a place in the log for ``member``, which has not joined yet."""
        return Subscription(member, self.fanout.readers)

    @property
    def count(self) -> int:
        """How many are here."""
        return self.store.state.count or len(self.subscriptions)

    def claim(self, member: Member, claim: Claim, then: Then) -> None:
        """Have the log decide on a claim; its session waits for the outcome.

        A member that has to give its place up to ``member`` does so now.

        Args:
            member: the member that claims.
            claim: its claim.
            then: the function that takes the outcome.
        """
        if (rival := self.roster.rival(claim)) is not None:
            self.directory.close(rival, Bye("replaced", REPLACED))
        session_id = member.session_id
        is_rename = session_id in self.subscriptions
        if not is_rename and session_id not in self.claims:
            self.directory.occupancy.came(member.address)
        self.claims.ask(claim, then, is_rename)
        self._decide(claim)

    def join(
        self,
        subscription: Subscription,
        first: bytes = b"",
        hears: bool = True,
        instead: str = "",
    ) -> None:
        """Let a member, which has its name already, in; and greet it.

        Args:
            subscription: its place in the log.
            first: a line before the greeting, without its end.
            hears: it is greeted, and told what is said.
            instead: a line instead of the greeting, in which its ``{name}`` and the
                ``{count}`` of those here are filled in.
        """
        member = subscription.member
        self.subscriptions[member.session_id] = subscription
        if not self.claims.forget(member.session_id):  # a relay's has no name to claim
            self.directory.occupancy.came(member.address)
        self.stats.joined += 1
        if self.store.state.is_muted(names.fold(member.name), member.account):
            member.silenced = member.silenced or "muted"
        self.directory.note("joined", member, len(self.subscriptions))
        if hears and self.settings.relay:
            subscription.start()  # no greeting tells from where on it hears
        elif hears:
            self.answer(subscription, lambda: self._greet(subscription, first, instead))

    def leave(self, member: Member, code: str, detail: str = "") -> None:
        """Take ``member`` off the list; its output goes on until it is ended.

        A name with a key is held for its return, unless it is meant to be gone.

        Args:
            member: the member that leaves. If it isn't here, nothing happens.
            code: the reason, for all members.
            detail: an addition for the daemon's log.
        """
        session_id = member.session_id
        subscription = self.subscriptions.get(session_id)
        is_withdrawn = subscription is None and self.claims.withdraw(session_id)
        if not self.claims.forget(session_id) and subscription is None:
            return
        if subscription is not None:
            subscription.settle()
            del self.subscriptions[session_id]
        self.directory.occupancy.went(member.address)
        if not is_withdrawn and not self.settings.relay:
            self.roster.leaving(member)
            self._decide(LeaveEntry(session_id, code, code not in FOR_GOOD))
        if subscription is not None:
            self.dedup.forget(session_id)
            self.stats.left[code] += 1
            here, detail = len(self.subscriptions), f" ({code}{detail})"
            self.directory.note("left", member, here, code, detail)

    def rename(self, subscription: Subscription, claim: Claim, key: str | None) -> None:
        """Have a member called what it claims, and answer it when that is decided."""
        member = subscription.member
        told: list[tuple[Event, float]] = []

        def then(outcome: Outcome, at: float) -> None:
            if outcome.holder is None:
                refused = refusal_of(claim.name, outcome.refused)
                self.stats.refused[refused.code] += 1
                told.append((Error(refused.code, "name", refused.message), at))
                return
            old = member.name
            self.roster.name(member, outcome.holder, key)
            if outcome.is_muted:
                member.silenced = member.silenced or "muted"
            told.append((outcome.events[-1][1], at))
            self._logger.info(
                "{name} is now {to}",
                event="renamed",
                name=old,
                to=member.name,
                address=member.address,
            )

        def answer() -> None:
            for event, at in told:
                subscription.tell(event, Moment(at))

        self.claim(member, claim, then)
        self.answer(subscription, answer)

    def order(self, order: Order, then: Callable[[Outcome], None]) -> None:
        """Have the log keep an admin's order.

        Args:
            order: the order.
            then: the function that takes the outcome.
        """
        self._orders[id(order)] = then
        self._decide(order)

    def announce(self, message: str) -> None:
        """Tell everybody ``message``, in its place among what is said."""
        if not self.settings.relay:
            self._entries.append(Told(None, Notice(message)))
            self.work.soon()

    # What happens in a turn

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
        self.stats.lines_in += count
        self._collected += len(text)
        if self._collected >= FLUSH_BYTES:
            if self._in_flight:
                self._clog()
            else:
                self._flush_early()
        elif not self.work.is_due:
            self.work.soon()
        return run

    def wait(self, job: IJob) -> None:
        """Add ``job`` to the work again when the room is clogged no longer."""
        self._held_up.append(job)

    @property
    def is_settled(self) -> bool:
        """All that was said has been committed."""
        return not self._in_flight and not self._entries

    def settle(self, job: IJob) -> None:
        """Add ``job`` to the work as soon as the collected lines are committed."""
        self._clog()
        self.wait(job)
        self.work.soon()

    def flush(self) -> None:
        """Commit what was collected and send it; answers are given in turn."""
        if self._in_flight or self._shares:
            return
        if self.keeper.why_away:
            self.forget()
            return
        if self.fanout.readers.left:
            self.answers.give_others({session_of(each) for each in self._entries})
            self._tidy()
            return
        entries, self._entries = self._entries, []
        decided, self._decided = self._decided, []
        if decided:
            if withdrawn := set(map(id, self.claims.withdrawn)):
                entries = [each for each in entries if id(each) not in withdrawn]
                decided = [each for each in decided if id(each) not in withdrawn]
            self.claims.submitted()
        if self.answers.collected:
            self.answers.submitted()
        self._collected = 0
        limits = self.store.limits
        if limits is None:
            self._commit(entries, decided)
            return
        self._shares.extend(shares(entries, limits))
        self._commit_share(self._shares.popleft() if self._shares else [])

    def _commit_share(self, entries: list[Entry]) -> None:
        self._commit(entries, [entry for entry in entries if decides(entry)])

    def _commit(self, entries: list[Entry], decided: list[Run | Decided]) -> None:
        if entries:
            self._in_flight = True
            self.store.commit(entries, self._committed, decided)
        elif self._fold.pending and (told := self._fold.fold([])):
            self._committed(Batch(told, self.log.last_id + 1, self.store.time()))
        else:
            self.answers.give()
            self._tidy()

    @property
    def answers_only(self) -> bool:
        """The room is clogged, but commands can be answered."""
        return bool(self.fanout.readers.left) and not self._in_flight

    def welcome(self, member: Member) -> Welcome:
        """Return the greeting for ``member`` as things stand."""
        return Welcome(
            server=self.settings.server,
            name=member.name,
            epoch=self.store.epoch,
            id=self.log.last_id,
            count=self.count,
            max_line=self.settings.max_line,
            welcome=self.settings.welcome,
        )

    # What others say

    def hear(self, batch: Batch) -> None:
        """Tell members what was committed elsewhere."""
        for entry, outcome in batch.outcomes:
            if type(entry) is Claim and outcome.replaced is not None:
                self._replace(*outcome.replaced)
            elif type(entry) is Order:
                self.orders.obey(entry, outcome)
        batch.retell(self._fold.fold(batch.entries))
        if batch.entries:
            self.fanout.send(batch)
        if self.ahead.waiting:
            self.ahead.look()
        self._tidy()
        if self.fanout.readers.left:
            self._clog()
            self.work.add(self.fanout)

    def sending(self) -> Deferred[None] | None:
        """Return what fires when the last batch was sent to all; None: it was."""
        if not self.fanout.readers.left:
            return None
        self._awaited.append(awaited := Deferred[None]())
        return awaited

    def forget(self) -> None:
        """Forget all that was to be committed: everybody was sent away."""
        self._entries, self._decided, self._collected = [], [], 0
        self._shares.clear()
        self._in_flight = False
        self.dedup.clear()  # the state has what was said by somebody with a key
        self.claims.clear()
        orders, self._orders = [*self._orders.values()], {}
        for then in orders:
            then(LOST)
        self.answers.give_all()  # to nobody who could read them
        self._tidy()
        if not self.fanout.readers.left:
            self._sent()

    def _clog(self) -> None:
        """Let nothing more be said until the commit in flight is made and sent."""
        if not self.is_clogged:
            self.is_clogged = True
            self._clogged_at = self.work.clock.seconds()

    def _flush_early(self) -> None:
        """Commit in the middle of a turn: this is not the speaker's own time."""
        began = self.work.clock.seconds()
        self.flush()
        self.work.exclude(self.work.clock.seconds() - began)

    def _committed(self, batch: Batch) -> None:
        self._in_flight = False
        began = self.work.clock.seconds()
        if batch.outcomes:
            self._settle(batch)
        if batch.outcomes or self._fold.pending:
            batch.retell(self._fold.fold(batch.entries))
        if batch.entries:
            self.fanout.send(batch)
        if self.ahead.waiting:
            self.ahead.look()
        self.stats.fan_out.add(self.work.clock.seconds() - began)
        if not self._shares:
            if self.answers.due:
                self.answers.give()
            self._tidy()
        if self.fanout.readers.left:
            self._clog()
            self.work.add(self.fanout)
        else:
            self._sent()

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
            self.stats.clogged += self.work.clock.seconds() - self._clogged_at
            held_up, self._held_up = self._held_up, []
            for job in held_up:
                self.work.add(job)
        if self._entries or self.answers.collected:
            self.work.soon()

    def _tidy(self) -> None:
        if self.log.size > self.log.limit:
            self._retention.trim()
        if self._fold.pending and not self._fold_is_timed:
            self._fold_is_timed = True
            self.work.clock.callLater(self._fold.due, self._fold_is_due)

    def _greet(self, subscription: Subscription, first: bytes, instead: str) -> None:
        if not subscription.has_started:
            subscription.start()
        if first:
            subscription.put(first + subscription.eol)
        if instead:
            name, count = subscription.member.name, self.count
            line = instead.format(name=name, count=count)
            subscription.put(line.encode() + b"\n")
        else:
            subscription.tell(self.welcome(subscription.member))

    def _decide(self, entry: Decided) -> None:
        """Have the log decide on something, in its place among what is said."""
        self._entries.append(entry)
        self._decided.append(entry)
        self._collected += entry.cost
        if self._collected >= FLUSH_BYTES and self._in_flight:
            self._clog()
        self.work.soon()

    def _settle(self, batch: Batch) -> None:
        """Tell whoever waits for it what was decided."""
        for entry, outcome in batch.outcomes:
            if type(entry) is Claim:
                if outcome.replaced is not None:
                    self._replace(*outcome.replaced)
                self.claims.answer(entry, outcome, batch.at)
            elif type(entry) is LeaveEntry:
                self.roster.left(entry.session)
            elif type(entry) is Run:
                self.dedup.settled(entry)
                if outcome.refused:
                    self._leave_out(entry, outcome)
            elif type(entry) is Order:
                self._orders.pop(id(entry), _ignore)(outcome)

    def _leave_out(self, run: Run, outcome: Outcome) -> None:
        """Note that the log has refused a run; answers to it tell its sender.

        Its id is then that of the line that was said with the same token, and it has no
        token any more. Without an id it was not said.
        """
        is_answered, run.token, run.first = run.token is not None, None, outcome.id
        subscription = self.subscriptions.get(run.session_id)
        if outcome.refused != "muted" or subscription is None:
            return
        if is_answered:
            self.stats.refused["muted"] += 1
        else:
            self.answer(subscription, Error("muted", None, "you are muted"))

    def _replace(self, incarnation: str, session_id: int) -> None:
        """Close a session whose name another one has now."""
        session = self.directory.sessions.get(session_id)
        if incarnation == self.store.incarnation and session is not None:
            session.close(Bye("replaced", REPLACED), When.NOW)

    def _fold_is_due(self) -> None:
        self._fold_is_timed = False
        self.work.soon()


def _ignore(outcome: Outcome) -> None:
    """Do nothing with what became of an order."""
