"""Telnet negotiation (RFC 854), swallowed before lines are split, and answered.

No option is done here: every DO is answered WONT, every WILL DONT, each time that it
comes (RFC 1143). WONT and DONT say what holds anyway, and are never answered.

A peer that sends nothing but negotiation must not hold up the others: the passes over
the bytes are made by ``re``, and there are few of them, whatever the bytes are.
"""

import re
from typing import Final

IAC: Final = b"\xff"
_SE: Final = b"\xff\xf0"
_WILL, _WONT, _DO, _DONT = b"\xfb", b"\xfc", b"\xfd", b"\xfe"
_NO: Final = bytes.maketrans(_DO + _WILL, _WONT + _DONT)

MAX_SUBNEGOTIATION = 512
"""Bytes; a longer subnegotiation is none: its bytes are a line's again."""

_MAX_BODY: Final = MAX_SUBNEGOTIATION - 4

_ASKED = re.compile(rb"(?:\xff[\xfc\xfe].)*+((?:\xff[\xfb\xfd].)*+)", re.DOTALL)

_Kept = list[tuple[bytes, bytes]]
"""The rest of a stream: its negotiation, and the text behind it."""


def _grammar(commands: bytes, subnegotiation: bytes) -> re.Pattern[bytes]:
    """Return what finds WILL, WONT, DO, DONT; then text and IAC IAC, or the rest.

    The rest is a sequence that is not whole.

    Args:
        commands: the class of bytes that are a sequence of two with IAC.
        subnegotiation: a sequence more, or nothing; WILL, WONT, DO, DONT are three.
    """
    skipped = rb"(?:\xff%b%b)*" % (commands, subnegotiation)
    agreed = rb"((?:\xff[\xfb-\xfe].)*)"
    kept = rb"((?:[^\xff]+|\xff\xff)+|(?!\xff[\xfb-\xfe].)\xff.*|)"
    return re.compile(skipped + agreed + skipped + kept, re.DOTALL)


_WITH_BODIES = _grammar(rb"[^\xfa-\xff]", rb"|\xff\xfa.{0,%d}?\xff\xf0" % _MAX_BODY)
_WITHOUT = _grammar(rb"[^\xfb-\xff]", b"")


class Telnet:
    """Takes the IAC sequences out of a stream, however it is cut.

    CR NUL, which ends a line as CR LF does (RFC 1123, 3.3.1), becomes CR LF.

    Args:
        is_after_cr: the byte before the stream was CR.
    """

    __slots__ = ("_answers", "_held", "_is_after_cr")

    def __init__(self, is_after_cr: bool = False) -> None:
        self._held = b""
        self._answers = b""
        self._is_after_cr = is_after_cr

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
        self._refuse(b"".join([agreed for agreed, _ in kept]))
        text = b"".join([text for _, text in kept]).replace(IAC + IAC, IAC)
        return self._with_line_ends(text)

    def take_answers(self) -> bytes:
        """Return what there is to answer to what has been swallowed since."""
        answers, self._answers = self._answers, b""
        return answers

    def _refuse(self, agreed: bytes) -> None:
        """Answer what is asked, in sequences of three bytes: none of it is done."""
        if agreed:
            asked = b"".join(_ASKED.findall(agreed))
            answers = bytearray(asked)
            answers[1::3] = asked[1::3].translate(_NO)
            self._answers += answers

    def _with_line_ends(self, text: bytes) -> bytes:
        """Return ``text`` with CR LF for each CR NUL, the one of two reads included."""
        if not text:
            return text
        if self._is_after_cr and text.startswith(b"\0"):
            text = b"\n" + text[1:]
        self._is_after_cr = text.endswith(b"\r")
        return text.replace(b"\r\0", b"\r\n")


def _split(grammar: re.Pattern[bytes], data: bytes) -> tuple[_Kept, bytes]:
    """Return what is kept of ``data``, and the rest, which begins with no sequence."""
    kept: _Kept = grammar.findall(data)
    last = b"".join([text for _, text in kept[-2:]])  # the very last one is empty
    if last[:1] == IAC and last[1:2] != IAC:
        end = [(agreed, b"") for agreed, _ in kept[-2:]]
        return kept[:-2] + end, last
    return kept, b""
