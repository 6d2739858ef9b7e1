"""What is set on, and asked of, the sockets under Twisted's transports."""

import socket
import struct
from typing import Any, NamedTuple

from twisted.internet.address import HostnameAddress, UNIXAddress
from twisted.internet.interfaces import ISSLTransport, IUNIXTransport

BACKLOG = 65535
"""Connections that may wait to be accepted: as many as the kernel allows
(``net.core.somaxconn``). With Twisted's 50, 5000 at once never finish; with 1024
they wait for seconds, since the kernel drops what does not fit."""

# Silent for 20 s, then a probe every 5 s: the dead are found within 35 s.
_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}

# struct tcp_info of Linux: unacked packets, bytes acked, bytes not yet sent.
_TCP_INFO = struct.Struct("=24xI92xQ16xI")


class Progress(NamedTuple):
    """How far the other end is: is anything on its way, and what has arrived."""

    is_owed: bool
    acked: int


def socket_of(transport: Any) -> socket.socket | None:
    """Return the socket at the bottom of ``transport``; None if there is none.

    A TLS transport's own handle is OpenSSL's and knows no socket options.
    """
    while transport is not None:
        try:
            handle = transport.getHandle()
        except AttributeError:  # lost, or no socket there
            return None
        if isinstance(handle, socket.socket):
            return handle
        transport = getattr(transport, "transport", None)
    return None


def prepare(transport: Any) -> None:
    """Send without delay, and find out when the other end is dead."""
    handle = socket_of(transport)
    if handle is None or not _is_tcp(handle):
        return
    handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def progress(transport: Any) -> Progress | None:
    """Return how far the other end is; None where that can't be asked.

    ``TCP_USER_TIMEOUT`` would leave this to the kernel, but once it is set,
    Linux ignores ``TCP_KEEPCNT`` (tcp_keepalive_timer), and the idle dead would
    be found only after that longer time.
    """
    handle = socket_of(transport)
    if handle is None or not _is_tcp(handle) or not hasattr(socket, "TCP_INFO"):
        return None
    try:
        info = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    except OSError:
        return None
    if len(info) < _TCP_INFO.size:
        return None
    unacked, acked, unsent = _TCP_INFO.unpack(info)
    return Progress(bool(unacked or unsent), acked)


def kind_of(transport: Any) -> str:
    """Return what a connection goes over: tls, unix or tcp."""
    if ISSLTransport.providedBy(transport):
        return "tls"
    return "unix" if IUNIXTransport.providedBy(transport) else "tcp"


def name_of(address: Any) -> str:
    """Return an address as it stands in the log: ``127.0.0.1:8000``."""
    if isinstance(address, UNIXAddress):
        path = address.name
        return f"unix:{path.decode(errors='replace')}" if path else "unix"
    if isinstance(address, HostnameAddress):
        return f"{address.hostname.decode()}:{address.port}"
    host = getattr(address, "host", None)
    if host is None:
        return str(address)
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def _is_tcp(handle: socket.socket) -> bool:
    return handle.family in (socket.AF_INET, socket.AF_INET6)
