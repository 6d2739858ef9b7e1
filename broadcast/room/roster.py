"""The names of the members, and their claims to names.

The log decides on claims (``store.state``). This module decides, before that, on what
rests on this daemon alone: a name must be good, not reserved, and not like an
account's; a name of another protocol's client is mended. A name that is surely taken is
refused at once.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from broadcast.base.hosts import host_of
from broadcast.protocol import names
from broadcast.protocol.confusables import table
from broadcast.protocol.events import Bye
from broadcast.room.listing import Listing
from broadcast.room.member import Member
from broadcast.store.base import IStore
from broadcast.store.claims import Claim, How, Look
from broadcast.store.names import Holder

MAX_NUMBERED = 1000
"""Names remembered, each with the number that the next member with it may get; the
least recently used are forgotten."""

T = TypeVar("T")

_WHY: Final = {
    "taken": "the name {} is taken",
    "certified": "the name {} is a certificate's",
    "alike": "the name {} looks like another one",
}


class NameRefusedError(Exception):
    """A name is refused: ``code`` is ``bad-name`` or ``name-taken``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refusal_of(name: str, why: str) -> NameRefusedError:
    """Return why the log has refused a name: an ``Outcome.refused``."""
    message = _WHY.get(why, _WHY["taken"]).format(name)
    return NameRefusedError("name-taken", message)


