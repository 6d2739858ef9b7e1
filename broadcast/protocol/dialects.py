"""How what the server says looks as bytes: text for people, json for programs.

A dialect renders once for all who speak it. It knows nothing of members.
"""

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import Final

from broadcast.protocol.events import Attendance, Event

_FIELDS = len(
    '{"event":"message","id":9007199254740991,"at":"2026-01-31T20:15:00.000Z",'
    '"name":,"text":"","replayed":true}\n'
)

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Moment:
    """A time of day, in seconds since the epoch, rendered at most once each way."""

    __slots__ = ("_local", "_utc", "at")

    def __init__(self, at: float) -> None:
        self.at = at
        self._utc: str | None = None
        self._local: str | None = None

    @property
    def utc(self) -> str:
        """RFC 3339, UTC, milliseconds."""
        if self._utc is None:
            utc = datetime.fromtimestamp(self.at, UTC)
            self._utc = utc.isoformat(timespec="milliseconds")[:-6] + "Z"
        return self._utc

    @property
    def local(self) -> str:
        """``YYYY-MM-DD HH:MM:SS``, the server's own time zone."""
        if self._local is None:
            self._local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))
        return self._local


class Speaker:
    """A name, with all that a rendering puts before its lines made once."""

    __slots__ = ("_next", "json", "name", "prefix")

    def __init__(self, name: str) -> None:
        self.name = name
        self.prefix = f"{name}: ".encode() if name else b""
        self.json = encode_basestring(name)
        self._next = b"\n" + self.prefix

    def text(self, block: bytes) -> tuple[bytes, int]:
        """Put ``NAME: `` before each line of ``block``; return that and the count.

        The count comes free with the length; counting line ends would take
        twice as long as the rest.
        """
        size = len(self.prefix)
        if not size:
            return block, block.count(b"\n")
        text = (self.prefix + block).replace(b"\n", self._next)
        return text[:-size], (len(text) - len(block)) // size - 1


class Dialect(ABC):
    """A way to write messages and events, as whole lines.

    Messages arrive as ``text``: lines that begin with the speaker's prefix
    and end with LF. Most members are sent that.

    Attributes:
        name: as in ``/format NAME``.
        returns_own: senders get their own lines back, in their place.
        keeps_text: messages are sent as they are kept; ``said`` would return them.
    """

    name: str
    returns_own: bool
    keeps_text: bool

    @abstractmethod
    def said(self, speaker: Speaker, text: bytes, first: int, when: Moment) -> bytes:
        """Render lines said; the first one's id is ``first``."""

    @abstractmethod
    def replayed(
        self, speaker: Speaker, text: bytes, first: int, when: Moment
    ) -> bytes:
        """Render lines said before, for somebody who asked."""

    @abstractmethod
    def replayed_size(self, speaker: Speaker, text: bytes, count: int) -> int:
        """Return at least as many bytes as ``replayed`` makes of so many lines.

        The end of the last line may be missing.
        """

    @abstractmethod
    def told(self, event: Event, when: Moment | None = None) -> bytes:
        """Render an event; ``when`` if it is one that everybody sees."""

    def announced(self, event: Event, when: Moment) -> bytes:
        """Render an event that everybody sees; empty where this dialect hides it."""
        return self.told(event, when)


class TextDialect(Dialect):
    """``alice: hi`` and ``* notice``, with the line end given."""

    name = "text"
    returns_own = False

    def __init__(self, eol: bytes) -> None:
        self._eol = eol
        self.keeps_text = eol == b"\n"

    def said(self, speaker: Speaker, text: bytes, first: int, when: Moment) -> bytes:
        """Return the text, which is this dialect but for its line ends."""
        return text.replace(b"\n", self._eol)

    def replayed(
        self, speaker: Speaker, text: bytes, first: int, when: Moment
    ) -> bytes:
        """Put ``[YYYY-MM-DD HH:MM:SS] `` before each line."""
        stamp = f"[{when.local}] ".encode()
        return (stamp + text).replace(b"\n", self._eol + stamp)[: -len(stamp)]

    def replayed_size(self, speaker: Speaker, text: bytes, count: int) -> int:
        """Count a time and two bytes of a line end for each line."""
        return len(text) + count * (len("[YYYY-MM-DD HH:MM:SS] ") + 2)

    def told(self, event: Event, when: Moment | None = None) -> bytes:
        """Put ``* `` before each line of the event's text."""
        lines = event.text().encode().split(b"\n")
        return b"".join(b"* %b%b" % (line, self._eol) for line in lines)

    def announced(self, event: Event, when: Moment) -> bytes:
        """Render all but what quiet members do."""
        is_quiet = isinstance(event, Attendance) and event.quiet
        return b"" if is_quiet else self.told(event, when)


class JsonDialect(Dialect):
    """One object a line."""

    name = "json"
    returns_own = True
    keeps_text = False

    def said(self, speaker: Speaker, text: bytes, first: int, when: Moment) -> bytes:
        """Render each line as a ``message``."""
        return self._messages(speaker, text, first, when, "}\n")

    def replayed(
        self, speaker: Speaker, text: bytes, first: int, when: Moment
    ) -> bytes:
        """Render each line as a ``message`` marked ``replayed``."""
        return self._messages(speaker, text, first, when, ',"replayed":true}\n')

    def replayed_size(self, speaker: Speaker, text: bytes, count: int) -> int:
        """Count the fields for each line, and what has to be escaped."""
        escaped = sum(text.count(mark) for mark in (b'"', b"\\", b"\t"))
        return len(text) + escaped + count * _FIELDS  # the name is in the text

    def told(self, event: Event, when: Moment | None = None) -> bytes:
        """Render the event's fields."""
        head: dict[str, object] = {"event": event.kind}
        if when is not None:
            head["at"] = when.utc
        return (_encode(head | event.record()) + "\n").encode()

    @staticmethod
    def _messages(
        speaker: Speaker, text: bytes, first: int, when: Moment, tail: str
    ) -> bytes:
        head = '{"event":"message","id":'
        middle = f',"at":"{when.utc}","name":{speaker.json},"text":'
        lines = text.decode().split("\n")
        lines.pop()
        start = len(speaker.prefix.decode())
        return "".join(
            [
                f"{head}{id}{middle}{encode_basestring(line[start:])}{tail}"
                for id, line in enumerate(lines, first)
            ]
        ).encode()


class RawDialect(Dialect):
    """The relay's: the lines as they came, byte for byte, and nothing else.

    A publisher's too, which reads no lines, and so is told nothing at all.
    """

    name = "raw"
    returns_own = False
    keeps_text = True

    def said(self, speaker: Speaker, text: bytes, first: int, when: Moment) -> bytes:
        """Return the lines themselves: nobody has a name."""
        return text

    replayed = said

    def replayed_size(self, speaker: Speaker, text: bytes, count: int) -> int:
        """Count the line ends."""
        return len(text) + count

    def told(self, event: Event, when: Moment | None = None) -> bytes:
        """Return nothing: there are no words but the lines."""
        return b""


TEXT: Final = TextDialect(b"\n")
TEXT_CRLF: Final = TextDialect(b"\r\n")
JSON: Final = JsonDialect()
RAW: Final = RawDialect()
