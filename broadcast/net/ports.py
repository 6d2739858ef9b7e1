"""A reactor for Twisted's endpoints, with the daemon's own ports.

Endpoints call ``listenTCP`` and its like on the reactor that they are given. Here these
make ports that accept early (``net/accept.py``), unix sockets with a lock
(``net/unix.py``), and TLS with bounded handshakes. All else is the reactor's.
"""

import os
import socket
from typing import Any

from twisted.internet.tcp import makeBinding
from zope.interface import directlyProvides, providedBy

from broadcast.base.work import Work
from broadcast.net.accept import Acceptor, AcceptQueue, EarlyPort
from broadcast.net.handshakes import Handshakes
from broadcast.net.internals import hold_socket
from broadcast.net.sockopts import BACKLOG


class Ports:
    """Listens for Twisted's endpoints, on behalf of a reactor.

    Args:
        reactor: polls the ports; needs ``IReactorFDSet``, as all have but IOCP.
        acceptor: accepts connections early.
        handshakes: the handshakes in flight, of ``ssl:`` endpoints.
        is_shared: other daemons may listen on the same TCP ports (``SO_REUSEPORT``).
    """

    def __init__(
        self,
        reactor: Any,
        acceptor: Acceptor,
        handshakes: Handshakes,
        is_shared: bool = False,
    ) -> None:
        self._reactor = reactor
        self._handshakes = handshakes
        self._acceptor = acceptor
        self._is_shared = is_shared
        directlyProvides(self, providedBy(reactor))

    @property
    def work(self) -> Work:
        """The turns of the reactor."""
        return self._acceptor.work

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the reactor."""
        return getattr(self._reactor, name)

    def reusing(self) -> "Ports":
        """Return a copy whose TCP ports other daemons may listen on too."""
        return Ports(self._reactor, self._acceptor, self._handshakes, True)

    def listenTCP(
        self, port: int, factory: Any, backlog: int = BACKLOG, interface: str = ""
    ) -> EarlyPort:
        """Listen on a TCP port.

        Raises:
            CannotListenError: the port can't be opened.
        """
        where: Any = port
        if self._is_shared:
            where = makeBinding(interface, port, reuseAddress=True, reusePort=True)
        return self._start(EarlyPort(where, factory, backlog, interface, self._reactor))

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,  # noqa: N803  # Twisted calls it so
        backlog: int = BACKLOG,
        interface: str = "",
    ) -> EarlyPort:
        """Listen on a TCP port, with the certificates of an ``ssl:`` endpoint.

        Raises:
            CannotListenError: the port can't be opened.
        """
        from broadcast.net.tls import TLSFactory  # where TLS is installed

        wrapped = TLSFactory(contextFactory, factory, self._handshakes)
        return self.listenTCP(port, wrapped, backlog, interface)

    def listenUNIX(
        self,
        address: str,
        factory: Any,
        backlog: int = BACKLOG,
        mode: int = 0o666,
        wantPID: bool = True,  # noqa: N803  # Twisted calls it so
    ) -> EarlyPort:
        """Listen on the path; replace a socket without a listener.

        Args:
            address: the path.
            factory: makes the protocols.
            backlog: length of the kernel's queue.
            mode: the permissions of the socket.
            wantPID: lock the path, and replace a stale socket. Without it
                (``lockfile=0``) any existing file is an error, as in Twisted.

        Raises:
            OSError: another process listens there, or the socket can't be opened.
        """
        from broadcast.net import unix  # Windows has no such sockets

        kind = unix.OwnPort if wantPID else unix.PlainPort
        path = os.fsencode(address)
        return self._start(kind(path, factory, backlog, mode, self._reactor))

    def adoptStreamPort(
        self,
        fileDescriptor: int,  # noqa: N803  # Twisted calls it so
        addressFamily: int,  # noqa: N803
        factory: Any,
    ) -> Any:
        """Listen on a socket that the service manager has opened."""
        if addressFamily == getattr(socket, "AF_UNIX", None):
            from broadcast.net.unix import held_port

            held = AcceptQueue(os.dup(fileDescriptor))
            return self._start(held_port(held, factory, self._reactor))
        if addressFamily not in (socket.AF_INET, socket.AF_INET6):
            return self._reactor.adoptStreamPort(fileDescriptor, addressFamily, factory)
        held = AcceptQueue(os.dup(fileDescriptor))
        interface = held.getsockname()[0]
        port = EarlyPort(0, factory, BACKLOG, interface, self._reactor)
        hold_socket(port, held)
        return self._start(port)

    def _start(self, port: EarlyPort) -> EarlyPort:
        port.acceptor = self._acceptor
        port.startListening()
        return port
