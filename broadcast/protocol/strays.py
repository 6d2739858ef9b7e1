"""Strays: what comes first from a program that is no client of that port.

Here they are recognised; the connections turn them away. A browser and a client of
lines are answered with a 400, a TLS client with nothing.
"""

import re
from typing import Final

_LINES_WORDS: Final = b"This port speaks lines, not HTTP. Try: nc HOST PORT\n"
_HTTP_WORDS: Final = b"HTTP and WebSocket are spoken here\n"
_TLS_HELLO: Final = b"\x16\x03"
_HTTP_REQUEST: Final = re.compile(rb"[A-Za-z]+ \S+ HTTP/\d[^\n]*\n")
_WEB_REQUEST: Final = re.compile(rb"[!-~]+ [^ \r\n]+ HTTP/\d\.\d\r\n")


def _bad_request(text: bytes) -> bytes:
    return (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(text), text)
    )


LINES_SPOKEN_HERE: Final = _bad_request(_LINES_WORDS)
"""What a browser is answered on a port of lines."""

HTTP_SPOKEN_HERE: Final = _bad_request(_HTTP_WORDS)
"""What a client that speaks lines is answered on a web port."""


def is_tls(data: bytes) -> bool:
    """Tell whether the first bytes of a connection are a TLS client's."""
    return data.startswith(_TLS_HELLO)


def is_http(data: bytes) -> bool:
    """Tell whether the first line of a connection, with its LF, is a request."""
    return _HTTP_REQUEST.match(data) is not None


def is_no_http(data: bytes | bytearray) -> bool:
    """Tell whether what should be a request on a web port begins with another line.

    Nobody who speaks lines, or TLS, has to wait for a timeout.
    """
    return data.startswith(_TLS_HELLO) or (
        b"\n" in data and _WEB_REQUEST.match(data) is None
    )
