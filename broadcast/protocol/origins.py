"""May a page from there talk to us? The Origin of a request (RFC 6454, 7).

Browsers send it with every WebSocket handshake and ask nobody whether they may:
without this check, any page that a member visits could listen and speak here.
"""

import re
from typing import NamedTuple

_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)


class Origin(NamedTuple):
    """Scheme, host and port: two pages with the same are one site."""

    scheme: str
    host: str
    port: int


def parse(text: str) -> Origin | None:
    """Return the origin that ``text`` is; None if it is none: ``null``, a URL.

    An origin is ``scheme://host`` or ``scheme://host:port``, and not a
    character more.
    """
    scheme, separator, authority = text.lower().partition("://")
    if not separator or scheme not in _PORTS:
        return None
    where = _host_and_port(authority, _PORTS[scheme])
    return Origin(scheme, *where) if where else None


def parse_all(value: str) -> frozenset[Origin]:
    """Return the origins listed, between spaces or commas.

    Raises:
        ValueError: one of them is no origin.
    """
    found = set()
    for word in value.replace(",", " ").split():
        if (origin := parse(word)) is None:
            raise ValueError(
                f"{word!r} is no origin; give one such as https://example.org"
            )
        found.add(origin)
    return frozenset(found)


def may_talk(
    origins: list[str], host: str, allowed: frozenset[tuple[str, str, int]]
) -> bool:
    """Tell whether a request may become a WebSocket.

    Args:
        origins: its Origin headers. None at all: no browser, which may.
        host: its Host header. The same host and port may, over http or https:
            behind a proxy that ends TLS we can't tell which the browser used.
        allowed: other origins that may.
    """
    if not origins:
        return True
    if len(origins) != 1 or (origin := parse(origins[0])) is None:
        return False
    own = _host_and_port(host.lower(), _PORTS[origin.scheme])
    return own == (origin.host, origin.port) or origin in allowed


def _host_and_port(text: str, default: int) -> tuple[str, int] | None:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    port = int(found[2]) if found[2] else default
    return (found[1], port) if 0 < port < 1 << 16 else None
