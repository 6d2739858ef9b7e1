"""The head of a request, before it is parsed.

Twisted answers a malformed head without a word, and can't take a length of thousands of
digits for a number. So what it would refuse is refused here, with a sentence.
"""

import re
from typing import Final

from broadcast.web.http import MAX_BODY, refusal

TOO_LARGE: Final = f"a body has {MAX_BODY} bytes at most"
"""The line about a body that is too long."""

MAX_HEADERS: Final = 500
"""Headers of a request, at most: as many as Twisted takes."""

LONGEST_LENGTH: Final = 640
"""Digits of a length, at most: Python takes more for a number only if it is told to."""

BAD_LINE: Final = refusal(
    400,
    "a request begins with METHOD ADDRESS HTTP/1.1:"
    " in the address, other letters than those of ASCII are percent-encoded",
)
"""The answer to a malformed request line."""

BAD_HEADER: Final = refusal(400, "each header is one line, NAME: VALUE")
"""The answer to a malformed header, and to one that goes on in the next line (RFC 9112,
5.2): it may not be the same header to a proxy in front."""

BAD_LENGTH: Final = refusal(400, "a body comes in chunks, or with its length")
"""The answer to a body whose end is not clear."""

TOO_MANY: Final = refusal(431, f"a request has {MAX_HEADERS} headers at most")
"""The answer to too many headers."""

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINE: Final = re.compile(_TOKEN + rb" [!-\xb0]+ HTTP/1\.[01]")  # as Twisted has it
_HEADER: Final = re.compile(_TOKEN + rb":[^\x00\r\n]*")
_LENGTH: Final = re.compile(
    rb"\r\n(?:Content-Length:([^\r]*)|Transfer-Encoding:([^\r]*))", re.IGNORECASE
)


def refusal_of(head: bytes) -> bytes:
    """Return the answer to a malformed head; empty if it can be parsed.

    Args:
        head: the request line and the headers, with the empty line at their end.
    """
    line, *headers = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if _LINE.fullmatch(line) is None:
        return BAD_LINE
    if len(headers) > MAX_HEADERS:
        return TOO_MANY
    if any(_HEADER.fullmatch(header) is None for header in headers):
        return BAD_HEADER
    lengths = _LENGTH.findall(head)
    if len(lengths) > 1:
        return BAD_LENGTH
    return _refusal_of_length(*lengths[0]) if lengths else b""


def _refusal_of_length(length: bytes, encoding: bytes) -> bytes:
    """Return the answer to a body with one of these headers; empty if it is clear."""
    if encoding:
        is_known = encoding.strip(b" \t").lower() in (b"chunked", b"identity")
        return b"" if is_known else BAD_LENGTH
    digits = length.strip(b" \t")
    if not digits.isdigit():
        return BAD_LENGTH
    return refusal(413, TOO_LARGE) if len(digits) > LONGEST_LENGTH else b""