class Roster:
    """The members by their names, and the claims to names that they make.

    Two names are the same if their folds are equal. A name that equals another
    member's, but for look-alike letters of another script, is refused.

    Args:
        store: decides on claims.
        reserves: tells whether a folded name is an account's.
        imitates: tells whether a name looks like an account's.
        turn_away: returns the ``bye`` for a banned name.
    """

    def __init__(
        self,
        store: IStore,
        reserves: Callable[[str], bool],
        imitates: Callable[[str], bool] = lambda name: False,
        turn_away: Callable[[str, str], Bye | None] = lambda address, name: None,
    ) -> None:
        self._store = store
        self._reserves = reserves
        self._imitates = imitates
        self._turn_away = turn_away
        self._members = Listing()
        self._claimed: Counter[str] = Counter()  # folds, by claims not decided yet
        self._unsettled: Counter[int] = Counter()  # sessions, by such claims and leaves
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._guests = 0
        self._sorted: list[str] = []  # all names of a room of several daemons
        self._sorted_at = -1  # as of which id

    # Claims

    def wanted(
        self, raw: str, key: str | None, member: Member, is_certified: bool = False
    ) -> Claim:
        """Return the claim of ``member`` to the name ``raw``.

        Raises:
            NameRefusedError: the name is invalid, equals a key, or is surely another's.
        """
        name = names.clean(raw)
        if name is None:
            raise NameRefusedError("bad-name", names.RULE)
        if any(names.is_given_away(name, secret) for secret in (key, member.key)):
            message = "everybody is told the name: it can't be the key too"
            raise NameRefusedError("bad-name", message)
        folded = names.fold(name)
        is_own = folded == member.account
        if folded in names.RESERVED or (self._reserves(folded) and not is_own):
            raise NameRefusedError("name-taken", f"the name {name} is reserved")
        claim = self._claim(name, folded, key, member)
        if is_certified:
            return replace(claim, how=How.CERTIFICATE)
        if is_own:
            return replace(claim, how=How.OWN)
        if self._looks_reserved(name, claim.look):
            raise refusal_of(name, "alike")
        refused = self._refusal(claim)
        if refused:
            raise refusal_of(name, refused)
        return claim

    def mended(self, raw: str, member: Member) -> Claim:
        """Return the claim to the nearest good name that seems to be free."""
        wanted = names.mend(raw)
        name = wanted if self._is_free(wanted) else self._numbered(wanted)
        return self._claim(name, names.fold(name), None, member)

    def guest(self, member: Member) -> Claim:
        """Return the claim to a guest's name: a number that was never used before."""
        number = max(self._guests, self._store.state.names.guests) + 1
        while not self._may_be_guest(f"guest-{number}"):
            number += 1
        self._guests = number
        return Claim(
            member.session_id,
            "",
            "",
            how=How.GUEST,
            account=member.account,
            is_quiet=member.is_quiet,
            number=number,
        )

    def certificate_key(self, name: str) -> str:
        """Return the key of a certificate's name, which no client can send."""
        return f"certificate {names.fold(name)}"

    def is_certified(self, member: Member) -> bool:
        """Tell whether ``member`` has its name from a certificate."""
        return member.key == self.certificate_key(member.name)

    def rival(self, claim: Claim) -> Member | None:
        """Return the member here whose place a claim takes, as far as is known."""
        member = self._members.get(claim.fold)
        if member is None or member.session_id == claim.session:
            return None
        if self._claimed[claim.fold] or self._unsettled[member.session_id]:
            return None
        is_same = claim.key is not None and claim.key == member.owner
        return member if is_same or claim.how is not How.EXACT else None

    # Members

    def asked(self, claim: Claim) -> None:
        """Note that a claim waits for the log."""
        self._unsettled[claim.session] += 1
        self._claimed[claim.fold] += 1

    def answered(self, claim: Claim) -> None:
        """Note that a claim waits no longer."""
        _done(self._unsettled, claim.session)
        _done(self._claimed, claim.fold)

    def name(self, member: Member, holder: Holder, key: str | None) -> None:
        """Call ``member`` by the name that it has got.

        Args:
            member: has it.
            holder: the name, as the log says it.
            key: the member's own.
        """
        self._drop(member)
        member.name, member.key, member.owner = holder.name, key, holder.key
        self._members[names.fold(holder.name)] = member

    def leaving(self, member: Member) -> None:
        """Take ``member`` off the list; the log has still to be told."""
        self._unsettled[member.session_id] += 1
        self._drop(member)

    def left(self, session: int) -> None:
        """Note that the log was told that a session has ended."""
        _done(self._unsettled, session)

    def forget(self) -> None:
        """Forget what waits for the log: it never hears of that."""
        self._claimed.clear()
        self._unsettled.clear()

    def starting_with(self, prefix: str, last: str, most: int) -> list[Member]:
        """Return the next ``most`` members whose names begin with ``prefix``.

        The members are in the order of their folded names, after the name ``last``.
        """
        return self._members.after(names.fold(last), names.fold(prefix), most)

    def listed(self, prefix: str, last: str, most: int) -> list[tuple[str, bool]]:
        """Return the next ``most`` names of the whole room, and whether each is quiet.

        Args:
            prefix: with which the names begin.
            last: the name after which they come.
            most: how many.
        """
        if not self._store.is_shared:
            found = self.starting_with(prefix, last, most)
            return [(member.name, member.is_quiet) for member in found]
        holders, begin = self._store.state.names.holders, names.fold(prefix)
        if not last and self._sorted_at != self._store.last_id:
            self._sorted_at, self._sorted = self._store.last_id, sorted(holders)
        order, after = self._sorted, names.fold(last)
        at = bisect_right(order, after) if after >= begin else bisect_left(order, begin)
        listed: list[tuple[str, bool]] = []
        for fold in islice(order, at, None):
            if len(listed) == most or not fold.startswith(begin):
                break
            if (holder := holders.get(fold)) is not None:
                listed.append((holder.name, holder.is_quiet))
        return listed

    def find(self, name: str) -> Member | None:
        """Return the member called ``name``; None if there is none."""
        return self._members.get(names.fold(name))

    def __len__(self) -> int:
        """Return the number of members with a name."""
        return len(self._members)

    def _drop(self, member: Member) -> None:
        folded = names.fold(member.name)
        if self._members.get(folded) is member:
            del self._members[folded]
            self._numbers.pop(folded, None)  # the name itself is free again

    def _claim(self, name: str, folded: str, key: str | None, member: Member) -> Claim:
        owner, host = self._store.owner, ""
        if key is not None:
            host = owner("", host_of(member.address))
        return Claim(
            member.session_id,
            name,
            folded,
            None if key is None else owner(folded, key),
            look=look_of(name),
            host=host,
            account=member.account,
            is_quiet=member.is_quiet,
        )

    def _refusal(self, claim: Claim) -> str:
        """Return why the log will surely refuse a claim; "" if it need not."""
        store = self._store
        known, clock = store.state.names, store.state.nodes.at(store.time())
        refused = known.refusal(claim, store.incarnation, clock)
        if refused == "alike":
            return "" if self._unsettled else refused
        holder = known.holders.get(claim.fold)
        if refused == "taken" and holder is not None:
            is_here = holder.incarnation == store.incarnation
            return refused if is_here and not self._unsettled[holder.session] else ""
        return refused

    def _numbered(self, wanted: str) -> str:
        """Return the next free ``name-2``, ``name-3``… of a name that is not free.

        Taken numbers are not tried again while the name is remembered. Otherwise the
        last of many members with a name would try all the numbers before it.
        """
        folded = names.fold(wanted)
        number = self._numbers.pop(folded, 2)
        while not self._is_free(name := names.numbered(wanted, number)):
            number += 1
        self._numbers[folded] = number + 1
        if len(self._numbers) > MAX_NUMBERED:
            self._numbers.popitem(last=False)
        return name

    def _is_free(self, name: str) -> bool:
        """Tell whether anybody may have a name, as far as is known."""
        folded, store = names.fold(name), self._store
        if folded in names.RESERVED or self._reserves(folded):
            return False
        if folded in self._members or self._claimed[folded]:
            return False
        known, look = store.state.names, look_of(name)
        claim = Claim(0, name, folded, look=look)
        clock = store.state.nodes.at(store.time())
        refused = known.refusal(claim, store.incarnation, clock)
        if refused == "taken" and (holder := known.holders.get(folded)) is not None:
            if holder.incarnation != store.incarnation:
                return False
            refused = holder.key or ""  # it has left: the log is about to be told
        return not refused and not self._looks_reserved(name, look)

    def _may_be_guest(self, name: str) -> bool:
        return not (
            self._reserves(name) or self._imitates(name) or self._turn_away("", name)
        )

    def _looks_reserved(self, name: str, look: Look | None) -> bool:
        """Tell whether a good name looks like one that nobody can have."""
        like = () if look is None else look.plain
        return not names.RESERVED.isdisjoint(like) or self._imitates(name)


def _done(counts: Counter[T], which: T) -> None:
    counts[which] -= 1
    if counts[which] <= 0:
        del counts[which]


def look_of(name: str) -> Look | None:
    """Return how a good name looks; None for an ASCII name: as it reads."""
    if name.isascii():
        return None
    look = table().look(name)
    plain = (
        skeleton
        for skeleton in sorted(look.skeletons)
        if skeleton.isascii() and look.is_like(table().look(skeleton))
    )
    return Look(look.scripts, tuple(sorted(look.skeletons)), tuple(plain))
