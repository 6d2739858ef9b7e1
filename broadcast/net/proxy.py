"""The PROXY protocol: the address of the client behind a proxy.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, versions 1 and 2.
Twisted's own ``haproxy:`` starts the wrapped protocol before the header is received, so
that it sees the proxy's address. It also has no half-close.
"""

import socket
import struct
from typing import Any, NamedTuple

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from broadcast.base.timers import Deadlines
from broadcast.base.work import Work
from broadcast.net import sockopts

HEADER_TIME = 10.0
"""Seconds in which a proxy must have sent its header."""

_V1 = b"PROXY "
_V1_LONGEST = 107
_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_V2_START = struct.Struct("!12sBBH")
_V2_LONGEST = 4096
_FAMILIES = {0x11: (socket.AF_INET, 4), 0x21: (socket.AF_INET6, 16)}

Address = IPv4Address | IPv6Address


class HeaderError(ValueError):
    """The connection does not begin with a valid PROXY header."""


class Header(NamedTuple):
    """The client's address (None: the proxy's own), and the bytes after the header."""

    source: Address | None
    rest: bytes


def parse(data: bytes) -> Header | None:
    """Parse the header at the beginning of ``data``; return None if it is incomplete.

    Raises:
        HeaderError: there is no valid header.
    """
    if data.startswith(_V2[: len(data)]):
        return _parse_v2(data)
    if data.startswith(_V1[: len(data)]):
        return _parse_v1(data)
    raise HeaderError("no PROXY header")


def _parse_v1(data: bytes) -> Header | None:
    line, end, rest = data.partition(b"\r\n")
    if not end and len(data) < _V1_LONGEST:
        return None
    words = line[:_V1_LONGEST].decode("ascii", "replace").split(" ")
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return Header(None, rest)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6") or not words[4].isdigit():
        raise HeaderError("a broken PROXY header")
    family = socket.AF_INET if words[1] == "TCP4" else socket.AF_INET6
    try:
        packed = socket.inet_pton(family, words[2])
    except (OSError, ValueError):  # no address; an address with a NUL
        raise HeaderError("a broken PROXY header") from None
    return Header(_address(family, packed, int(words[4])), rest)


def _parse_v2(data: bytes) -> Header | None:
    if len(data) < _V2_START.size:
        return None
    _, version, family, size = _V2_START.unpack_from(data)
    if version not in (0x20, 0x21) or size > _V2_LONGEST:
        raise HeaderError("a broken PROXY header")
    end = _V2_START.size + size
    if len(data) < end:
        return None
    if version == 0x20 or family not in _FAMILIES:  # a health check; or not TCP
        return Header(None, data[end:])
    kind, width = _FAMILIES[family]
    if size < 2 * width + 4:
        raise HeaderError("a broken PROXY header")
    start = _V2_START.size
    (port,) = struct.unpack_from("!H", data, start + 2 * width)
    return Header(_address(kind, data[start : start + width], port), data[end:])


def _address(family: int, packed: bytes, port: int) -> Address:
    kind = IPv4Address if family == socket.AF_INET else IPv6Address
    return kind("TCP", socket.inet_ntop(family, packed), port)


@implementer(IHalfCloseableProtocol)
class ProxiedProtocol(ProtocolWrapper):
    """Reads the header, and starts the wrapped protocol after it."""

    transport: Any  # the interfaces of Twisted's transports are many
    factory: Any
    wrappedProtocol: Any
    _logger = Logger(namespace="broadcast")
    _buffer = b""
    _has_begun = False
    _source: Address | None = None

    def makeConnection(self, transport: Any) -> None:
        """Wait for the header."""
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        self.factory.waiting.add(self)

    def getPeer(self) -> Any:
        """Return the address in the header, or the proxy's own."""
        return self._source or self.transport.getPeer()

    def dataReceived(self, data: bytes) -> None:
        """Read the header; pass on the bytes after it."""
        if self._has_begun:
            self.wrappedProtocol.dataReceived(data)
            return
        self._buffer += data
        try:
            header = parse(self._buffer)
        except HeaderError as error:
            self._give_up(str(error))
            return
        if header is None:
            return
        self._buffer = b""
        self._has_begun = True
        self._source = header.source
        self.wrappedProtocol.makeConnection(self)
        if header.rest:
            self.wrappedProtocol.dataReceived(header.rest)

    def close_unbegun(self) -> None:
        """Close if the header is incomplete: the daemon is stopping."""
        if not self._has_begun:
            self.transport.loseConnection()

    def expire(self) -> bool:
        """Close if the header is incomplete; tell whether it was."""
        if self._has_begun or not self.connected:
            return False
        self._give_up("no PROXY header in time")
        return True

    def readConnectionLost(self) -> None:
        """Notify the protocol that the peer has closed its end."""
        if self._is_half_closeable():
            self.wrappedProtocol.readConnectionLost()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Notify the protocol that this end is closed."""
        if self._is_half_closeable():
            self.wrappedProtocol.writeConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Notify the protocol, if it has started."""
        self.connected = 0
        if self._has_begun:
            super().connectionLost(reason)  # type: ignore[no-untyped-call]
        else:
            self.factory.unregisterProtocol(self)

    def _is_half_closeable(self) -> bool:
        # The class is asked, not the object: a TLS layer claims every interface of its
        # transport, which is this object.
        behind = type(self.wrappedProtocol)
        return self._has_begun and IHalfCloseableProtocol.implementedBy(behind)

    def _give_up(self, why: str) -> None:
        address = sockopts.name_of(self.transport.getPeer())
        self._logger.info(
            "{reason} from {address}: closed",
            event="no-proxy-header",
            reason=why,
            address=address,
        )
        self.transport.abortConnection()


class ProxiedFactory(WrappingFactory):
    """Puts the PROXY protocol around another factory's protocols."""

    protocol = ProxiedProtocol
    noisy = False

    def __init__(self, factory: Any, work: Work) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]  # Twisted's
        self.waiting = Deadlines[ProxiedProtocol](
            HEADER_TIME, work, ProxiedProtocol.expire
        )

    def stopFactory(self) -> None:
        """Close the connections whose header is incomplete: the port is closed."""
        for proxied in tuple(self.protocols):
            proxied.close_unbegun()
