"""The first bytes of a connection of lines, held until it is known to be no stray.

A byte order mark and blank lines may stand before the line that tells.
"""

import re
from typing import Final

from broadcast.protocol import strays
from broadcast.protocol.strays import Stray

BOM: Final = b"\xef\xbb\xbf"

HALF_LINE_WAIT: Final = 3.0
"""Seconds of silence that end an unfinished first line (``--flush-partial``) which may
still become a request."""

MAX_HELD: Final = 4096
"""Bytes of blank lines that are held at most."""

_BLANKS: Final = re.compile(rb"(?:\r?\n)*+")
_CRLF: Final = b"\r\n"
_LOOKED_AT: Final = 4  # bytes of blank lines that a PROXY header has


class FirstBytes:
    """The bytes received before a connection's first line is whole.

    Args:
        is_raw: the connection is a relay's: each blank line counts.
        is_narrow: only TLS and HTTP are turned away.

    Attributes:
        data: the bytes of the first line, and those after it.
    """

    __slots__ = ("_before", "_held", "_is_begun", "_is_narrow", "_is_raw", "data")

    def __init__(self, is_raw: bool, is_narrow: bool) -> None:
        self._is_raw = is_raw
        self._is_narrow = is_narrow
        self._is_begun = False
        self._held = b""
        self._before = b""
        self.data = b""

    def take(self, data: bytes) -> Stray | None:
        """Take all that has come since the blank lines; return what it comes from."""
        if not self._is_begun and data.startswith(BOM):
            self._hold(data[:3])
            data = data[3:]
        if blank := _BLANKS.match(data)[0]:  # type: ignore[index]  # it always matches
            self._hold(blank)
            self._before = (self._before + blank)[-_LOOKED_AT:]
            data = data[len(blank) :]
        self.data = data
        return strays.find(data, self._before, self._is_narrow)

    @property
    def is_unknown(self) -> bool:
        """More has to come before it is known whether this is a stray."""
        return strays.is_unknown(self.data, self._before, self._is_narrow)

    @property
    def is_full(self) -> bool:
        """So many blank lines are held that they have to be let go."""
        return len(self._held) > MAX_HELD

    def release(self) -> bytes:
        """Return what is held of before the first line: it is let go."""
        held, self._held = self._held, b""
        return held

    def release_blank(self) -> bytes:
        """Return the blank lines that are held, if any are: they are let go."""
        return self.release() if self._held.endswith(b"\n") else b""

    def patience(self, half_line: bytes, delay: float) -> float | None:
        """Return after how much silence ``half_line`` is a line; None: never.

        Args:
            half_line: the first line, without its end.
            delay: the seconds of any other line.
        """
        if strays.find(half_line + b"\n", self._before, self._is_narrow) is not None:
            return delay
        if strays.is_request(half_line) and not half_line.endswith(b"\r"):
            return None
        may_be = strays.may_be_stray(half_line, self._before, self._is_narrow)
        return max(delay, HALF_LINE_WAIT) if may_be else delay

    def _hold(self, data: bytes) -> None:
        """Hold ``data``; of blank lines that mean nothing only how they end."""
        self._is_begun = True
        if self._is_raw or data == BOM:
            self._held += data
            return
        mark = BOM if self._held.startswith(BOM) else b""
        has_crlf = _CRLF in data or _CRLF in self._held
        self._held = mark + (_CRLF if has_crlf else b"\n")
