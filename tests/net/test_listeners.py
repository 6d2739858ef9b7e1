"""Endpoints that Twisted lacks, or treats otherwise than we need."""

import socket

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.testing import MemoryReactor

from broadcast.net.listeners import endpoint_for, reachable


def test_tls_without_certificates_says_what_it_needs() -> None:
    """A tls: listener without --tls-cert is refused in words."""
    with pytest.raises(ValueError, match="--tls-cert"):
        endpoint_for(object(), "tls:0")


@pytest.mark.parametrize(
    ("text", "port", "interface"),
    [
        ("tls:8443", 8443, ""),
        ("tls:8443:interface=127.0.0.1", 8443, "127.0.0.1"),
        ("tls:tcp:8443:interface=127.0.0.1", 8443, "127.0.0.1"),
    ],
)
def test_tls_goes_before_a_port_or_any_endpoint(
    text: str, port: int, interface: str
) -> None:
    """tls:PORT is tls:tcp:PORT; what is wrapped is the factory."""
    reactor = MemoryReactor()
    endpoint = endpoint_for(reactor, text, lambda factory: ("wrapped", factory))
    endpoint.listen("ours")
    assert [server[:2] for server in reactor.tcpServers] == [
        (port, ("wrapped", "ours"))
    ]
    assert reactor.tcpServers[0][3] == interface


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
