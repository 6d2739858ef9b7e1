"""What the HTTP face answers with, and the headers that go with all of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from twisted.web.server import Request

_ALWAYS: Final = {
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}


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


def say(request: Request, status: int, words: str) -> bytes:
    """Answer with a line of ``words``."""
    return answer(request, status, "text/plain; charset=utf-8", f"{words}\n".encode())


def headers(request: Request, name: str) -> list[str]:
    """Return the values of all headers of that ``name``."""
    values = request.requestHeaders.getRawHeaders(name.encode(), [])
    return [value.decode("latin-1") for value in values]
