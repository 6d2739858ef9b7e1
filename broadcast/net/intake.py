"""The bytes of a connection become whole lines, however they are cut.

Negotiation is taken out first, then come line ends, then the rules of the first bytes.
No socket and no timer: those are the connection's.
"""

import re
from typing import Final

from broadcast.net.firstbytes import FirstBytes
from broadcast.net.telnet import IAC, Telnet
from broadcast.protocol.strays import Stray
from broadcast.session.interfaces import ISession

_UNFINISHED_UTF8: Final = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
_LONE_CR: Final = re.compile(rb"\r(?=[^\n])")


class Intake:
    """The bytes of one connection before they are whole lines.

    Args:
        session: answers negotiation, and writes CRLF to a peer that does.
        is_raw: the connection is a relay's: bytes stay as they are.
        is_narrow: only TLS and HTTP are strays.

    Attributes:
        first: the bytes before the first line is whole; None from then on.
        partial: the bytes after the last line end.
        has_telnet: the peer has begun to negotiate.
    """

    __slots__ = (
        "_is_after_cr",
        "_is_raw",
        "_session",
        "_telnet",
        "first",
        "has_telnet",
        "partial",
    )

    def __init__(self, session: ISession, is_raw: bool, is_narrow: bool) -> None:
        self._session = session
        self._is_raw = is_raw
        self._is_after_cr = False  # a CR has ended a line: an LF belongs to it
        self._telnet: Telnet | None = None
        self.has_telnet = False
        self.first: FirstBytes | None = FirstBytes(is_raw, is_narrow)
        self.partial = b""

    def clean(self, data: bytes, ends_at_cr: bool) -> bytes:
        """Return ``data`` without negotiation, which is answered in its own time.

        Args:
            data: the bytes of one read.
            ends_at_cr: a CR ends a line also where no LF follows.
        """
        if not self._is_raw and (self._telnet is not None or IAC in data):
            data = self._strip(data)
        return self._end_at_cr(data) if ends_at_cr else data

    def admit(self, data: bytes, is_all: bool = False) -> bytes | Stray:
        """Return the bytes that are a client's, or the stray that the bytes are from.

        As long as that is unknown, no bytes are returned.

        Args:
            data: all bytes since the blank lines.
            is_all: nothing follows: the kind is decided by these bytes.
        """
        first = self.first
        assert first is not None
        if (stray := first.take(data)) is not None:
            return stray
        self.partial = first.data
        if first.is_unknown and not is_all:
            is_due = first.is_full or not self._session.is_introducing
            return first.release_blank() if is_due else b""
        self.first = None
        return first.release() + self.take_partial()

    def take_partial(self) -> bytes:
        """Return what has no line end yet, and forget it."""
        partial, self.partial = self.partial, b""
        return partial

    def take_silent(self) -> bytes:
        """Return what silence has ended, as a line; hold back what can't be a whole."""
        line = self.take_partial()
        if held := _UNFINISHED_UTF8.search(line):
            self.partial = line[held.start() :]
            line = line[: held.start()]
        elif line.endswith(b"\r"):
            self._is_after_cr = True
            line = line if self._is_raw else line[:-1]
        return line + b"\n" if line else b""

    def patience(self, delay: float) -> float | None:
        """Return after how much silence there is a line, of usually ``delay``."""
        if not self.partial:
            return None
        return self.first.patience(self.partial, delay) if self.first else delay

    def _strip(self, data: bytes) -> bytes:
        begin = b""
        if self._telnet is None:
            at = data.find(IAC)
            begin, data = data[:at], data[at:]
            self.has_telnet = True
            self._telnet = Telnet((begin or self.partial).endswith(b"\r"))
        text = self._telnet.strip(data)
        if answers := self._telnet.take_answers():
            self._session.negotiate(answers)
        return begin + text

    def _end_at_cr(self, data: bytes) -> bytes:
        """Return ``data`` with LF for each CR that ends a line by itself.

        One at the end waits for what follows it, or for silence. A relay's stay.
        """
        if self._is_after_cr and data:
            self._is_after_cr = False
            if data.startswith(b"\n"):
                self._session.subscription.heard_crlf()
                data = data[1:]
        if self._is_raw:
            return data
        if b"\r" in data or self.partial.endswith(b"\r"):
            data = _LONE_CR.sub(b"\n", self.take_partial() + data)
        return data
