"""The addresses of this machine that other machines use."""

import contextlib
import ipaddress
import socket
import struct
from typing import Any

from broadcast.net import sockopts

ANY = ("0.0.0.0", "::")
"""The addresses that stand for all of a machine's."""

_GET_ADDRESS = 0x8915
"""``SIOCGIFADDR`` of Linux; elsewhere the routes alone tell."""


def reachable(address: Any) -> str:
    """Return an address as others type it: of all interfaces, the one they come by.

    The machine's name where no route leads to them.
    """
    host = getattr(address, "host", None)
    if host not in ANY:
        return sockopts.name_of(address)
    is_new = host == "::"
    family = socket.AF_INET6 if is_new else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:  # sends nothing: it only asks for the way (addresses of RFC 5737, 3849)
            probe.connect(("2001:db8::1" if is_new else "192.0.2.1", 9))
            own = probe.getsockname()[0]
        except OSError:
            own = socket.gethostname()
    return _joined(own, address.port)


def all_reachable(address: Any) -> list[str]:
    """Return all that others may type for an address of all interfaces.

    That which ``reachable`` finds comes first, then the IPv4 address of each interface
    that is neither loopback nor link-local.
    """
    found = [reachable(address)]
    for host in _configured():
        own = ipaddress.ip_address(host)
        if not (own.is_loopback or own.is_link_local):
            found.append(_joined(host, address.port))
    return list(dict.fromkeys(found))


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _configured() -> list[str]:
    try:
        import fcntl
    except ImportError:  # Windows
        return []
    found = []
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(sock, _GET_ADDRESS, request)
                found.append(socket.inet_ntoa(answer[20:24]))
    return found
