"""Addresses of hosts and networks: parsing, and equality.

An IPv4 address that is mapped into IPv6 (``::ffff:192.0.2.7``) is the IPv4 address: a
listener for both families reports every IPv4 peer that way. A zone (``%eth0``) is
dropped.
"""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Host = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_MAPPED = IPv6Network("::ffff:0:0/96")

_DOTTED = re.compile(r"(?=.*[.])(0x[0-9a-f]+|[0-9]*)([.](0x[0-9a-f]+|[0-9]*))*")
"""Numbers with dots between them, as inet_aton(3) accepts them. They may be octal or
hexadecimal, fewer than four, and more than 255."""


def read_host(text: str) -> Host | None:
    """Return the host whose address ``text`` is; None if it is no address."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def host_at(address: str) -> Host | None:
    """Return the host in ``1.2.3.4:56`` or ``[::1]:56``; None if there is none."""
    return read_host(address.rpartition(":")[0].strip("[]"))


def host_of(address: str) -> str:
    """Return the host that ``address`` (``1.2.3.4:56``, ``[::1]:56``) is counted as.

    Each IPv4 address is a host. So is each /64 of IPv6, the usual allocation to a
    customer. All unix sockets together are a single host.
    """
    found = host_at(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return "local" if found is None else str(found)


def is_loopback(text: str) -> bool:
    """Tell whether ``text`` is a loopback address, mapped into IPv6 or not."""
    found = read_host(text)
    return found is not None and found.is_loopback


def network_of(text: str) -> Network | None:
    """Return the network that ``text`` names; a single address is the smallest."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, IPv4Network):
        return found
    first, length = int(found.network_address), found.prefixlen
    if found.subnet_of(_MAPPED):
        return IPv4Network((first & 0xFFFF_FFFF, length - _MAPPED.prefixlen))
    return IPv6Network((first, length))


def is_ambiguous(text: str) -> bool:
    """Tell whether ``text`` is an address to some programs, and none to the daemon.

    ``010.0.0.1`` is 8.0.0.1 to some programs and 10.0.0.1 to others; ``127.1`` and
    ``0x7f.1`` are 127.0.0.1 to inet_aton(3). An address with a zone is meaningful on a
    single network interface only.
    """
    if "%" in text:
        return True
    return network_of(text) is None and _DOTTED.fullmatch(text.lower()) is not None
