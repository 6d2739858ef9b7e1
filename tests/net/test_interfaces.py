"""The addresses that others use, of a port of all interfaces."""

import socket

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from broadcast.net.interfaces import all_reachable, reachable


def test_an_address_is_found_under_itself() -> None:
    """As it stands, IPv6 in brackets."""
    assert reachable(IPv4Address("TCP", "127.0.0.1", 80)) == "127.0.0.1:80"
    assert reachable(IPv6Address("TCP", "::1", 80)) == "[::1]:80"


@pytest.mark.parametrize(
    ("kind", "every", "family"),
    [
        (IPv4Address, "0.0.0.0", socket.AF_INET),
        (IPv6Address, "::", socket.AF_INET6),
    ],
)
def test_all_interfaces_are_found_under_one_of_them(
    kind: type[IPv4Address] | type[IPv6Address], every: str, family: int
) -> None:
    """A wildcard can't be typed into a browser: it is this machine's own address."""
    where, _, port = reachable(kind("TCP", every, 80)).rpartition(":")
    host = where.strip("[]")
    assert port == "80"
    assert host != every
    if host != socket.gethostname():
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))  # refused unless the address is ours


def test_all_addresses_are_told() -> None:
    """Each once, the one by which others come first, and none of this machine alone."""
    address = IPv4Address("TCP", "0.0.0.0", 80)
    found = all_reachable(address)
    assert found[0] == reachable(address)
    assert len(set(found)) == len(found)
    assert not any(each.startswith(("127.", "0.", "169.254.")) for each in found)
    assert all(each.endswith(":80") for each in found)
