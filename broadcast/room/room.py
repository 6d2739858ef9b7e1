"""The room: who is here, and what was said this turn.

Promises, kept here and in ``fanout``, and tested:

1. One order: what all members see is the log, in the log's order; an answer
   comes after the lines that its member sent before it.
2. Nobody sees a line that the store has not committed.
3. One stuck member harms nobody: it keeps a cursor, and when the log has moved
   past it, it is closed, told ``too slow`` and how much it missed.
4. A turn's lines become one batch, rendered once per dialect.

What a line may be is the session's business, how it leaves the writer's.
No reactor and no socket here: time and scheduling are handed in.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.dialects import Moment
from broadcast.protocol.events import (
    Bye,
    Error,
    Event,
    Join,
    Leave,
    Notice,
    Rename,
    Welcome,
    lines,
)
from broadcast.room.fanout import Fanout, Overtaken
from broadcast.room.member import Member, Peer
from broadcast.room.presence import PresenceFold
from broadcast.room.roster import Occupancy, Roster
from broadcast.room.stats import Stats
from broadcast.room.subscription import Standing
from broadcast.store.base import IStore
from broadcast.store.dedup import TokenIndex
from broadcast.store.entries import Batch, Entry, Run, Told
from broadcast.store.log import Log

FLUSH_BYTES = 128 * 1024
"""What a turn collects before it is committed at once."""

BREATH = 64
"""Answers, and ends, between two looks at what goes on meanwhile: a millisecond."""

DISMISSALS = 8
"""Members closed as too slow in one turn: each takes a fifth of a millisecond."""

FOR_GOOD = frozenset({"quit", "replaced", "kicked", "banned"})
"""Why one leaves without a name being held for one's return."""

Answer = Callable[[], None]


class IWaiting(Protocol):
    """Somebody whose input waits for a later turn."""

    def go_on(self) -> None:
        """Take what waits."""


