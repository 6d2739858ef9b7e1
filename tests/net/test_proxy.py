"""The PROXY protocol's header, byte by byte."""

import socket
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from broadcast.base.work import Work
from broadcast.net.proxy import HeaderError, ProxiedFactory, parse

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(family: int, body: bytes, version: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack("!BBH", version, family, len(body)) + body


V4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("10.0.0.1")
V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2
PORTS = struct.pack("!HH", 4711, 8000)
FOUR = IPv4Address("TCP", "192.0.2.7", 4711)
SIX = IPv6Address("TCP", "2001:db8::7", 4711)

GOOD = [
    (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 8000\r\n", FOUR),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 8000\r\n", SIX),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN what ever\r\n", None),
    (v2(0x11, V4 + PORTS), FOUR),
    (v2(0x11, V4 + PORTS + b"\3\0\4abcd"), FOUR),
    (v2(0x21, V6 + PORTS), SIX),
    (v2(0x00, b"", 0x20), None),
    (v2(0x31, bytes(216)), None),
]


@settings(deadline=None)  # a busy machine is no fault of ours
@given(case=st.sampled_from(GOOD), rest=st.binary(max_size=20))
def test_a_header_is_read_whole_and_nothing_more(
    case: tuple[bytes, IPv4Address | IPv6Address | None], rest: bytes
) -> None:
    """Every prefix asks for more; what follows the header is left alone."""
    data, source = case
    for cut in range(1, len(data)):
        assert parse(data[:cut]) is None
    assert parse(data + rest) == (source, rest)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 192.0.2.7 10.0.0.1 x 8000\r\n",
        b"PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7\0 10.0.0.1 1 2\r\n",
        b"PROXY TCP6 2001:db8::7\0 2001:db8::1 1 2\r\n",
        b"PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7\r\n",
        b"PROXY " + b"x" * 107,
        v2(0x11, V4),
        v2(0x11, V4 + PORTS, 0x11),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    """Nobody comes in with a made-up or a broken header, or with none."""
    with pytest.raises(HeaderError):
        parse(data)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_not(data: bytes) -> None:
    """No bytes raise anything else."""
    with suppress(HeaderError):
        parse(data)


class Ears(Protocol):
    """Keeps why its connection is gone."""

    lost: Failure | None = None

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


def test_a_connection_that_is_gone_for_no_reason_is_done() -> None:
    """The wrapped protocol gets Twisted's reason for a clean end."""
    factory = ProxiedFactory(ServerFactory.forProtocol(Ears), Work(Clock()))
    where: Any = FOUR  # zope knows it as an address
    proxied: Any = factory.buildProtocol(where)
    ears = proxied.wrappedProtocol
    proxied.makeConnection(StringTransport())
    proxied.dataReceived(b"PROXY UNKNOWN\r\n")
    proxied.connectionLost()
    assert ears.lost.check(ConnectionDone) is ConnectionDone
