"""Hosts and networks, as bans and limits count them.

An IPv4 address mapped into IPv6 (``::ffff:192.0.2.7``) is the IPv4 one: where a
listener takes both, everybody from IPv4 comes so. A zone (``%eth0``) is nothing.
"""

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


def host_at(address: str) -> Host | None:
    """Return the host in ``1.2.3.4:56`` or ``[::1]:56``; None: there is none."""
    text = address.rpartition(":")[0].strip("[]")
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(text: str) -> Network | None:
    """Return the network that ``text`` names, one address being the smallest."""
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


def host_of(address: str) -> str:
    """Return whom ``address`` (``1.2.3.4:56``, ``[::1]:56``) is counted as.

    IPv4 one by one, IPv6 by /64, which is what one customer is given; all that
    come over unix sockets together.
    """
    found = host_at(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return "local" if found is None else str(found)
