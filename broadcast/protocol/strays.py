"""Strays: the first bytes of a program that is no client of that port.

Here they are recognised and answered; the connections turn them away. Only the first
line that isn't blank is examined, with the blank lines that stand right before it.
"""

import re
from enum import Enum
from typing import Final

_LINES_WORDS: Final = "This port speaks lines, not HTTP. Try: nc HOST PORT\n"
_PAGE_WORDS: Final = "This port speaks lines, not HTTP. The page is at {page}\n"
_HTTP_WORDS: Final = "HTTP and WebSocket are spoken here\n"
_SSH_WORDS: Final = b"* This port speaks lines, not SSH. Try: nc HOST PORT\r\n"
_PROXY_WORDS: Final = (
    b"* This port expects no PROXY header: haproxy:tcp:PORT would be one that does\r\n"
)
_TLS_HELLO: Final = b"\x16\x03"
_WEB_REQUEST: Final = re.compile(rb"[!-~]+ [^ \r\n]+ HTTP/\d\.\d\r\n")

# ``\S*:`` may as well end at its first colon: what follows is then the longest.
_REQUEST_BEGIN: Final = re.compile(rb"[A-Z][A-Z-]{2,} (?:/|\*|[^\s:]*:)")
_REQUEST_END: Final = re.compile(rb" (?:HTTP|RTSP|SIP)/\d(?:\.\d)?\Z")
_LONGEST_END: Final = len(" HTTP/1.1")
_SSH: Final = re.compile(rb"SSH-\d\.\d+-\S")
_PROXY: Final = re.compile(rb"PROXY (?:TCP4|TCP6|UNKNOWN)(?: |\Z)")
_PROXY_V2_BLANK: Final = b"\r\n\r\n"
_PROXY_V2: Final = b"\0\r\nQUIT\n"

_METHODS: Final = (
    *(b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"),
    *(b"PRI", b"PROPFIND", b"INVITE", b"REGISTER", b"DESCRIBE"),
)
"""Of unfinished requests; half a ``CONNECT`` is a handshake, which doesn't wait."""

_HALF_TARGET: Final = re.compile(rb"(?:%b) [^\s:]*\Z" % b"|".join(_METHODS))
_FIRST_WORDS: Final = (_TLS_HELLO, *[method + b" " for method in _METHODS])
_MORE_WORDS: Final = (
    *(b"SSH-2.0-", b"SSH-1.99-", b"SSH-1.5-"),
    *(b"PROXY TCP4", b"PROXY TCP6", b"PROXY UNKNOWN"),
)


class Stray(Enum):
    """Programs that are no clients of lines; the value is what the log says."""

    TLS = "a TLS client"
    HTTP = "an HTTP request"
    SSH = "an SSH client"
    PROXY = "a PROXY header"


_NARROW: Final = (Stray.TLS, Stray.HTTP)
"""The strays where the bytes are others' own: in a relay, and from a feed."""


def find(data: bytes, before: bytes = b"", is_narrow: bool = False) -> Stray | None:
    """Return what a connection is that begins so; None: no stray, or not known yet.

    Args:
        data: its bytes, from its first line on that isn't blank.
        before: the end, at least, of the blank lines that come before.
        is_narrow: only TLS and HTTP are turned away.
    """
    if data.startswith(_TLS_HELLO):
        return Stray.TLS
    if _is_proxy_v2(data, before):
        found: Stray | None = Stray.PROXY
    else:
        line, end, _ = data.partition(b"\n")
        found = _find_in_line(line.removesuffix(b"\r")) if end else None
    return None if is_narrow and found not in _NARROW else found


def is_unknown(data: bytes, before: bytes = b"", is_narrow: bool = False) -> bool:
    """Tell whether more has to come before one knows; see ``find``."""
    if b"\n" not in data:
        return True
    may_be = not is_narrow and before.endswith(_PROXY_V2_BLANK)
    return may_be and _PROXY_V2.startswith(data)


def is_request(half_line: bytes) -> bool:
    """Tell whether the unfinished first line is a request's by all that one sees."""
    return _REQUEST_BEGIN.match(half_line) is not None


def may_be_stray(half: bytes, before: bytes = b"", is_narrow: bool = False) -> bool:
    """Tell whether ``half`` a first line may still become a well-known stray's."""
    words = _FIRST_WORDS if is_narrow else _FIRST_WORDS + _MORE_WORDS
    if any(word.startswith(half) for word in words) or _HALF_TARGET.match(half):
        return True
    if is_narrow:
        return False
    return half == b"\r" or (
        before.endswith(_PROXY_V2_BLANK) and _PROXY_V2.startswith(half)
    )


def answer(stray: Stray, page: str = "") -> bytes:
    """Return what ``stray`` is told before it is closed.

    Args:
        stray: the kind of the program.
        page: the address of the page, where there is one.
    """
    if stray is Stray.HTTP:
        words = _PAGE_WORDS.format(page=page) if page else _LINES_WORDS
        return _bad_request(words.encode())
    return {Stray.TLS: b"", Stray.SSH: _SSH_WORDS, Stray.PROXY: _PROXY_WORDS}[stray]


def _bad_request(text: bytes) -> bytes:
    return (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(text), text)
    )


HTTP_SPOKEN_HERE: Final = _bad_request(_HTTP_WORDS.encode())
"""The answer to a client that speaks lines on a web port."""


def is_no_http(data: bytes | bytearray) -> bool:
    """Tell whether what should be a request on a web port begins with another line.

    Nobody who speaks lines, or TLS, has to wait for a timeout.
    """
    return data.startswith(_TLS_HELLO) or (
        b"\n" in data and _WEB_REQUEST.match(data) is None
    )


def _is_proxy_v2(data: bytes, before: bytes) -> bool:
    """Tell whether these are the 12 bytes; the first four are two blank lines."""
    return before.endswith(_PROXY_V2_BLANK) and data.startswith(_PROXY_V2)


def _find_in_line(line: bytes) -> Stray | None:
    """Return what begins with ``line``, whole and without its end.

    The ends of a request are looked at one by one: a pattern for all of it would take
    the square of its length for one that has many colons.
    """
    begin = _REQUEST_BEGIN.match(line)
    end = _REQUEST_END.search(line, max(0, len(line) - _LONGEST_END))
    if begin and end and begin.end() <= end.start():
        return Stray.HTTP
    if _SSH.match(line):
        return Stray.SSH
    return Stray.PROXY if _PROXY.match(line) else None
