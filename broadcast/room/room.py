"""The room: its members come, are called something, and go.

The session checks the content of a line, ``commits`` has it committed and sent, and the
writer sends it. No reactor and no socket are used here. The time comes as an argument.
"""

from collections.abc import Callable
from weakref import ReferenceType

from twisted.logger import Logger

from broadcast.base.settings import RoomSettings
from broadcast.base.timers import Deadlines, IApplicant, expire_applicant
from broadcast.base.work import Work
from broadcast.protocol import names
from broadcast.protocol.dialects import Moment
from broadcast.protocol.events import Error, Event, Notice, Welcome
from broadcast.room.answers import Answers
from broadcast.room.claims import Claims, Then
from broadcast.room.commits import Commits
from broadcast.room.decisions import REPLACED, Decisions
from broadcast.room.directory import Directory
from broadcast.room.fanout import Fanout
from broadcast.room.keeper import Keeper
from broadcast.room.member import Member
from broadcast.room.orders import Orders
from broadcast.room.presence import PresenceFold
from broadcast.room.reads import ReadQueue
from broadcast.room.retention import Retention
from broadcast.room.roster import Roster, refusal_of
from broadcast.room.subscription import Subscription
from broadcast.store.base import IStore
from broadcast.store.claims import Claim, Leave, Order
from broadcast.store.dedup import TokenIndex
from broadcast.store.log import Log
from broadcast.store.outcomes import Outcome

FOR_GOOD = frozenset({"quit", "replaced", "kicked", "banned"})
"""Why one leaves without a name being held for one's return."""


class Room:
    """A room.

    Args:
        settings: its settings, as the admin gave them.
        store: the store, which commits its lines.
        log_size: bytes that the log may take.
        directory: all members of the daemon, some of which are here.
        work: the turns of the reactor.

    Attributes:
        log: the lines that were said.
        stats: the daemon's counters.
        fanout: sends what is committed to its members.
        subscriptions: the subscriptions of its members, by session id.
        commits: collects what is said, and has it committed.
        say: lets a member say lines: ``Commits.say``.
        answer: answers a member, behind what it said: ``Answers.add``.
        dedup: the tokens of the lines in the log.
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
        self.stats = stats = directory.stats
        self.fanout = fanout = Fanout(self.log, stats, work)
        self.ahead = fanout.ahead
        self.subscriptions = here = fanout.subscriptions
        self.dedup = dedup = TokenIndex()
        self.reads = ReadQueue()
        policy = directory.policy
        self.roster = Roster(store, policy.reserves, policy.imitates, policy.turn_away)
        self.claims = claims = Claims(self.roster, directory.occupancy)
        answers = Answers(stats, work)
        self.answer = answers.add
        self.orders = orders = Orders(store, directory, here, answers)
        self._decisions = decisions = Decisions(
            store, directory, here, claims, orders, answers, dedup
        )
        fold = PresenceFold(work.clock, lambda: self.count)
        retention = Retention(fanout, dedup, directory, work)
        self.commits = Commits(
            store, fanout, work, stats, answers, decisions, fold, retention
        )
        self.say = self.commits.say  # no call of ours in between: it is the hot path
        self.keeper = Keeper(fanout, dedup, directory, work.clock, self.commits)
        self.deadlines = Deadlines[ReferenceType[IApplicant]](
            settings.login_timeout, work, expire_applicant
        )
        self._logger = Logger(namespace="broadcast")

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
            self.directory.close(rival, REPLACED)
        session_id = member.session_id
        is_rename = session_id in self.subscriptions
        if not is_rename and session_id not in self.claims:
            self.directory.occupancy.came(member.address)
        self.claims.ask(claim, then, is_rename)
        self.commits.decide(claim)

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
            self.commits.decide(Leave(session_id, code, code not in FOR_GOOD))
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
        self._decisions.expect(order, then)
        self.commits.decide(order)

    def announce(self, message: str) -> None:
        """Tell everybody ``message``, in its place among what is said."""
        if not self.settings.relay:
            self.commits.tell(Notice(message))

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
