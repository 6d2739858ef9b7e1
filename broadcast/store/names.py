"""The names as the log decides on them: in use, held, and of certificates.

Names come with their folds, keys as digests: nothing is normalized here, and no table
or file is looked into. So all who read the log agree.
"""

from collections import OrderedDict
from itertools import takewhile
from typing import Final, NamedTuple

from broadcast.protocol.events import Attendance, Join, Rename
from broadcast.protocol.events import Leave as Left
from broadcast.store.claims import Claim, How, Leave
from broadcast.store.looks import Looks
from broadcast.store.quota import Quota

HOLD: Final = 120.0
"""Seconds for which the name of a lost connection is held for its key."""

MAX_HELD: Final = 10_000
"""Held names at most; beyond it, the host with the most loses its oldest."""

MAX_CERTIFIED: Final = 10_000
"""Names of certificates remembered; the least recently used are forgotten."""

Session = tuple[str, int]
"""An incarnation, and a session of its."""


class Holder(NamedTuple):
    """The session that has a name.

    Attributes:
        name: in its canonical form.
        incarnation: the session's daemon.
        session: its number there.
        key: the digest of its key.
        host: the digest of its host.
        account: the fold of its login's name.
        is_quiet: people aren't told of it.
    """

    name: str
    incarnation: str
    session: int
    key: str | None
    host: str
    account: str
    is_quiet: bool

    @property
    def owner(self) -> Session:
        """The holder of the name."""
        return self.incarnation, self.session


class Named(NamedTuple):
    """A claim that was granted.

    Attributes:
        holder: the holder of the name.
        before: its former name, and that name's fold; None if it has just come.
        replaced: the former holder of the name, with the same right to it.
        events: the events for all members, in order.
    """

    holder: Holder
    before: tuple[str, str] | None
    replaced: Session | None
    events: list[Attendance]


