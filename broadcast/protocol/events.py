"""Everything the server says, as data. How it looks as bytes is in ``dialects``.

An event names its wire form in ``kind`` and its people's form in ``text()``;
the fields of the dataclass are the fields of the json object, in their order
(a field that is ``None`` is left out, but for ``Replay.missing``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import ClassVar

PROTOCOL = 1
"""The protocol's version, told in every ``welcome``."""

WHO_PIECE_NAMES = 200
WHO_PIECE_BYTES = 12 * 1024

RECONNECT = frozenset({"shutdown", "too-slow", "idle", "full", "restarted"})
"""The ``bye`` codes after which a client may come back by itself."""


def lines(count: int) -> str:
    """Say how many lines, in English."""
    return f"{count} line" if count == 1 else f"{count} lines"


def last(count: int) -> str:
    """Say how many lines after the words ``the last``."""
    return "line" if count == 1 else lines(count)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the server says."""

    kind: ClassVar[str]

    def text(self) -> str:
        """Return what a person reads, without the leading ``* ``; may be lines."""
        raise NotImplementedError

    def record(self) -> dict[str, object]:
        """Return the json object's fields, ``event`` left out."""
        pairs = ((found.name, getattr(self, found.name)) for found in fields(self))
        return {name: value for name, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class Attendance(Event):
    """A change in who is here, or under what name.

    Attributes:
        quiet: a quiet member's, or a burst of nobody else's: people aren't told of it.
    """

    quiet: bool = field(default=False, kw_only=True)

    def record(self) -> dict[str, object]:
        """Return the fields; ``quiet`` only where it is true."""
        record = Event.record(self)
        quiet = record.pop("quiet")
        return record | {"quiet": True} if quiet else record


@dataclass(frozen=True, slots=True)
class Join(Attendance):
    """A member joined; ``count`` are here now."""

    kind = "join"
    name: str
    count: int

    def text(self) -> str:
        """Return ``alice joined the chat``."""
        return f"{self.name} joined the chat"


@dataclass(frozen=True, slots=True)
class Leave(Attendance):
    """A member left, for ``reason`` (``quit``, ``lost``, a ``bye`` code)."""

    kind = "leave"
    name: str
    count: int
    reason: str

    def text(self) -> str:
        """Return ``alice left the chat``."""
        return f"{self.name} left the chat"


@dataclass(frozen=True, slots=True)
class Rename(Attendance):
    """A member is called ``to`` from now on."""

    kind = "rename"
    name: str
    count: int
    to: str

    def text(self) -> str:
        """Return ``alice is now bob``."""
        return f"{self.name} is now {self.to}"


@dataclass(frozen=True, slots=True)
class Presence(Attendance):
    """A burst of comings and goings, folded; ``count`` alone counts quiet members."""

    kind = "presence"
    joined: int
    left: int
    count: int

    def text(self) -> str:
        """Return ``153 joined, 20 left, 10234 here``, without what is 0."""
        joined = f"{self.joined} joined, " if self.joined else ""
        left = f"{self.left} left, " if self.left else ""
        return f"{joined}{left}{self.count} here"

    def record(self) -> dict[str, object]:
        """Return the counts."""
        return {"joined": self.joined, "left": self.left, "count": self.count}


@dataclass(frozen=True, slots=True)
class Welcome(Event):
    """The greeting; live lines begin after ``id``."""

    kind = "welcome"
    server: str
    name: str
    epoch: str
    id: int
    count: int
    max_line: int
    welcome: str

    def text(self) -> str:
        """Return the admin's words and who and how many you are."""
        own = f"You are {self.name}, {self.count} here. /help lists the commands."
        return f"{self.welcome}\n{own}" if self.welcome else own

    def record(self) -> dict[str, object]:
        """Return the fields; ``text`` carries the admin's words."""
        return {
            "protocol": PROTOCOL,
            "server": self.server,
            "name": self.name,
            "epoch": self.epoch,
            "id": self.id,
            "count": self.count,
            "max_line": self.max_line,
            "text": self.welcome,
        }


@dataclass(frozen=True, slots=True)
class Who(Event):
    """A piece of the list of names; ``more`` pieces follow or not."""

    kind = "who"
    names: list[str]
    count: int
    more: bool
    quiet: list[str] | None = None

    def text(self) -> str:
        """Return ``3 here: alice, bob, carol (quiet)``."""
        quiet = set(self.quiet or ())
        marked = [f"{name} (quiet)" if name in quiet else name for name in self.names]
        listed = f": {', '.join(marked)}" if marked else ""
        return f"{self.count} here{listed}{', …' if self.more else ''}"


def who_piece(listed: Sequence[tuple[str, bool]], count: int) -> Who:
    """Return the first piece of a list: at most 200 names, or 12 KiB.

    Args:
        listed: names, and whether each is a quiet member's.
        count: how many are here.
    """
    piece: list[str] = []
    quiet: list[str] = []
    size = 0
    for name, is_quiet in listed[:WHO_PIECE_NAMES]:
        if size > WHO_PIECE_BYTES:
            break
        piece.append(name)
        size += len(name.encode()) + 4
        if is_quiet:
            quiet.append(name)
            size += len(name.encode()) + 4
    return Who(piece, count, len(piece) < len(listed), quiet or None)


@dataclass(frozen=True, slots=True)
class Replay(Event):
    """``count`` old lines follow; ``missing`` before them are gone (None: unknown)."""

    kind = "replay"
    count: int
    missing: int | None

    def text(self) -> str:
        """Return ``the last 20 lines:`` after a word about what is gone."""
        head = f"the last {last(self.count)}:"
        if self.missing is None:
            return f"that position is not in this log\n{head}"
        if self.missing:
            is_or_are = "is" if self.missing == 1 else "are"
            return f"{lines(self.missing)} before these {is_or_are} gone\n{head}"
        return head

    def record(self) -> dict[str, object]:
        """Return both fields: ``missing`` is null when it cannot be known."""
        return {"count": self.count, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Replayed(Event):
    """The replay is over.

    Attributes:
        count: how many lines it had.
        position: where it ends.
        first: the position of its oldest line; None if it had none.
        more: there is more in the direction asked.
        command: the command that gives it.
    """

    kind = "replayed"
    count: int
    position: str
    first: str | None = None
    more: bool = False
    command: str = ""

    def text(self) -> str:
        """Return ``that was the last 20 lines``, after a word about what is left."""
        tail = f"that was the last {last(self.count)}"
        return f"there is more: {self.command}\n{tail}" if self.more else tail

    def record(self) -> dict[str, object]:
        """Return the positions, and whether there is more."""
        first = {} if self.first is None else {"first": self.first}
        return {"position": self.position, **first, "more": self.more}


@dataclass(frozen=True, slots=True)
class Ack(Event):
    """The line said with ``token`` is in the log as ``id``."""

    kind = "ack"
    token: str
    id: int
    double: bool | None = None

    def text(self) -> str:
        """Return ``said TOKEN``."""
        return f"said {self.token}"


@dataclass(frozen=True, slots=True)
class Pong(Event):
    """The answer to ``/ping``: a receipt for all that was said before."""

    kind = "pong"
    token: str | None = None

    def text(self) -> str:
        """Return ``pong``, with the token."""
        return f"pong {self.token}" if self.token else "pong"


@dataclass(frozen=True, slots=True)
class TextEvent(Event):
    """Words of the server's own, in lines; its kinds say what they are for."""

    message: str

    def text(self) -> str:
        """Return the message."""
        return self.message

    def record(self) -> dict[str, object]:
        """Return the message as ``text``."""
        return {"text": self.message}


@dataclass(frozen=True, slots=True)
class Notice(TextEvent):
    """Words from the server, to one member or, from an admin, to everybody."""

    kind = "notice"


@dataclass(frozen=True, slots=True)
class Login(TextEvent):
    """A login is needed before anything else."""

    kind = "login"


@dataclass(frozen=True, slots=True)
class Error(Event):
    """A command or a line was refused, for ``code``."""

    kind = "error"
    code: str
    command: str | None
    message: str
    token: str | None = None

    def text(self) -> str:
        """Return the message."""
        return f"error: {self.message}"

    def record(self) -> dict[str, object]:
        """Return the fields, the message as ``text``."""
        base: dict[str, object] = {
            "code": self.code,
            "command": self.command,
            "text": self.message,
        }
        return base if self.token is None else base | {"token": self.token}


@dataclass(frozen=True, slots=True)
class Bye(Event):
    """The last words before the server closes."""

    kind = "bye"
    code: str
    message: str
    missed: int | None = None

    def text(self) -> str:
        """Return the message."""
        return self.message

    def record(self) -> dict[str, object]:
        """Return the fields and whether to come back."""
        base: dict[str, object] = {
            "code": self.code,
            "text": self.message,
            "reconnect": self.code in RECONNECT,
        }
        return base if self.missed is None else base | {"missed": self.missed}
