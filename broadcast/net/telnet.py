"""Telnet negotiation (RFC 854), swallowed before lines are split.

Whoever sends nothing but negotiation must not hold up the others: the passes over
the bytes are made by ``re``, and there are few of them, whatever the bytes are.
"""

import re
from typing import Final

IAC: Final = b"\xff"
_SE: Final = b"\xff\xf0"

MAX_SUBNEGOTIATION = 512
"""Bytes; a longer subnegotiation is none: its bytes are a line's again."""

_MAX_BODY: Final = MAX_SUBNEGOTIATION - 4


def _grammar(commands: bytes, subnegotiation: bytes) -> re.Pattern[bytes]:
    """Return what finds what is kept: text and IAC IAC, and the unfinished end.

    Args:
        commands: the class of bytes that are a sequence of two with IAC.
        subnegotiation: a sequence more, or nothing; WILL, WONT, DO, DONT are three.
    """
    swallowed = rb"(?:\xff%b|\xff[\xfb-\xfe].%b)*" % (commands, subnegotiation)
    return re.compile(swallowed + rb"((?:[^\xff]+|\xff\xff)+|\xff.*|)", re.DOTALL)


_WITH_BODIES = _grammar(rb"[^\xfa-\xff]", rb"|\xff\xfa.{0,%d}?\xff\xf0" % _MAX_BODY)
_WITHOUT = _grammar(rb"[^\xfb-\xff]", b"")


class Telnet:
    """Takes the IAC sequences out of a stream, however it is cut."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = b""

    def strip(self, data: bytes) -> bytes:
        """Return ``data`` without negotiation; an unfinished end is held back."""
        kept, left = _split(_WITH_BODIES, self._held + data)
        while len(left) >= MAX_SUBNEGOTIATION:
            # No subnegotiation that begins here, or before ``near``, has an end.
            end = left.find(_SE, 2)
            near = (len(left) - 1 if end < 0 else end) - 2 - _MAX_BODY
            far, cut = _split(_WITHOUT, left[2:near])
            more, left = _split(_WITH_BODIES, cut + left[max(2, near) :])
            kept += far + more
        self._held = left
        return b"".join(kept).replace(IAC + IAC, IAC)


def _split(grammar: re.Pattern[bytes], data: bytes) -> tuple[list[bytes], bytes]:
    """Return what is kept of ``data``, and the rest, which begins with no sequence."""
    kept: list[bytes] = grammar.findall(data)
    last = b"".join(kept[-2:])  # the very last is empty: there the bytes end
    if last[:1] == IAC and last[1:2] != IAC:
        return kept[:-2], last
    return kept, b""
