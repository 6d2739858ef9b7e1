"""The names of members, and their number: names, held names, guests, limits.

A held name waits for its key after its connection was lost. Held names are bounded.
Beyond the limit, the host with the most loses its oldest, so that a host with thousands
takes none from another host.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Collection

from broadcast.base.hosts import host_of
from broadcast.base.work import IReactorTime
from broadcast.protocol import names
from broadcast.protocol.confusables import LookAlikes
from broadcast.protocol.events import Bye
from broadcast.room.listing import Listing
from broadcast.room.member import Member

HOLD = 120.0
"""Seconds for which the name of a lost connection is held for its key."""

MAX_HELD = 10_000
"""Held names at most."""

MAX_CERTIFIED = 10_000
"""Names of certificates remembered; the least recently used are forgotten."""

MAX_NUMBERED = 1000
"""Names remembered, each with the number that the next member with it may get; the
least recently used are forgotten."""


class HeldNames:
    """Folded names, each with its key and the host of its lost connection.

    Args:
        clock: times the names.
        limit: names at most.
        dropped: called with each name that is no longer held.
    """

    def __init__(
        self,
        clock: IReactorTime,
        limit: int = MAX_HELD,
        dropped: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._dropped = dropped
        self._names: OrderedDict[str, tuple[str, str, float]] = OrderedDict()
        self._of_host: dict[str, OrderedDict[str, None]] = {}
        self._having: defaultdict[int, dict[str, None]] = defaultdict(dict)
        self._most = 0

    def hold(self, name: str, key: str, host: str) -> None:
        """Hold ``name`` for ``key``.

        Args:
            name: the folded name.
            key: the key that may take the name again.
            host: the host of the lost connection, as ``hosts.host_of`` returns it.
        """
        self.drop(name)
        self._names[name] = (key, host, self._clock.seconds() + HOLD)
        theirs = self._of_host.setdefault(host, OrderedDict())
        theirs[name] = None
        self._count(host, len(theirs) - 1, len(theirs))
        self.drop_old()
        if len(self._names) > self._limit:
            greediest = next(iter(self._having[self._most]))
            self.drop(next(iter(self._of_host[greediest])))

    def drop(self, name: str) -> None:
        """Stop holding ``name``, if it is held."""
        if name not in self._names:
            return
        _, host, _ = self._names.pop(name)
        theirs = self._of_host[host]
        del theirs[name]
        self._count(host, len(theirs) + 1, len(theirs))
        if not theirs:
            del self._of_host[host]
        self._dropped(name)

    def key_of(self, name: str) -> str | None:
        """Return the key for which ``name`` is held; None if it isn't held."""
        self.drop_old()
        held = self._names.get(name)
        return held[0] if held else None

    def __contains__(self, name: str) -> bool:
        """Tell whether ``name`` is held, or expired and not dropped yet."""
        return name in self._names

    def drop_old(self) -> None:
        """Drop the names that have expired."""
        now = self._clock.seconds()
        while self._names and next(iter(self._names.values()))[2] <= now:
            self.drop(next(iter(self._names)))

    def _count(self, host: str, before: int, now: int) -> None:
        """Note that a host has a name more or less; so the most changes by one."""
        self._having[before].pop(host, None)
        if not self._having[before]:
            del self._having[before]
        if now:
            self._having[now][host] = None
        if now > self._most or self._most not in self._having:
            self._most = now


class Occupancy:
    """Counts the members, and refuses members beyond the limits.

    Addresses are as in the log: ``1.2.3.4:56``, ``[2001:db8::1]:56``, ``unix``.

    Args:
        most: members in all.
        most_per_host: members per host (IPv6: per /64); 0 is any number.

    Attributes:
        goodbye: the ``bye`` for all further connections; None while the room is open.
        count: the number of members.
        most: the limit on it.
    """

    def __init__(self, most: int, most_per_host: int) -> None:
        self.goodbye: Bye | None = None
        self.most = most
        self._most_per_host = most_per_host
        self._hosts: Counter[str] = Counter()
        self.count = 0

    def refuse(self, address: str) -> Bye | None:
        """Return the ``bye`` for a new member from ``address``; None lets it join."""
        if self.goodbye is not None:
            return self.goodbye
        if self.count >= self.most:
            return Bye("full", f"the room is full: {self.most} are here")
        most = self._most_per_host
        if most and self._hosts[host_of(address)] >= most:
            return Bye("full", f"{most} are here from your address, and no more may be")
        return None

    def came(self, address: str) -> None:
        """Count a member from ``address``."""
        self.count += 1
        if self._most_per_host:
            self._hosts[host_of(address)] += 1

    def went(self, address: str) -> None:
        """Count a member from ``address`` no longer."""
        self.count -= 1
        if self._most_per_host:
            host = host_of(address)
            self._hosts[host] -= 1
            if self._hosts[host] <= 0:
                del self._hosts[host]


