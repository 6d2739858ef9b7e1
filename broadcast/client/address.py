"""The address of a server: its URL, checked, and other programs that may be there."""

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from broadcast.client.errors import AddressError

DEFAULT_PORT = 8000

_LIKELY = re.compile(
    r"(tcp|tls|wss?)://\S+|unix:/\S+|([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[1-9]\d{3,4}"
)

_PORT = re.compile("[0-9]{1,5}")

CLOSED = "the server closed the connection"
RESET = "the server reset the connection"
NO_HOST = "no such host"
SILENT = "no broadcast server answers there"
_OTHER = {"tcp": "tls", "tls": "tcp", "ws": "wss", "wss": "ws"}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address. ``path`` is the socket's for unix, the resource's for ws.

    ``others`` are those of other servers of the same room, to be tried in turn.
    """

    scheme: str
    host: str
    port: int = 0
    path: str = ""
    ca: str | None = None
    others: tuple["Address", ...] = ()

    @property
    def is_tls(self) -> bool:
        """Whether the certificate and host name are to be verified."""
        return self.scheme in ("tls", "wss")

    @property
    def is_web(self) -> bool:
        """Whether the lines travel in WebSocket frames."""
        return self.scheme in ("ws", "wss")

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along: TLS, or this machine."""
        local = self.host in ("localhost", "::1") or self.host.startswith("127.")
        is_own = self.is_tls or self.scheme == "unix" or local
        return is_own and all(other.is_private for other in self.others)

    @property
    def where(self) -> str:
        """Host and port, or the socket's path, as a person writes them."""
        if self.scheme == "unix":
            return self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        """As a URL."""
        if self.scheme == "unix":
            return f"unix:{self.path}"
        return f"{self.scheme}://{self.where}{self.path}"


DEFAULT_ADDRESS = Address("tcp", "127.0.0.1", DEFAULT_PORT)


def is_likely(word: str) -> bool:
    """Whether a word is hardly anything but an address: a URL, or host and port.

    Only ports of four or five digits count, so that ``foo.py:12`` is a word like
    others.
    """
    return all(_LIKELY.fullmatch(each) for each in word.split(","))


def parse_address(text: str, ca: str | None = None) -> Address:
    """The address in a URL: ``tcp:``, ``tls:``, ``ws:``, ``wss:`` or ``unix:/path``.

    A plain ``host`` or ``host:port`` is tcp. The port is 8000 unless given (80 and 443
    for ws and wss), the path of a WebSocket ``/ws``. Several addresses have commas
    between them.

    Raises:
        AddressError: in words for a person.
    """
    first, *others = text.split(",") if not text.startswith("unix:") else [text]
    address = _one_address(first, ca)
    if not others:
        return address
    return replace(address, others=tuple(_one_address(each, ca) for each in others))


def _one_address(text: str, ca: str | None) -> Address:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if not path:
            raise AddressError(f"{text!r} names no socket; give unix:/path")
        return Address("unix", "", 0, path)
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "tcp", text
    scheme = scheme.lower()
    ports = {"tcp": DEFAULT_PORT, "tls": DEFAULT_PORT, "ws": 80, "wss": 443}
    if scheme not in ports:
        raise AddressError(
            f"{text!r}: unknown scheme; give tcp://, tls://, ws://, wss:// or unix:"
        )
    return _network_address(text, scheme, rest, ports[scheme], ca)


def _network_address(
    text: str, scheme: str, rest: str, port: int, ca: str | None
) -> Address:
    if rest.count(":") > 1 and not rest.startswith("["):
        raise AddressError(
            f"{text!r}: an IPv6 address without brackets; give [ADDRESS]:PORT"
        )
    try:
        parts = urlsplit(f"//{rest}")
        host = parts.hostname or ""
    except ValueError:
        raise AddressError(
            f"{text!r} is not an address; give {scheme}://host:port"
        ) from None
    try:
        port = port if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise AddressError(f"{text!r}: no such port; give a number from 1 to 65535")
    if not host or parts.username is not None or parts.fragment:
        raise AddressError(f"{text!r} is not an address; give {scheme}://host:port")
    if _PORT.fullmatch(host):
        raise AddressError(
            f"{text!r}: {host} is a port, and no host; give -p {host}, or HOST:{host}"
        )
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if scheme in ("ws", "wss"):
        path = "/ws" + path.removeprefix("/") if path[:2] in ("", "/", "/?") else path
    elif path not in ("", "/"):
        raise AddressError(f"{text!r}: {scheme}:// has no path; leave it out")
    else:
        path = ""
    if not all(c.isprintable() and c not in ' "<>\\' for c in text):
        raise AddressError(
            f"{text!r} has a character that no address has; leave it out"
        )
    return Address(scheme, host, port, path, ca)


def advice(reason: str, address: Address) -> str:
    """Return why a connection failed, with another URL to try where that helps."""
    other = _OTHER.get(address.scheme)
    if reason == SILENT and address.scheme == "tcp":
        return f"{reason}; if it is a web port, try ws://{address.where}"
    is_handshake = reason.startswith("[") and "SSL" in reason  # as OpenSSL says it
    if other is None or not (is_handshake or reason in (CLOSED, RESET)):
        return reason
    what = "speaks no TLS" if address.is_tls else "speaks TLS"
    return f"{reason}; if it {what}, try {other}://{address.where}"
