"""What is used here of Twisted that it does not promise to keep.

Each has its reason, and a test says so when a new Twisted has it no longer
(``tests/net/test_internals.py``).
"""

import socket
from typing import Any, cast

from twisted.internet.interfaces import IUNIXTransport
from twisted.internet.tcp import Server


def hold_socket(port: Any, held: socket.socket) -> None:
    """Let a ``tcp.Port``, or ``unix.Port``, listen on a socket that is open already.

    The reactor's ``adoptStreamPort`` does so too, with ports of Twisted's own alone.
    """
    port._preexistingSocket = held


def leave_open(port: Any) -> None:
    """Let a port close its descriptor at the end, and not shut the socket down.

    A ``tcp.Port`` does so with a socket that it was given, a ``unix.Port`` does not:
    nobody could listen on it any more.
    """
    port._shouldShutdown = False


def limit_accepts(port: Any, count: int) -> None:
    """Let a port accept at most so many at its next ``doRead``."""
    port.numberAccepts = count


def is_handshake_done(connection: Any) -> bool:
    """Tell whether a ``TLSMemoryBIOProtocol`` has done its handshake.

    It tells the protocol behind it, if that is an ``IHandshakeListener``; not all are.
    """
    return cast(bool, connection._handshakeDone)


def name_briefly(transport: Any) -> None:
    """Forget Twisted's own words for a connection, for its own log, which is not ours.

    They are as long as ours in each of ten thousand.
    """
    if _is_tcp(transport):
        transport.logstr = transport.repstr = "broadcast"


def client_of(transport: Any) -> tuple[str, int] | None:
    """Return where an IPv4 connection comes from, as the transport keeps it.

    None if it is of another kind. ``getPeer`` makes an object of it each time.
    """
    if _is_tcp(transport) and len(transport.client) == 2:
        return cast(tuple[str, int], transport.client)
    return None


def _is_tcp(transport: Any) -> bool:
    return isinstance(transport, Server) and not IUNIXTransport.providedBy(transport)
