"""The private attributes of Twisted that the daemon relies on.

Each has its reason, and a test that fails when a new Twisted no longer has it
(``tests/net/test_internals.py``).
"""

import socket
from typing import Any, cast

from twisted.internet.interfaces import IUNIXTransport
from twisted.internet.tcp import Server


def hold_socket(port: Any, held: socket.socket) -> None:
    """Let a ``tcp.Port`` or ``unix.Port`` listen on a socket that is already open.

    The reactor's ``adoptStreamPort`` does so too, but only with Twisted's own ports.
    """
    port._preexistingSocket = held


def leave_open(port: Any) -> None:
    """Let a port close its descriptor at the end, and not shut the socket down.

    A ``tcp.Port`` does so with a socket that it was given. A ``unix.Port`` does not,
    and then no process could listen on the socket any more.
    """
    port._shouldShutdown = False


def limit_accepts(port: Any, count: int) -> None:
    """Let a port accept at most ``count`` connections at its next ``doRead``."""
    port.numberAccepts = count


def is_handshake_done(connection: Any) -> bool:
    """Tell whether a ``TLSMemoryBIOProtocol`` has completed its handshake.

    It notifies its protocol only if that is an ``IHandshakeListener``; not all are.
    """
    return cast(bool, connection._handshakeDone)


def aggregate_less(connection: Any, most: int) -> None:
    """Let a ``BufferingTLSTransport`` encrypt at once what is more than ``most`` bytes.

    It keeps up to 64,000 bytes until the reactor's next iteration, and its producer
    learns of a full buffer only then.
    """
    aggregator = connection._aggregator
    aggregator.MAX_BUFFER_SIZE = aggregator._bufferLeft = most


def name_briefly(transport: Any) -> None:
    """Replace Twisted's names for a connection, which only Twisted's own log uses.

    They would cost memory in each of ten thousand connections.
    """
    if _is_tcp(transport):
        transport.logstr = transport.repstr = "broadcast"


def client_of(transport: Any) -> tuple[str, int] | None:
    """Return the peer of an IPv4 connection, as the tuple that the transport keeps.

    It is None for other kinds. ``getPeer`` makes a new object at each call.
    """
    if _is_tcp(transport) and len(transport.client) == 2:
        return cast(tuple[str, int], transport.client)
    return None


def _is_tcp(transport: Any) -> bool:
    return isinstance(transport, Server) and not IUNIXTransport.providedBy(transport)
