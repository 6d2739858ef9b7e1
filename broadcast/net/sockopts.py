"""Options and statistics of the sockets under Twisted's transports."""

import socket
import struct
from typing import Any, NamedTuple

from twisted.internet.address import HostnameAddress, UNIXAddress
from twisted.internet.interfaces import ISSLTransport, IUNIXTransport

from broadcast.base.hosts import is_loopback
from broadcast.net.internals import client_of, name_briefly

BACKLOG = 65535
"""Connections that may wait to be accepted: as many as the kernel allows
(``net.core.somaxconn``). With Twisted's 50, 5000 at once never finish. With 1024 they
wait for seconds, since the kernel drops those that do not fit."""

# After 20 s of silence, a probe every 5 s: a dead peer is found within 35 s.
_OPTIONS = {
    "TCP_KEEPIDLE": 20,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_NOTSENT_LOWAT": 1 << 18,
}
"""``TCP_NOTSENT_LOWAT`` is the bytes that the kernel buffers beyond the peer's window.
By default it buffers up to ``tcp_wmem``, 4 MiB for each peer that reads nothing. While
it allocates memory for a hundred of them, all connections wait."""

LAST_ROOM = 1 << 19
"""Bytes that the kernel is to buffer before last words."""

COMMON_NAME = "2.5.4.3"
"""The object identifier of a common name (RFC 4519, 2.3)."""

# struct tcp_info of Linux: unacked packets, bytes acked, bytes not yet sent.
_TCP_INFO = struct.Struct("=24xI92xQ16xI")

# The first byte of tcp_info, once the peer has acknowledged the daemon's FIN.
_FIN_WAIT_2 = 5

# Further fields of tcp_info: bytes acked, bytes received.
_TCP_TRAFFIC = struct.Struct("=120xQQ")

# struct ucred of Linux: process, user, group.
_CREDENTIALS = struct.Struct("3i")


class Progress(NamedTuple):
    """The progress of a peer: whether bytes are unacknowledged, and the bytes acked."""

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
    """Disable Nagle's algorithm, and enable keepalive probes.

    Urgent data stays inline. Telnet sends the second byte of IAC DM as urgent after
    Ctrl-C; out of band, the byte after it would be taken for it (RFC 854; RFC 1123,
    3.2.4).

    Only TCP has such options; other transports don't need them.
    """
    handle = socket_of(transport)
    name_briefly(transport)
    if handle is None or not _is_tcp(handle):
        return
    handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    for name, value in _OPTIONS.items():
        if hasattr(socket, name):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def make_room(transport: Any) -> None:
    """Make the kernel buffer last words, even if the peer reads nothing."""
    handle = socket_of(transport)
    if handle is None or not _is_tcp(handle):
        return
    if handle.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) < LAST_ROOM:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LAST_ROOM)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 0)


def progress(transport: Any) -> Progress | None:
    """Return the progress of the peer; None if the kernel doesn't report it.

    ``TCP_USER_TIMEOUT`` would leave this to the kernel. But once it is set, Linux
    ignores ``TCP_KEEPCNT`` (tcp_keepalive_timer), and dead idle peers would be found
    only after that longer time.
    """
    info = _tcp_info(transport, _TCP_INFO.size)
    if info is None:
        return None
    unacked, acked, unsent = _TCP_INFO.unpack(info)
    return Progress(bool(unacked or unsent), acked)


def has_arrived(transport: Any) -> bool:
    """Tell whether the peer has acknowledged all that was written, the FIN included.

    The result is False if the kernel doesn't report it.
    """
    info = _tcp_info(transport, _TCP_INFO.size)
    return info is not None and info[0] == _FIN_WAIT_2


def certified_name(transport: Any) -> str | None:
    """Return the common name in the client's certificate; None without a certificate.

    The certificate has been verified with ``--tls-client-ca``.
    """
    if not hasattr(transport, "getPeerCertificate"):
        return None
    certificate = transport.getHandle().get_peer_certificate(as_cryptography=True)
    if certificate is None:
        return None
    try:
        subject = tuple(certificate.subject)
    except ValueError:  # OpenSSL accepts some subjects that cryptography rejects
        return ""
    names = (part.value for part in subject if part.oid.dotted_string == COMMON_NAME)
    return next(names, "")


def kind_of(transport: Any) -> str:
    """Return the kind of a connection: ``tls``, ``unix`` or ``tcp``."""
    if ISSLTransport.providedBy(transport):
        return "tls"
    return "unix" if IUNIXTransport.providedBy(transport) else "tcp"


def name_of(address: Any) -> str:
    """Return an address as the log has it: ``127.0.0.1:8000``.

    IPv4 mapped into IPv6 becomes IPv4.
    """
    if isinstance(address, UNIXAddress):
        path = address.name
        return f"unix:{path.decode(errors='replace')}" if path else "unix"
    if isinstance(address, HostnameAddress):
        return f"{address.hostname.decode()}:{address.port}"
    host = getattr(address, "host", None)
    if host is None:
        return str(address)
    if "." in host:
        host = host.removeprefix("::ffff:")
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def peer_of(transport: Any) -> "str | tuple[str, int]":
    """Return the peer of a connection: the transport's own tuple, or its name."""
    return client_of(transport) or name_of(transport.getPeer())


class Traffic(NamedTuple):
    """Bytes received from the peer, and bytes that it has acknowledged."""

    received: int
    acked: int


def traffic(transport: Any) -> Traffic | None:
    """Return the bytes of each direction, as the kernel counts them.

    It is None if there are no counts: not on Linux, not TCP, or closed.
    """
    info = _tcp_info(transport, _TCP_TRAFFIC.size)
    if info is None:
        return None
    acked, received = _TCP_TRAFFIC.unpack(info)
    return Traffic(received, acked)


def user_of(transport: Any) -> str:
    """Return `` (uid 0)``, with the user id of the peer of a unix socket; else ""."""
    handle = socket_of(transport)
    if handle is None or not hasattr(socket, "SO_PEERCRED"):
        return ""
    size = _CREDENTIALS.size
    found = handle.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return f" (uid {_CREDENTIALS.unpack(found)[1]})"


def is_private(transport: Any) -> bool:
    """Tell whether a third party on the network can't read ``transport``.

    It is encrypted, or its peer is on this machine: over loopback, or at the address
    that it has connected to. A proxy on this machine counts as this machine, whatever
    address its header has.
    """
    if ISSLTransport.providedBy(transport):
        return True
    handle = socket_of(transport)
    if handle is None:
        return False
    if not _is_tcp(handle):
        return True
    try:
        peer, own = handle.getpeername()[0], handle.getsockname()[0]
    except OSError:
        return False
    return peer == own or is_loopback(peer)


def _tcp_info(transport: Any, size: int) -> bytes | None:
    handle = socket_of(transport)
    if handle is None or not _is_tcp(handle) or not hasattr(socket, "TCP_INFO"):
        return None
    try:
        info = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    except OSError:
        return None
    return info if len(info) == size else None


def _is_tcp(handle: socket.socket) -> bool:
    return handle.family in (socket.AF_INET, socket.AF_INET6)