class Room:
    """The room.

    Args:
        settings: what the admin chose for it.
        store: commits what is said.
        log_size: bytes that the log may take.
        clock: seconds, never going back.
        wall_clock: seconds since the epoch.
        soon: calls a function in the next turn of the reactor.
        later: calls a function after so many seconds.
        policy: who may come in, and speak; None: everybody.
    """

    def __init__(
        self,
        settings: RoomSettings,
        store: IStore,
        log_size: int,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        soon: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object],
        policy: Policy | None = None,
    ) -> None:
        self.settings = settings
        self.policy = policy or Policy(Bans(wall_clock))
        self.store = store
        self.clock = clock
        self._wall_clock = wall_clock
        self.later = later
        self.log = Log(log_size)
        self.stats = Stats()
        self.fanout = Fanout(self.log, self.soon, self.stats)
        self.roster = Roster(clock, self.policy.reserves, self.policy.imitates)
        self.dedup = TokenIndex()
        self.occupancy = Occupancy(settings.max_members, settings.max_per_host)
        self.members = self.fanout.members
        self.too_slow = 0
        """Members closed because the log has moved past them."""
        self._logger = Logger(namespace="broadcast")
        self._soon = soon
        self._fold = PresenceFold(clock, lambda: len(self.members))
        self._sessions = 0
        self._overtaken: deque[Overtaken] = deque()
        self._entries: list[Entry] = []
        self._answers: list[tuple[Member, Answer, int]] = []
        self._collected = 0
        self._waiting: dict[IWaiting, None] = {}
        self._is_due = False
        self._has_news = False
        self._in_flight = False
        self._fold_is_timed = False
        self.meanwhile: Callable[[], None] = _nothing
        """Called now and then while there is much to do in one turn."""

    # Who is here

    def new_member(self, peer: Peer) -> Member:
        """Return somebody who has connected and not yet joined."""
        self._sessions += 1
        return Member(self.fanout, self._sessions, peer, self.settings.echo)

    def join(self, member: Member, first: bytes = b"", hears: bool = True) -> None:
        """Let ``member``, which has its name already, in; and greet it.

        Args:
            first: a line before the greeting, without its end.
            hears: it is greeted, and told what is said.
        """
        self.members[member.session_id] = member
        self.occupancy.came(member.address)
        if self.policy.is_muted(member.name, member.account):
            member.silenced = member.silenced or "muted"
        self._tell_others(Join(member.name, len(self.members)), member)
        self._note("joined", member, "")
        if hears and self.settings.relay:
            self.fanout.start(member)  # no greeting tells from where on it hears
        elif hears:
            self.answer(member, lambda: self._greet(member, first))

    def leave(self, member: Member, reason: str) -> None:
        """Take ``member`` off the list; its output goes on until it is ended.

        A name with a key is held for its return, unless it is meant to be gone.
        """
        if self.members.pop(member.session_id, None) is None:
            return
        self.occupancy.went(member.address)
        code = reason.partition(" ")[0].rstrip(",")
        self.roster.release(member, hold=code not in FOR_GOOD)
        self.dedup.forget(member.session_id)
        self.stats.left[code] += 1
        self._tell_others(Leave(member.name, len(self.members), code), member)
        self._note("left", member, f" ({reason})")

    def rename(self, member: Member, name: str, key: str | None) -> None:
        """Call ``member`` by a name that has been found good and free."""
        old = member.name
        self.roster.take(name, key, member)
        if member.silenced == "muted":
            self.policy.mutes.follow(old, member.account, member.name)
        elif self.policy.is_muted(member.name, member.account):
            member.silenced = member.silenced or "muted"
        event = Rename(old, len(self.members), member.name)
        self._tell_others(event, member)
        self.answer(member, lambda: member.tell(event, Moment(self._wall_clock())))
        self._logger.info("{old} is now {new}", old=old, new=member.name)

    def dismiss(self, member: Member, bye: Bye, detail: str = "") -> None:
        """Close ``member`` at once, whatever it has still to read."""
        self.leave(member, f"{bye.code}{detail}")
        if member.standing is not Standing.GONE and not member.finished:
            member.bye = bye
            member.end(member.next_dialect.told(bye), now=True)

    def turn_away(self, member: Member, bye: Bye) -> None:
        """Close ``member``, who may have a name but never came in."""
        self.roster.release(member)
        self._logger.info(
            "{code}: {address} turned away", code=bye.code, address=member.address
        )
        self.dismiss(member, bye)

    def announce(self, message: str) -> None:
        """Tell everybody ``message``, in its place among what is said."""
        self._tell_others(Notice(message))

    def part(self, member: Member, bye: Bye | None, reason: str = "") -> None:
        """Let ``member`` leave after all that it said, and has still to read.

        It is here until then: the answers to what it asked before count it.
        """
        reason = reason or (bye.code if bye else "left")
        self.answer(member, lambda: self._end(member, bye, reason))

    def lose(self, member: Member, reason: str) -> None:
        """Forget ``member``: its connection is gone."""
        self.leave(member, reason)
        self.fanout.stop(member)

    def shut_down(self, bye: Bye) -> None:
        """Say ``bye`` to everybody, after all that was said."""
        self.flush()
        for member in tuple(self.members.values()):
            self.part(member, bye)
        self.flush()

    # What happens in a turn

    def say(
        self, member: Member, text: bytes, count: int, token: str | None = None
    ) -> Run:
        """Let ``member`` say ``text``: safe lines begun by its speaker's prefix."""
        run = Run(member.session_id, member.speaker, text, count)
        run.token = token
        self._entries.append(run)
        self.stats.lines_in += count
        self._collected += len(text)
        if self._collected >= FLUSH_BYTES:
            self.flush()
        else:
            self.soon()
        return run

    def answer(self, member: Member, answer: Answer | Event, weight: int = 0) -> None:
        """Answer privately, after what ``member`` said so far is committed.

        Args:
            weight: bytes, roughly, that the answer will take, for the limit on
                unwritten answers.
        """
        if isinstance(answer, Event):
            event = answer
            if isinstance(event, Error):
                self.stats.refused[event.code] += 1
            self._answers.append((member, lambda: member.tell(event), weight))
        else:
            self._answers.append((member, answer, weight))
        member.backlog += weight
        self.soon()

    def wait(self, waiting: IWaiting) -> None:
        """Call ``waiting.go_on`` after the next turn."""
        self._waiting[waiting] = None

    def soon(self) -> None:
        """Take a turn soon, even if nobody speaks."""
        if not self._is_due:
            self._is_due = True
            self._soon(self._turn)

    def flush(self) -> None:
        """Commit what was collected, send it, and answer."""
        if self._in_flight:
            return
        entries, self._entries = self._entries, []
        if self._has_news or self._fold.due is not None:
            self._has_news = False
            entries = self._fold.fold(entries)
        answers, self._answers = self._answers, []
        self._collected = 0
        if entries:
            self._in_flight = True
            self.store.commit(entries, lambda batch: self._committed(batch, answers))
        else:
            self._finish(answers)

    def welcome(self, member: Member) -> Welcome:
        """Return the greeting for ``member`` as things stand."""
        return Welcome(
            server=self.settings.server,
            name=member.name,
            epoch=self.store.epoch,
            id=self.log.last_id,
            count=len(self.members),
            max_line=self.settings.max_line,
            welcome=self.settings.welcome,
        )

    def _turn(self) -> None:
        self._is_due = False
        self.flush()
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            for one in waiting:
                one.go_on()
        if self._overtaken:
            self._dismiss_some()
            self.soon()

    def _committed(
        self, batch: Batch, answers: list[tuple[Member, Answer, int]]
    ) -> None:
        self._in_flight = False
        began = self.clock()
        self.fanout.send(batch)
        self.stats.fan_out.add(self.clock() - began)
        self._finish(answers)
        if self._entries or self._answers:
            self.soon()

    def _finish(self, answers: list[tuple[Member, Answer, int]]) -> None:
        for number, (member, answer, weight) in enumerate(answers, 1):
            member.backlog -= weight
            if member.standing is not Standing.GONE:
                answer()
            if number % BREATH == 0:
                self.meanwhile()
        if self.log.size > self.log.limit:
            self._trim()
            if self._overtaken:
                self.soon()
        due = self._fold.due
        if due is not None and not self._fold_is_timed:
            self._fold_is_timed = True
            self.later(due, self._fold_is_due)

    def _trim(self) -> None:
        self._overtaken += self.fanout.trim()
        self.dedup.forget_before(self.log.first_id)

    def _dismiss_some(self) -> None:
        """Close a few of those who have lost their place: others wait meanwhile."""
        for _ in range(min(len(self._overtaken), DISMISSALS)):
            member, missed = self._overtaken.popleft()
            if not member.has_lost_place:
                continue
            self.too_slow += 1
            message = f"too slow: you missed {lines(missed)}"
            bye = Bye("too-slow", message, missed)
            detail = f", missed {lines(missed)}"
            if member.session_id not in self.members:  # has left, and reads on
                self._note("too slow", member, detail)
            self.dismiss(member, bye, detail)

    def _greet(self, member: Member, first: bytes) -> None:
        if member.standing is Standing.APPLYING:
            self.fanout.start(member)
        if first:
            member.put(first + member.eol)
        member.tell(self.welcome(member))

    def _end(self, member: Member, bye: Bye | None, reason: str) -> None:
        if member.session_id in self.members:
            self.leave(member, reason)
            member.bye = bye
            member.end(member.next_dialect.told(bye) if bye else b"")

    def _tell_others(self, event: Event, member: Member | None = None) -> None:
        if not self.settings.relay:
            self._entries.append(Told(member.session_id if member else None, event))
            self._has_news = True
            self.soon()

    def _fold_is_due(self) -> None:
        self._fold_is_timed = False
        self.soon()

    def _note(self, what: str, member: Member, detail: str) -> None:
        self._logger.info(
            "{name} {what} from {address}{detail}, {count} here",
            name=member.name or "somebody",
            what=what,
            address=member.address,
            detail=detail,
            count=len(self.members),
        )


def _nothing() -> None:
    pass
