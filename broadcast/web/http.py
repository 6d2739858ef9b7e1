"""HTTP: answers, and access to the headers of a request."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from twisted.python.failure import Failure
from twisted.web.server import Request

from broadcast.protocol.sanitize import mend

ALWAYS: Final = {
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}
"""Headers of every answer."""

READ_ONLY: Final = (b"GET", b"HEAD")
"""The methods of a resource that names no others."""

MAX_BODY: Final = 64 * 1024
"""Bytes of a body, at most."""

COMMON: Final = {
    b"Cache-Control": b"no-store",
    b"Content-Security-Policy": b"default-src 'none'; sandbox",
    b"Vary": b"Origin",
    b"X-Accel-Buffering": b"no",
}
"""Further headers of the answers that are no files of the page."""

PLAIN: Final = "text/plain; charset=utf-8"


def answer(
    request: Request,
    status: int,
    kind: str,
    body: bytes,
    more: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """Set status and headers; return ``body``, which has the media type ``kind``."""
    request.setResponseCode(status, HTTPStatus(status).phrase.encode())
    own = {b"Content-Type": kind.encode(), b"Cache-Control": b"no-store"}
    for name, value in {**ALWAYS, **own, **(more or {})}.items():
        request.setHeader(name, value)
    return body


def head_of(status: int, kind: str, more: Mapping[bytes, bytes] | None = None) -> bytes:
    """Return the head of the last answer on a connection, of the type ``kind``."""
    own = {b"Content-Type": kind.encode(), b"Connection": b"close"}
    named = {**ALWAYS, **COMMON, **own, **(more or {})}
    lines = [b"%b: %b" % pair for pair in named.items()]
    first = b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())
    return b"\r\n".join([first, *lines, b"", b""])


def refusal(
    status: int, message: str, more: Mapping[bytes, bytes] | None = None
) -> bytes:
    """Return the whole answer to a request whose rest is not read."""
    return whole(status, PLAIN, f"{message}\n".encode(), more)


def whole(
    status: int, kind: str, body: bytes, more: Mapping[bytes, bytes] | None = None
) -> bytes:
    """Return the last answer on a connection, head and body."""
    length = {b"Content-Length": b"%d" % len(body)}
    return head_of(status, kind, {**length, **(more or {})}) + body


def say(request: Request, status: int, message: str) -> bytes:
    """Answer with the line ``message``."""
    return answer(request, status, PLAIN, f"{message}\n".encode(), COMMON)


def headers(request: Request, name: str) -> list[str]:
    """Return the values of all headers of that ``name``."""
    values = request.requestHeaders.getRawHeaders(name.encode(), [])
    return [value.decode("latin-1") for value in values]


NOTHING: Final = "there is nothing here"
"""The line about a path where nothing is."""


def unknown_parameter(request: Request, known: Sequence[str]) -> str | None:
    """Return what to say of a parameter that is none of ``known``; None: all are."""
    for given in request.args:
        name = given.decode(errors="replace")
        if name not in known:
            return f"there is no parameter {mend(name)[:32]}: give {_listed(known)}"
    return None


def allowed(methods: Sequence[bytes]) -> tuple[str, dict[bytes, bytes]]:
    """Return the line and the header that refuse all but these methods."""
    names = [method.decode() for method in methods]
    return f"only {_listed(names, 'and')} here", {b"Allow": b", ".join(methods)}


def _listed(words: Sequence[str], last: str = "or") -> str:
    first = ", ".join(words[:-1])
    return f"{first} {last} {words[-1]}" if first else words[-1]


NO_BODY: Final = refusal(413, "no request has a body but POST /say")
"""The answer to a request that announces a body where none is wanted."""

TOO_LONG: Final = refusal(431, "a request line and its headers have 16 KiB at most")
"""The answer to a request whose head is too long."""

_TAG: Final = re.compile(r'(?:W/)?("[!#-~\x80-\xff]*")')


def is_current(known: list[str], tag: str) -> bool:
    """Tell whether a client's copy is current (RFC 9110, 13.1.2).

    Args:
        known: its If-None-Match headers; weak tags count like strong ones.
        tag: the current entity tag, in its quotes.
    """
    values = ", ".join(known)
    return values.strip() == "*" or tag in _TAG.findall(values)


def accepts_gzip(accepted: list[str]) -> bool:
    """Tell whether a client takes gzip (RFC 9110, 12.5.3): by name, or by ``*``.

    Args:
        accepted: its Accept-Encoding headers.
    """
    weights: dict[str, bool] = {}
    for given in ", ".join(accepted).lower().split(","):
        name, *parameters = (part.strip() for part in given.split(";"))
        weights[name] = not any(_NEVER.fullmatch(each) for each in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


_NEVER: Final = re.compile(r"q\s*=\s*0(\.0*)?")


class IUpgraded(Protocol):
    """The receiver of the bytes after an upgrade."""

    def data_received(self, data: bytes) -> None:
        """Process bytes."""

    def connection_lost(self, reason: Failure) -> None:
        """Clean up: the connection is lost."""


class IStream(IUpgraded, Protocol):
    """An answer that goes on for long, with the transport to itself."""

    @property
    def goes_on(self) -> bool:
        """Tell whether it is written on, though the other end has closed its side."""
