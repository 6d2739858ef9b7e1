"""What ``--listen`` can say: Twisted's endpoints, and some of our own.

``tls:`` before another endpoint, or before a port, puts our certificates in
front of it; ``haproxy:`` the PROXY protocol. A unix socket is ours alone; one that
the service manager holds is left as it is.
"""

import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    UNIXServerEndpoint,
    serverFromString,
)

from broadcast.net import sockopts as sockets
from broadcast.net.proxy import ProxiedFactory

try:
    from twisted.internet.unix import Port as UnixPort
except ImportError:  # Windows
    UnixPort = None  # type: ignore[assignment,misc]  # told so where it is used

Wrap = Callable[[Any], Any]
"""Puts TLS around a protocol factory."""


def endpoint_for(reactor: Any, text: str, wrap: Wrap | None = None) -> Any:
    """Return the endpoint that ``text`` describes.

    Args:
        wrap: puts TLS in front of ``tls:`` endpoints; None: there are no
            certificates.

    Raises:
        ValueError: there is no such endpoint.
    """
    if text.startswith("tls:"):
        if wrap is None:
            raise ValueError("it needs --tls-cert and --tls-key")
        return _WrappedEndpoint(endpoint_for(reactor, _behind(text)), wrap)
    if text.startswith("haproxy:"):
        inner = endpoint_for(reactor, _behind(text))
        return _WrappedEndpoint(inner, partial(ProxiedFactory, reactor=reactor))
    if text.startswith("unix:"):
        return serverFromString(_alone(reactor), text)
    endpoint = serverFromString(reactor, text)
    if (
        isinstance(endpoint, AdoptedStreamServerEndpoint)
        and endpoint.addressFamily == socket.AF_UNIX
    ):
        return _HeldUnixEndpoint(reactor, endpoint.fileno)
    return endpoint


def unix_endpoint(reactor: Any, path: str, backlog: int, mode: int) -> Any:
    """Return the endpoint of a unix socket at ``path``, of which we are to be alone."""
    return UNIXServerEndpoint(_alone(reactor), path, backlog, mode, wantPID=True)


def _alone(reactor: Any) -> Any:
    from broadcast.net.unix import UnixSockets  # Windows has no such sockets

    return UnixSockets(reactor)


def _behind(text: str) -> str:
    """Return the endpoint behind a prefix; a port is one of TCP."""
    rest = text.partition(":")[2]
    return f"tcp:{rest}" if rest.partition(":")[0].isdigit() else rest


class _WrappedEndpoint:
    """Another endpoint with something before what it listens for."""

    def __init__(self, endpoint: Any, wrap: Wrap) -> None:
        self._endpoint = endpoint
        self._wrap = wrap

    def listen(self, factory: Any) -> Any:
        return self._endpoint.listen(self._wrap(factory))


class _HeldUnixEndpoint:
    """A unix socket that the service manager has bound and goes on holding.

    Twisted's own way opens it to everybody (``chmod 666``), and at the end
    unlinks it and shuts it down, so that the next daemon finds none.
    """

    def __init__(self, reactor: Any, fileno: int) -> None:
        self._reactor = reactor
        self._fileno = fileno

    def listen(self, factory: Any) -> Deferred[Any]:
        held = socket.socket(fileno=self._fileno)
        held.setblocking(False)
        held.set_inheritable(False)
        path = held.getsockname()
        is_file = isinstance(path, str) and path != ""
        mode = stat.S_IMODE(Path(path).stat().st_mode) if is_file else 0
        port: Any = _HeldUnixPort(
            path, factory, sockets.BACKLOG, mode=mode, reactor=self._reactor
        )
        port._preexistingSocket = held  # as adoptStreamPort sets it
        port.startListening()
        return succeed(port)


if UnixPort is not None:

    class _HeldUnixPort(UnixPort):
        """Stops accepting, and leaves the socket alone."""

        factory: Any

        def stopListening(
            self,
            connDone: object = None,  # noqa: N803  # Twisted calls it so
        ) -> Deferred[None]:
            self.stopReading()  # type: ignore[no-untyped-call]  # Twisted's
            self.factory.doStop()
            return succeed(None)
