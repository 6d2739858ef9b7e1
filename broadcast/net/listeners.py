"""Opens the daemon's listeners, or reports for each why it can't be opened.

``--listen`` takes Twisted's endpoints, and some of our own: ``tls:`` before another
endpoint, or before a port, puts our certificates in front of it, ``haproxy:`` the
PROXY protocol; ``reuseport=yes`` lets several daemons have one TCP port. A unix socket
is ours alone; a socket that the service manager holds is left as it is. Connections
are the business of their factory.
"""

import errno
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import (
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from broadcast.base.hosts import is_loopback
from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.net import sockopts
from broadcast.net.connections import Connections
from broadcast.net.handshakes import Handshakes
from broadcast.net.interfaces import ANY, all_reachable, reachable
from broadcast.net.parsing import endpoint_from
from broadcast.net.ports import Ports
from broadcast.net.proxy import ProxiedFactory
from broadcast.protocol.roles import ASKING, LISTEN_ONLY, UNRESTRICTED, Role

Wrap = Callable[[Any], Any]
"""Puts something around a protocol factory."""

WrapTLS = Callable[[Any, Handshakes], Any]
"""Puts TLS around a protocol factory; its handshakes are counted with all others."""

_REUSEPORT = re.compile(r"(?<!\\):reuseport=([^:]*)")

LISTENING_ON = "listening on {address}{tls}{only}{inside}"
PAGE_IS_ON = "the page is on {address}{only}{inside}"
METRICS_ARE_ON = "metrics are on {address}metrics{inside}"
OTHERS_USE = "others reach it at {addresses}{everybody}"
EVERYBODY = ": anyone who does may read and speak, since no login is asked for"
INSIDE = " (this machine only{hint})"
HOST_HINT = "; --host 0.0.0.0 lets others in"

NO_LOGIN = (
    "unencrypted, so nobody from another machine can log in"
    " (--allow-plaintext-login lets them)"
)


def endpoint_for(reactor: Any, text: str, wrap: Wrap | None = None) -> Any:
    """Return the endpoint that ``text`` describes.

    Args:
        reactor: listens; ``Ports``, for ``haproxy:`` and ``reuseport=yes``.
        text: as on the command line.
        wrap: puts TLS in front of ``tls:`` endpoints; None: there are no
            certificates.

    Raises:
        ValueError: there is no such endpoint.
    """
    if text.startswith("tls:"):
        if wrap is None:
            raise ValueError("it has no certificate; give --tls-cert and --tls-key")
        return _WrappedEndpoint(endpoint_for(reactor, _behind(text)), wrap)
    if text.startswith("haproxy:"):
        inner = endpoint_for(reactor, _behind(text))
        return _WrappedEndpoint(inner, partial(ProxiedFactory, work=reactor.work))
    if (found := _REUSEPORT.search(text)) is not None:
        text = text[: found.start()] + text[found.end() :]
        if _wants_reuse(text, found[1]):
            reactor = reactor.reusing()
    return endpoint_from(reactor, text)


def _wants_reuse(text: str, value: str) -> bool:
    """Tell what ``reuseport=`` says, which stood in ``text``.

    Raises:
        ValueError: it can't be said, or not of that endpoint.
    """
    if not text.startswith(("tcp:", "tcp6:", "ssl:")):
        raise ValueError("reuseport needs a TCP port; leave it out")
    if value not in ("yes", "no"):
        raise ValueError("reuseport is neither yes nor no; give one of them")
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("this system has no SO_REUSEPORT; leave reuseport out")
    return value == "yes"


def unix_endpoint(reactor: Any, path: str, backlog: int, mode: int) -> Any:
    """Return the endpoint of a unix socket at ``path``, of which we are to be alone."""
    return UNIXServerEndpoint(reactor, path, backlog, mode, wantPID=True)


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


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Somewhere to listen.

    Attributes:
        name: its name in a failure's message.
        make: returns the endpoint, or raises why there can be none.
        hint: how to let other machines in, where an option would do that.
    """

    name: str
    make: Callable[[], Any]
    hint: str = ""

    @property
    def is_tls(self) -> bool:
        """Tell whether TLS is before all else."""
        return self.name.startswith(("tls:", "ssl:"))


class Listeners:
    """The listeners: each one opened, told in the log, and closed again.

    Args:
        reactor: where they listen.
        settings: on what.
        connections: the open ones; their acceptor takes in early who waits.
        factory_for: returns what makes the connections of a role.
        wrap: puts TLS around a factory; None: there are no certificates.
        web: makes the HTTP connections; None if there are none.
        admin: answers on the admin socket, where there is one.
        metrics: makes the connections that read metrics alone, where there are any.
        handshakes: those of TLS; None makes them.
    """

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        connections: Connections,
        factory_for: Callable[[Role], Any],
        wrap: WrapTLS | None,
        web: Any,
        admin: Factory | None,
        metrics: Any = None,
        handshakes: Handshakes | None = None,
    ) -> None:
        if handshakes is None:
            handshakes = Handshakes(reactor)
        self._reactor = Ports(reactor, connections.acceptor, handshakes)
        self._settings = settings
        self._connections = connections
        self._factory_for = factory_for
        self._wrap = None if wrap is None else lambda inner: wrap(inner, handshakes)
        self._web = web
        self._admin = admin
        self._metrics = metrics
        self._logger = Logger(namespace="broadcast")
        self._ports: list[Any] = []
        self._web_ports: list[Any] = []

    def open(self) -> list[str]:
        """Open every listener; return a line for stderr for each that can't be."""
        problems: list[str] = []
        for place, role in self._addresses():
            factory = self._factory_for(role)
            Deferred.fromCoroutine(self._open(place, factory, problems, role))
        if self._web is not None:
            place = self._web_address(self._settings.web or "")
            role = ASKING if self._settings.web_ask else UNRESTRICTED
            Deferred.fromCoroutine(self._open(place, self._web, problems, role))
        if self._metrics is not None:
            place = self._web_address(self._settings.metrics or "")
            Deferred.fromCoroutine(self._open_metrics(place, problems))
        if self._settings.admin is not None:
            Deferred.fromCoroutine(self._open_admin(self._settings.admin, problems))
        return problems

    def faults(self) -> list[str]:
        """Return a line for each endpoint whose syntax is wrong; open none.

        A socket of the service manager's may be there later on.
        """
        places = [place for place, _ in self._addresses()]
        web = (self._settings.web, self._settings.metrics)
        places += [self._web_address(text) for text in web if text is not None]
        found: list[str] = []
        for place in places:
            try:
                place.make()
            except (KeyError, IndexError):
                continue
            except Exception as error:
                found.append(f"can't listen on {place.name}: {why_not(error)}")
        return found

    async def close(self) -> None:
        """Take no members any more; HTTP still tells how things are."""
        for port in self._ports:
            await maybeDeferred(port.stopListening)

    async def close_web(self) -> None:
        """Take nobody any more; return when no listener is left."""
        for port in self._web_ports:
            await maybeDeferred(port.stopListening)

    async def _open(
        self,
        place: ListenAddress,
        factory: Any,
        problems: list[str],
        role: Role = UNRESTRICTED,
    ) -> None:
        port = await _listen(place, factory, problems)
        if port is None:
            return
        is_web = factory is self._web
        (self._web_ports if is_web else self._ports).append(port)
        address = port.getHost()
        host = getattr(address, "host", "")
        inside = is_loopback(host)
        where = (reachable if is_web else sockopts.name_of)(address)
        scheme = "https" if place.is_tls else "http"
        if is_web and host:
            self._connections.page = f"{scheme}://{where}/"
        self._logger.info(
            PAGE_IS_ON if is_web else LISTENING_ON,
            event="page" if is_web else "listening",
            address=f"{scheme}://{where}/" if is_web else where,
            tls=" (tls)" if place.is_tls else "",
            only=role.note,
            inside=INSIDE.format(hint=place.hint) if inside else "",
        )
        authenticator = self._connections.room.directory.policy.authenticator
        if host in ANY:
            self._logger.info(
                OTHERS_USE,
                event="reachable",
                addresses=", ".join(all_reachable(address)),
                everybody="" if authenticator else EVERYBODY,
            )
        is_plain = place.name.partition(":")[0] not in ("ssl", "tls", "unix", "systemd")
        if (
            authenticator
            and not authenticator.allows_plaintext
            and is_plain
            and not inside
        ):
            self._logger.warn(
                "{address}: {words}",
                event="no-login",
                address=place.name,
                words=NO_LOGIN,
            )

    async def _open_metrics(self, place: ListenAddress, problems: list[str]) -> None:
        port = await _listen(place, self._metrics, problems)
        if port is None:
            return
        self._web_ports.append(port)
        address = port.getHost()
        scheme = "https" if place.is_tls else "http"
        inside = is_loopback(getattr(address, "host", ""))
        self._logger.info(
            METRICS_ARE_ON,
            event="metrics",
            address=f"{scheme}://{reachable(address)}/",
            inside=INSIDE.format(hint=place.hint) if inside else "",
        )

    async def _open_admin(self, path: str, problems: list[str]) -> None:
        try:
            endpoint = unix_endpoint(self._reactor, path, backlog=16, mode=0o600)
            self._ports.append(await endpoint.listen(self._admin))
        except Exception as error:
            problems.append(f"broadcast: --admin unix:{path}: {why_not(error)}")
            return
        self._logger.info(
            "listening on {address} (for bcast-admin)",
            event="listening",
            address=f"unix:{path}",
        )

    def _addresses(self) -> list[tuple[ListenAddress, Role]]:
        settings = self._settings
        named = [(UNRESTRICTED, text) for text in settings.listen]
        named += [(ASKING, text) for text in settings.ask]
        named += [(LISTEN_ONLY, text) for text in settings.listen_only]
        named += [
            (Role(hears=False, name=name), text) for name, text in settings.speak_only
        ]
        if named:
            return [(self._at(text), role) for role, text in named]
        return [(self._on_host(settings.port), UNRESTRICTED)]

    def _web_address(self, text: str) -> ListenAddress:
        return self._on_host(int(text)) if text.isdigit() else self._at(text)

    def _at(self, text: str) -> ListenAddress:
        return ListenAddress(
            text,
            partial(endpoint_for, self._reactor, text, self._wrap),
        )

    def _on_host(self, port: int) -> ListenAddress:
        host = self._settings.host
        kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
        make = partial(kind, self._reactor, port, sockopts.BACKLOG, interface=host)
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return ListenAddress(name, make, HOST_HINT)


async def _listen(place: ListenAddress, factory: Any, problems: list[str]) -> Any:
    """Return the port, or None once ``problems`` has a line that says why not."""
    try:
        return await place.make().listen(factory)
    except Exception as error:
        problems.append(f"broadcast: can't listen on {place.name}: {why_not(error)}")
        return None


_HINTS: Final = {
    errno.EADDRINUSE: "stop the program that has it, or name another port",
    errno.EADDRNOTAVAIL: "name an address of this machine",
    errno.EACCES: "name one that this account may use",
    errno.ENOENT: "make its folder first",
    0: "name another endpoint",
}
"""Why the system refuses to listen → what to do; 0 is for every other reason."""


def why_not(error: Exception) -> str:
    """Return in one line why a listener can't be opened."""
    if isinstance(error, CannotListenError):
        error = error.socketError
    if isinstance(error, IndexError):
        return "the service manager has handed over fewer sockets; give its name"
    if isinstance(error, KeyError):
        why = f"the service manager has handed over no socket named {error}"
        return f"{why}; give it that FileDescriptorName="
    reason = reason_of(error) or type(error).__name__
    if "; " in reason:
        return reason
    is_host = isinstance(error, socket.gaierror)
    number = errno.EADDRNOTAVAIL if is_host else getattr(error, "errno", None)
    return f"{reason}; {_HINTS.get(number or 0, _HINTS[0])}"
