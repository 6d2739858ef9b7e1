"""Endpoints that Twisted lacks, or treats otherwise than we need."""

import socket

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactor

from broadcast.net.listeners import endpoint_for, why_not


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


def test_a_host_that_is_not_known_is_told_of() -> None:
    """One gave a host, and no endpoint."""
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    told = why_not(CannotListenError("nosuch", 8000, unknown))
    assert told == "name or service not known; name an address of this machine"
