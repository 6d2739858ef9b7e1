"""The Origin (RFC 6454, 7) and the Host of a request: may its page use the server?

Browsers send an Origin with every WebSocket handshake and ask for no permission.
Without this check, any page that a member visits could listen and speak here. The Host
is the name by which the browser reached the server. A page whose own name is made to
point to this machine (DNS rebinding) has the server's own origin, so on a loopback
address the Host is checked too.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.ASCII)


class Origin(NamedTuple):
    """Scheme, host and port: pages with the same origin are a single site.

    The port is 0 for a scheme without a default port; ``null`` is a scheme alone.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as a browser writes it."""
        if self == NULL:
            return "null"
        default = _PORTS.get(self.scheme, 0)
        port = "" if self.port == default else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


NULL: Final = Origin("null", "", 0)
"""The origin that a browser sends for a page without an origin. Every site can make
such a page: a sandboxed frame, a redirect."""


def parse(text: str) -> Origin | None:
    """Parse an origin; return None if ``text`` is none, such as a URL with a path.

    An origin is ``null``, ``scheme://host`` or ``scheme://host:port``, without a
    trailing slash. ``file://`` and the schemes of apps may have no host.
    """
    lower = text.lower()
    if lower == "null":
        return NULL
    scheme, separator, authority = lower.partition("://")
    if not separator or _SCHEME.fullmatch(scheme) is None:
        return None
    if not authority and scheme not in _PORTS:
        return Origin(scheme, "", 0)
    where = _host_and_port(authority, _PORTS.get(scheme, 0))
    return Origin(scheme, *where) if where else None


def parse_all(value: str) -> frozenset[Origin]:
    """Parse origins that are separated by spaces or commas.

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


def parse_sites(value: str) -> frozenset[Origin]:
    """Parse origins of web sites: like ``parse_all``, but only http and https.

    Raises:
        ValueError: one of them is no origin, or none of a web site.
    """
    found = parse_all(value)
    for origin in found:
        if origin.scheme not in _PORTS:
            raise ValueError(
                f"{str(origin)!r} is no web site; give one such as https://example.org"
            )
    return found


def may_talk(
    origins: list[str], host: str, allowed: frozenset[tuple[str, str, int]]
) -> bool:
    """Tell whether a request may become a WebSocket.

    Args:
        origins: its Origin headers. A request without any is from no browser, and
            allowed.
        host: its Host header. The same host and port are allowed over http and https:
            behind a proxy that ends TLS the browser's scheme is unknown.
        allowed: other allowed origins.
    """
    if not origins:
        return True
    if len(origins) != 1 or (origin := parse(origins[0])) is None:
        return False
    if origin in allowed:
        return True
    if origin.scheme not in _PORTS:
        return False
    own = _host_and_port(host.lower(), _PORTS[origin.scheme])
    return own == (origin.host, origin.port)


def host_in(authority: str) -> str | None:
    """Return the host in ``host`` or ``host:port``, in lower case; None if invalid.

    A port may be empty (RFC 3986, 3.2.3).
    """
    where = _host_and_port(authority.lower().removesuffix(":"), 0)
    return where[0] if where else None


def is_known(host: str, allowed: Iterable[tuple[str, str, int]]) -> bool:
    """Tell whether ``host`` is a name that no third party can point to this machine.

    Args:
        host: a host in lower case, as ``host_in`` returns it.
        allowed: origins whose hosts are known.
    """
    return (
        host == "localhost"
        or _is_literal(host)
        or any(host == known != "" for _, known, _ in allowed)
    )


def _is_literal(host: str) -> bool:
    try:
        if host.startswith("["):
            IPv6Address(host[1:-1])
        else:
            IPv4Address(host)
    except ValueError:
        return False
    return True


def _host_and_port(text: str, default: int) -> tuple[str, int] | None:
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    if not found[2]:
        return (found[1], default)
    port = int(found[2])
    return (found[1], port) if 0 < port < 1 << 16 else None
