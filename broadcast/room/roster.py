"""Who is called what: unique names, names held for their key, guests."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from broadcast.auth.hosts import host_of
from broadcast.protocol import names
from broadcast.room.held import Held
from broadcast.room.member import Member

MAX_CERTIFIED = 10_000
"""Names of certificates remembered; the longest unused are forgotten."""


class NameRefusedError(Exception):
    """A name can't be had: ``code`` is ``bad-name`` or ``name-taken``."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Roster:
    """Names in use and held. Two names are the same if ``names.fold`` says so.

    Args:
        clock: seconds, never going back.
        reserves: tells whether a folded name is some account's.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        reserves: Callable[[str], bool] = lambda folded: False,
    ) -> None:
        self._reserves = reserves
        self._members: dict[str, Member] = {}
        self._held = Held(clock)
        self._guests = 0
        self._certified: OrderedDict[str, None] = OrderedDict()

    def certify(self, name: str) -> str:
        """Reserve a good name for who has a certificate for it; return its key.

        No client can send such a key: there is a space in it.
        """
        folded = names.fold(name)
        self._certified[folded] = None
        self._certified.move_to_end(folded)
        if len(self._certified) > MAX_CERTIFIED:
            self._certified.popitem(last=False)
        return f"certificate {folded}"

    def is_certified(self, member: Member) -> bool:
        """Tell whether a certificate says what ``member`` is called."""
        return member.key == f"certificate {names.fold(member.name)}"

    def check(self, raw: str, key: str | None, member: Member) -> Member | None:
        """Check that ``member`` may be called ``raw``.

        Returns:
            The member with that name and key, whom ``member`` would replace.

        Raises:
            NameRefusedError: not a good name, or somebody else's.
        """
        name = names.clean(raw)
        if name is None:
            raise NameRefusedError(
                "bad-name",
                "a name is 1 to 32 letters, digits, _ - or ., beginning with a letter"
                " or digit",
            )
        folded = names.fold(name)
        is_own = folded == member.account
        if folded in names.RESERVED or (self._reserves(folded) and not is_own):
            raise NameRefusedError("name-taken", f"the name {name} is reserved")
        other = self._members.get(folded)
        if folded in self._certified:
            if key != self.certify(name):
                words = f"the name {name} is a certificate's"
                raise NameRefusedError("name-taken", words)
            return None if other is member else other
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
        """Call ``member`` by a name that ``check`` found good and free."""
        self.release(member)
        name = names.clean(raw)
        assert name is not None
        folded = names.fold(name)
        self._held.drop(folded)
        self._members[folded] = member
        member.name, member.key = name, key

    def take_guest(self, member: Member) -> None:
        """Call ``member`` guest-N, with a number not used before."""
        while True:
            self._guests += 1
            name = f"guest-{self._guests}"
            if self._is_free(name):
                self.take(name, None, member)
                return

    def take_mended(self, raw: str, member: Member) -> bool:
        """Call ``member`` by the nearest good name; tell whether it is ``raw``."""
        wanted = name = names.mend(raw)
        number = 1
        while not self._is_free(name):
            number += 1
            name = names.numbered(wanted, number)
        self.take(name, None, member)
        return name == raw.strip()

    def release(self, member: Member, hold: bool = False) -> None:
        """Give up ``member``'s name; ``hold`` it for its key, if it has one."""
        folded = names.fold(member.name)
        if self._members.get(folded) is not member:
            return
        del self._members[folded]
        if hold and member.key is not None:
            self._held.hold(folded, member.key, host_of(member.address))

    def starting_with(self, prefix: str) -> Iterator[str]:
        """Return the names that begin with ``prefix``, in order of their folds."""
        prefix = names.fold(prefix)
        found = [f for f in self._members if f.startswith(prefix)]
        return (self._members[folded].name for folded in sorted(found))

    def find(self, name: str) -> Member | None:
        """Return who is called ``name``."""
        return self._members.get(names.fold(name))

    def _is_free(self, name: str) -> bool:
        folded = names.fold(name)
        return (
            folded not in self._members
            and folded not in names.RESERVED
            and not self._reserves(folded)
            and self._held.key_of(folded) is None
        )

    def __len__(self) -> int:
        """Return how many have a name."""
        return len(self._members)
