"""The events of a client, as frozen data: the server's events and the client's own.

``broadcast.client.core.decode`` makes them from lines. Every string in an event is
already safe to show (``broadcast.protocol.sanitize``); ``raw`` is the server's line as
it came.
"""

from dataclasses import dataclass, field

MAX_DIGITS = 16  # ids stay below 2^53


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events: the server's own line, unless the event is ours."""

    raw: str = field(default="", repr=False, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Message(Event):
    """A line that ``name`` said. Order by ``id``; ``at`` is RFC 3339 in UTC."""

    id: int
    at: str
    name: str
    text: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Joined(Event):
    """A member has joined; ``count`` are here now. Text doesn't tell of a quiet one."""

    at: str
    name: str
    count: int
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Left(Event):
    """A member has left; ``count`` members are here now."""

    at: str
    name: str
    count: int
    reason: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Renamed(Event):
    """A member has taken another name; it may be this client."""

    at: str
    name: str
    to: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Presence(Event):
    """A burst of comings and goings, folded."""

    at: str
    joined: int
    left: int
    count: int


@dataclass(frozen=True, slots=True)
class Welcome(Event):
    """We are in, under ``name``. Live lines begin after ``id``."""

    server: str
    name: str
    epoch: str
    id: int
    count: int
    max_line: int
    text: str = ""
    protocol: int = 1


@dataclass(frozen=True, slots=True)
class LoginNeeded(Event):
    """The server wants a secret before it tells anything."""

    text: str


@dataclass(frozen=True, slots=True)
class Who(Event):
    """A piece of the list of names; the last one has ``more`` false.

    ``quiet`` names those of the piece that come and go unannounced.
    """

    names: tuple[str, ...]
    count: int
    more: bool = False
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay(Event):
    """Earlier lines follow. ``missing``: 0, how many are gone, or None: not known."""

    count: int
    missing: int | None = 0


@dataclass(frozen=True, slots=True)
class Replayed(Event):
    """The end of a replay; ``position`` is where it ended.

    ``first`` is the position of its oldest line. With ``more``, there is more in the
    direction that was asked for: before ``first``, or after ``position``.
    """

    position: str
    first: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Ack(Event):
    """The line sent under ``token`` is said, as message ``id``."""

    token: str
    id: int
    double: bool = False


@dataclass(frozen=True, slots=True)
class Pong(Event):
    """The answer to a ping."""

    token: str = ""


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """The server says something, in one line or several."""

    text: str


@dataclass(frozen=True, slots=True)
class Problem(Event):
    """The server refused something (its ``error``).

    With ``token``, it is about a line of ours; ``line`` is then the text of one that
    will not be said.
    """

    code: str
    command: str
    text: str
    token: str = ""
    line: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the line will not be said; a line that is slowed will be."""
        return self.code != "slowed"


@dataclass(frozen=True, slots=True)
class Bye(Event):
    """The server closes. With ``reconnect`` one may come back."""

    code: str
    text: str
    reconnect: bool = False
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Lost(Event):
    """Ours: the connection is gone; the next try is in ``retry_in`` seconds, or never.

    ``code`` is cannot-connect, refused, quit (we asked for it) or lost.
    """

    reason: str
    retry_in: float | None
    code: str = "lost"


@dataclass(frozen=True, slots=True)
class Doubtful(Event):
    """Own lines of which it is unknown, after a hole, whether they were said.

    Raised after a reconnect when the server cannot tell doubles any more.
    """

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page(Event):
    """Ours: a page of the log that was asked for to look through, oldest line first.

    ``first`` is the position to go on before; it is empty where nothing is older.
    """

    messages: tuple[Message, ...]
    first: str = ""


@dataclass(frozen=True, slots=True)
class Missed(Event):
    """Ours: so many events were dropped because nobody read them."""

    count: int


@dataclass(frozen=True, slots=True)
class Position:
    """After message ``id`` of the log called ``epoch``."""

    epoch: str
    id: int

    def __str__(self) -> str:
        """As the protocol writes it."""
        return f"{self.epoch}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The position in a text.

        Raises:
            ValueError: it has another form.
        """
        epoch, colon, number = text.strip().rpartition(":")
        plain = epoch.isascii() and epoch.isprintable() and " " not in epoch
        whole = number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS
        if not (colon and epoch and plain and whole):
            raise ValueError("not a position; give EPOCH:ID, the ID in digits")
        return cls(epoch, int(number))
