"""HTTP: what is answered, and read of a request, beside Twisted's own."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol

from twisted.python.failure import Failure
from twisted.web.server import Request

_ALWAYS: Final = {
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}

NO_BODY: Final = (
    b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
"""What a request is answered that announces a body."""

TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
"""What a request is answered whose head is too long."""


def answer(
    request: Request,
    status: int,
    kind: str,
    body: bytes,
    more: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """Answer with ``body``, which is of the media type ``kind``."""
    request.setResponseCode(status, HTTPStatus(status).phrase.encode())
    own = {b"Content-Type": kind.encode(), b"Cache-Control": b"no-store"}
    for name, value in {**_ALWAYS, **own, **(more or {})}.items():
        request.setHeader(name, value)
    return body


def say(request: Request, status: int, message: str) -> bytes:
    """Answer with a line of ``message``."""
    return answer(request, status, "text/plain; charset=utf-8", f"{message}\n".encode())


def headers(request: Request, name: str) -> list[str]:
    """Return the values of all headers of that ``name``."""
    values = request.requestHeaders.getRawHeaders(name.encode(), [])
    return [value.decode("latin-1") for value in values]


_TAG: Final = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')


def is_current(known: list[str], tag: str) -> bool:
    """Tell whether a client has what ``tag`` stands for (RFC 9110, 13.1.2).

    Args:
        known: its If-None-Match headers; weak tags are as good as strong ones.
        tag: the entity tag, in its quotes.
    """
    values = ", ".join(known)
    return values.strip() == "*" or tag in _TAG.findall(values)


class IUpgraded(Protocol):
    """What gets the bytes once HTTP is over."""

    def data_received(self, data: bytes) -> None:
        """Take bytes."""

    def connection_lost(self, reason: Failure) -> None:
        """Be gone."""
