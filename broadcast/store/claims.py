"""The entries that the log decides on: claims to names, leaves, orders, starts, stops.

Each is written as its author made it. The state (``store.state``) turns them, in the
log's order, into outcomes. A session is a number that is the author's own; with the
author's incarnation it is unique for ever.
"""

import enum
from dataclasses import dataclass
from typing import ClassVar, Final

HEAD_COST: Final = 160
"""Bytes of an entry, at most, besides its texts."""


class How(enum.Enum):
    """The right on which a claim rests."""

    EXACT = "exact"  # nobody else has the name, or the key is the same
    OWN = "own"  # the name is the account's, whoever has it now
    CERTIFICATE = "certificate"  # so is a certificate's, and stays reserved for it
    GUEST = "guest"  # the next number that is free


@dataclass(frozen=True, slots=True)
class Look:
    """How a name looks that is not plain ASCII, as its author has worked it out.

    Attributes:
        scripts: the scripts of its letters.
        skeletons: its readings, sorted.
        plain: the folded ASCII names that it could be mistaken for, sorted.
    """

    scripts: str
    skeletons: tuple[str, ...]
    plain: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        texts = (self.scripts, *self.skeletons, *self.plain)
        return sum(6 * len(text) + 3 for text in texts)


@dataclass(frozen=True, slots=True)
class Claim:
    """A session wants to be called something: by joining, or by a rename.

    Attributes:
        session: the session that claims.
        name: in its canonical form; "" for a guest.
        fold: the name's fold; "" for a guest.
        key: the digest of the fold with its key; None without a key.
        how: the right on which it rests.
        look: how the name looks; None for an ASCII name.
        host: the digest of the host, for the limit of held names.
        account: the folded name of its login; "" for none.
        is_quiet: people aren't told.
        number: a guest's lowest number.
    """

    session: int
    name: str
    fold: str
    key: str | None = None
    how: How = How.EXACT
    look: Look | None = None
    host: str = ""
    account: str = ""
    is_quiet: bool = False
    number: int = 0

    count: ClassVar[int] = 0
    """It has no line."""

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        size = len(self.name) + len(self.fold) + len(self.host) + len(self.account)
        if self.key is not None:
            size += len(self.key)
        return HEAD_COST + 15 + 6 * size + (0 if self.look is None else self.look.cost)


@dataclass(frozen=True, slots=True)
class Leave:
    """A session has ended.

    Attributes:
        session: which.
        code: why.
        is_held: its name waits for its key.
    """

    session: int
    code: str
    is_held: bool

    count: ClassVar[int] = 0

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        return HEAD_COST + 6 * len(self.code)


class Verb(enum.Enum):
    """The verb of an admin's order."""

    MUTE = "mute"
    UNMUTE = "unmute"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"


@dataclass(frozen=True, slots=True)
class Order:
    """An admin's order.

    Attributes:
        verb: its verb.
        folds: the folded names, or accounts, that it is for. A kick has the
            folded name and a reason; a ban its subject, seconds ("" is for good) and a
            reason; the end of one its subject. The state knows none of these three.
    """

    verb: Verb
    folds: tuple[str, ...]

    count: ClassVar[int] = 0

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        return HEAD_COST + sum(6 * len(fold) + 3 for fold in self.folds)


@dataclass(frozen=True, slots=True)
class Up:
    """A daemon begins to write to the log: its first entry.

    Attributes:
        incarnation: its identity, new at each start.
        clock: the log's clock as it has read it.
        is_alone: nobody else writes to this log: earlier daemons are gone.
        instead: the incarnation whose place it takes: that one is gone.
        terms: the settings that all daemons of a room must share; "" for none.
    """

    incarnation: str
    clock: float
    is_alone: bool = False
    instead: str = ""
    terms: str = ""

    count: ClassVar[int] = 0

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        texts = (self.incarnation, self.instead, self.terms)
        return HEAD_COST + sum(6 * len(text) for text in texts)


@dataclass(frozen=True, slots=True)
class Stop:
    """A daemon writes no more: its last entry."""

    count: ClassVar[int] = 0
    cost: ClassVar[int] = HEAD_COST


Decided = Claim | Leave | Order | Up | Stop
"""An entry on which nothing but the state decides."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """A log that several daemons write is another one from here on.

    Attributes:
        old: the epoch that is over; "" where there was none.
        salt: with it the owners of a log are told apart that begins.
    """

    old: str
    salt: str = ""

    count: ClassVar[int] = 0

    @property
    def cost(self) -> int:
        """Bytes, no fewer than it is encoded in."""
        return HEAD_COST + 6 * (len(self.old) + len(self.salt))


@dataclass(frozen=True, slots=True)
class Dumped:
    """There is a dump of what was decided, for daemons that come later.

    Attributes:
        seq: the last message that it knows of.
        size: its bytes.
    """

    seq: int
    size: int

    count: ClassVar[int] = 0
    cost: ClassVar[int] = HEAD_COST


Upkeep = Epoch | Dumped
"""Entries on the log itself; the state has no part in them."""