class Names:
    """The names in use and those that are kept for somebody.

    Attributes:
        holders: by fold, all who are here.
        sessions: the fold that each session has.
        lost: the sessions that have lost their name; their authors have not heard it,
            or have not said so yet.
        held: folds, each with its key and the time until when, of their hosts.
        certified: folds, each with its certificate's digest.
        guests: the last guest's number.
        looks: the names of other scripts.
    """

    def __init__(self) -> None:
        self.holders: dict[str, Holder] = {}
        self.sessions: dict[Session, str] = {}
        self.lost: dict[Session, None] = {}
        self.held: Quota[str, tuple[str, float]] = Quota(MAX_HELD)
        self.certified: OrderedDict[str, str] = OrderedDict()
        self.guests = 0
        self.looks = Looks()

    @property
    def count(self) -> int:
        """How many are here."""
        return len(self.sessions)

    def refusal(self, claim: Claim, author: str, clock: float) -> str:
        """Return why a claim can't be granted: ``taken``, ``certified``, ``alike``.

        Args:
            claim: a claim to a valid name that is no guest's.
            author: the incarnation that it comes from.
            clock: the log's.

        Returns:
            "" if it can be.
        """
        fold, key = claim.fold, claim.key
        is_own = claim.how in (How.OWN, How.CERTIFICATE)
        if claim.how is not How.CERTIFICATE:
            if self.certified.get(fold, key) != key:
                return "certified"
            if not is_own and self.is_alike(claim, author, clock):
                return "alike"
        holder = self.holders.get(fold)
        if is_own or (holder is not None and holder.owner == (author, claim.session)):
            return ""
        if holder is not None:
            return "" if key is not None and key == holder.key else "taken"
        held = self.held.get(fold)
        return "" if held is None or held[1] <= clock or held[0] == key else "taken"

    def is_alike(self, claim: Claim, author: str, clock: float) -> bool:
        """Tell whether a name looks like another one, but its author's own."""
        if claim.look is None and not self.looks.known:
            return False  # all names are ASCII
        own = self.sessions.get((author, claim.session), "")
        but = (claim.fold, own, *self.expired(clock))
        plain = () if claim.look is None else claim.look.plain
        return self.looks.are_like(claim.fold, claim.look, but) or any(
            fold not in but and self.is_known(fold) for fold in plain
        )

    def expired(self, clock: float) -> list[str]:
        """Return the held names whose time is over, as far as they are known still."""
        held = takewhile(lambda each: each[2][1] <= clock, self.held.items())
        return [fold for fold, _, _ in held if fold not in self.certified]

    def claim(self, claim: Claim, author: str, clock: float) -> Named | str:
        """Grant a claim, or return why it is refused: as ``refusal``, or ``lost``."""
        if (author, claim.session) in self.lost:
            return "lost"
        if claim.how is How.GUEST:
            claim = self._numbered(claim)
        elif refused := self.refusal(claim, author, clock):
            return refused
        me, fold = (author, claim.session), claim.fold
        events: list[Attendance] = []
        before, replaced = self.sessions.pop(me, None), None
        old = None if before is None else self.holders.pop(before)
        if (other := self.holders.get(fold)) is not None:
            replaced = other.owner
            del self.sessions[replaced]
            self.lost[replaced] = None
            here = self.count + (old is not None)
            events.append(Left(other.name, here, "replaced", quiet=other.is_quiet))
        key, quiet = claim.key, old.is_quiet if old else claim.is_quiet
        holder = Holder(claim.name, *me, key, claim.host, claim.account, quiet)
        self.holders[fold], self.sessions[me] = holder, fold
        self.held.drop(fold)
        self.looks.add(fold, claim.look)
        if claim.how is How.CERTIFICATE:
            self._certify(fold, key or "")
        if before not in (None, fold):
            self._forget(str(before))
        if old is None:
            events.append(Join(holder.name, self.count, quiet=quiet))
        else:
            events.append(Rename(old.name, self.count, holder.name, quiet=quiet))
        return Named(holder, old and (old.name, str(before)), replaced, events)

    def leave(self, leave: Leave, author: str, clock: float) -> list[Attendance]:
        """Free a session's name, or hold it for its key; return what is told of it."""
        me = author, leave.session
        self.lost.pop(me, None)
        fold = self.sessions.pop(me, None)
        if fold is None:
            return []
        holder = self.holders.pop(fold)
        if leave.is_held and holder.key is not None:
            gone = self.held.put(fold, holder.host, (holder.key, clock + HOLD))
            if gone is not None:
                self._forget(gone)
        else:
            self._forget(fold)
        return [Left(holder.name, self.count, leave.code, quiet=holder.is_quiet)]

    def lose(self, incarnation: str, clock: float) -> list[Attendance]:
        """Free or hold the names of all sessions of a daemon that is gone."""
        told: list[Attendance] = []
        for holder in [*self.holders.values()]:
            if holder.incarnation == incarnation:
                leave = Leave(holder.session, "lost", is_held=True)
                told += self.leave(leave, incarnation, clock)
        for session in [each for each in self.lost if each[0] == incarnation]:
            del self.lost[session]
        return told

    def expire(self, clock: float) -> None:
        """Free the held names whose time is over."""
        while (oldest := self.held.oldest()) is not None and oldest[1][1] <= clock:
            self.held.drop(oldest[0])
            self._forget(oldest[0])

    def hold_on(self, clock: float) -> None:
        """Hold what is held for as long as if it had just been lost."""
        for fold, host, (key, _) in [*self.held.items()]:
            self.held.put(fold, host, (key, clock + HOLD))

    def is_known(self, fold: str) -> bool:
        """Tell whether a name is in use, held, or a certificate's."""
        return fold in self.holders or fold in self.held or fold in self.certified

    def _numbered(self, claim: Claim) -> Claim:
        """Return the claim to the next guest's name that is free."""
        number = max(self.guests + 1, claim.number)
        while self.is_known(fold := f"guest-{number}") or self.looks.are_like(
            fold, None, ()
        ):
            number += 1
        self.guests = number
        return Claim(
            claim.session,
            fold,
            fold,
            host=claim.host,
            account=claim.account,
            is_quiet=claim.is_quiet,
        )

    def _certify(self, fold: str, key: str) -> None:
        self.certified[fold] = key
        self.certified.move_to_end(fold)
        if len(self.certified) > MAX_CERTIFIED:
            self._forget(self.certified.popitem(last=False)[0])

    def _forget(self, fold: str) -> None:
        """Stop guarding a name against look-alikes, unless it is still known."""
        if not self.is_known(fold):
            self.looks.remove(fold)