class NameRefusedError(Exception):
    """A name is refused: ``code`` is ``bad-name`` or ``name-taken``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Roster:
    """Names in use and held. Two names are the same if their folds are equal.

    A name that equals another member's, but for look-alike letters of another script,
    is refused.

    Args:
        clock: times the held names.
        reserves: tells whether a folded name is an account's.
        imitates: tells whether a name looks like an account's.
    """

    def __init__(
        self,
        clock: IReactorTime,
        reserves: Callable[[str], bool],
        imitates: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._reserves = reserves
        self._imitates = imitates
        self._members = Listing()
        self._held = HeldNames(clock, dropped=self._forget)
        self._looks = LookAlikes(self._is_known)
        self._guests = 0
        self._numbers: OrderedDict[str, int] = OrderedDict()
        self._certified: OrderedDict[str, None] = OrderedDict()

    def certify(self, name: str) -> str:
        """Reserve a good name for the holders of its certificate; return its key.

        No client can send such a key: it contains a space.
        """
        folded = names.fold(name)
        self._certified[folded] = None
        self._certified.move_to_end(folded)
        self._looks.add(name)
        if len(self._certified) > MAX_CERTIFIED:
            self._forget(self._certified.popitem(last=False)[0])
        return f"certificate {folded}"

    def is_certified(self, member: Member) -> bool:
        """Tell whether ``member`` has its name from a certificate."""
        return member.key == f"certificate {names.fold(member.name)}"

    def check(self, raw: str, key: str | None, member: Member) -> Member | None:
        """Check that ``member`` may have the name ``raw``.

        Returns:
            The member with this name and key, which ``member`` would replace.

        Raises:
            NameRefusedError: the name is invalid, equals a key, or is another's.
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
        other = self._members.get(folded)
        if folded in self._certified:
            if key != self.certify(name):
                message = f"the name {name} is a certificate's"
                raise NameRefusedError("name-taken", message)
            return None if other is member else other
        if not is_own and self._is_look_alike(name, {names.fold(member.name)}):
            message = f"the name {name} looks like another one"
            raise NameRefusedError("name-taken", message)
        if other is not None and other is not member:
            if is_own:
                return other
            if key is None or other.key != key:
                raise NameRefusedError("name-taken", f"the name {name} is taken")
            return other
        if self._held.key_of(folded) not in (None, key) and not is_own:
            raise NameRefusedError("name-taken", f"the name {name} is taken")
        return None

    def take(self, raw: str, key: str | None, member: Member) -> None:
        """Give ``member`` a name that ``check`` has accepted."""
        self.release(member)
        name = names.clean(raw)
        assert name is not None
        folded = names.fold(name)
        self._held.drop(folded)
        self._members[folded] = member
        self._looks.add(name)
        member.name, member.key = name, key

    def take_guest(self, member: Member) -> None:
        """Name ``member`` guest-N, with a number not used before."""
        while True:
            self._guests += 1
            name = f"guest-{self._guests}"
            if self._is_free(name):
                self.take(name, None, member)
                return

    def take_mended(self, raw: str, member: Member) -> bool:
        """Give ``member`` the nearest good name; tell whether it is ``raw``."""
        wanted = names.mend(raw)
        name = wanted if self._is_free(wanted) else self._numbered(wanted)
        self.take(name, None, member)
        return name == raw.strip()

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

    def release(self, member: Member, hold: bool = False) -> None:
        """Free ``member``'s name; with ``hold``, hold it for the key, if any."""
        folded = names.fold(member.name)
        if self._members.get(folded) is not member:
            return
        del self._members[folded]
        self._numbers.pop(folded, None)  # the name itself is free again
        if hold and member.key is not None:
            self._held.hold(folded, member.key, host_of(member.address))
        else:
            self._forget(folded)

    def starting_with(self, prefix: str, last: str, most: int) -> list[Member]:
        """Return the next ``most`` members whose names begin with ``prefix``.

        The members are in the order of their folded names, after the name ``last``.
        """
        return self._members.after(names.fold(last), names.fold(prefix), most)

    def find(self, name: str) -> Member | None:
        """Return the member called ``name``; None if there is none."""
        return self._members.get(names.fold(name))

    def _is_free(self, name: str) -> bool:
        folded = names.fold(name)
        return (
            folded not in self._members
            and folded not in names.RESERVED
            and not self._reserves(folded)
            and self._held.key_of(folded) is None
            and not self._is_look_alike(name)
        )

    def _is_look_alike(self, name: str, own: Collection[str] = ()) -> bool:
        """Tell whether a good name looks like another one, except those in ``own``."""
        self._held.drop_old()
        return self._looks.has_like(name, own) or self._imitates(name)

    def _is_known(self, folded: str) -> bool:
        """Tell whether a folded name is in use, held, reserved or a certificate's."""
        return (
            folded in self._members
            or folded in names.RESERVED
            or folded in self._certified
            or folded in self._held
        )

    def _forget(self, folded: str) -> None:
        """Stop guarding a name against look-alikes, unless it is still known."""
        if not self._is_known(folded):
            self._looks.remove(folded)

    def __len__(self) -> int:
        """Return the number of members with a name."""
        return len(self._members)
