"""Opens all that the daemon listens on, and says of each why it can't.

What is then done with those who come is the factories' business.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.logger import Logger

from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.net import sockopts as sockets
from broadcast.net.connections import BroadcastFactory
from broadcast.net.endpoints import Wrap, endpoint_for, unix_endpoint
from broadcast.protocol.roles import LISTEN_ONLY, OPEN, Door

LISTENING_ON = "listening on {where}{tls}{only}{inside}"
PAGE_IS_ON = "the page is on {where}{inside}"
INSIDE = " (this machine only{hint})"
HOST_HINT = "; --host 0.0.0.0 lets others in"

NO_LOGIN = (
    "unencrypted, so nobody from another machine can log in"
    " (--allow-plaintext-login lets them)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to listen.

    Attributes:
        name: what a failure calls it.
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


class Openings:
    """The listeners: each one opened, told in the log, and closed again.

    Args:
        reactor: where they listen.
        settings: on what.
        factory: makes the connections of those who come.
        wrap: puts TLS around a factory; None: there are no certificates.
        web: makes the HTTP connections; None if there are none.
        admin: answers on the admin socket, where there is one.
    """

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        factory: BroadcastFactory,
        wrap: Wrap | None,
        web: Any,
        admin: Factory | None,
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._factory = factory
        self._wrap = wrap
        self._web = web
        self._admin = admin
        self._log = Logger(namespace="broadcast")
        self._ports: list[Any] = []

    def open(self) -> list[str]:
        """Open every listener; return a line for stderr for each that can't be."""
        problems: list[str] = []
        for place, door in self._places():
            entrance = self._factory.through(door)
            Deferred.fromCoroutine(self._open(place, entrance, problems, door))
        if self._web is not None:
            place = self._web_place(self._settings.web or "")
            Deferred.fromCoroutine(self._open(place, self._web, problems))
        if self._settings.admin is not None:
            Deferred.fromCoroutine(self._open_admin(self._settings.admin, problems))
        return problems

    async def close(self) -> None:
        """Take nobody any more; return when no listener is left."""
        for port in self._ports:
            await maybeDeferred(port.stopListening)

    async def _open(
        self,
        place: Place,
        factory: Any,
        problems: list[str],
        door: Door = OPEN,
    ) -> None:
        try:
            port = await place.make().listen(factory)
        except Exception as error:
            words = f"can't listen on {place.name}: {why_not(error)}"
            problems.append(f"broadcast: {words}")
            return
        self._ports.append(port)
        if (listener := getattr(port, "socket", None)) is not None:
            listener.listen(sockets.BACKLOG)
            self._factory.doorways.add(port)
        address = port.getHost()
        host = getattr(address, "host", "")
        inside = host.startswith("127.") or host == "::1"
        is_web = factory is self._web
        where = (reachable if is_web else sockets.name_of)(address)
        scheme = "https" if place.is_tls else "http"
        self._log.info(
            PAGE_IS_ON if is_web else LISTENING_ON,
            where=f"{scheme}://{where}/" if is_web else where,
            tls=" (tls)" if place.is_tls else "",
            only=door.note,
            inside=INSIDE.format(hint=place.hint) if inside else "",
        )
        gate = self._factory.hub.guard.gate
        is_plain = place.name.partition(":")[0] not in ("ssl", "tls", "unix", "systemd")
        if gate and not gate.allows_plaintext and is_plain and not inside:
            self._log.warn("{name}: {words}", name=place.name, words=NO_LOGIN)

    async def _open_admin(self, path: str, problems: list[str]) -> None:
        try:
            endpoint = unix_endpoint(self._reactor, path, backlog=16, mode=0o600)
            self._ports.append(await endpoint.listen(self._admin))
        except Exception as error:
            problems.append(f"broadcast: --admin unix:{path}: {why_not(error)}")
            return
        self._log.info("listening on unix:{path} (for bcast-admin)", path=path)

    def _places(self) -> list[tuple[Place, Door]]:
        settings = self._settings
        named = [(OPEN, text) for text in settings.listen]
        named += [(LISTEN_ONLY, text) for text in settings.listen_only]
        named += settings.speak_only
        if named:
            return [(self._at(text), door) for door, text in named]
        return [(self._on_host(settings.port), OPEN)]

    def _web_place(self, text: str) -> Place:
        return self._on_host(int(text)) if text.isdigit() else self._at(text)

    def _at(self, text: str) -> Place:
        return Place(text, partial(endpoint_for, self._reactor, text, self._wrap))

    def _on_host(self, port: int) -> Place:
        host = self._settings.host
        kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
        make = partial(kind, self._reactor, port, sockets.BACKLOG, interface=host)
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return Place(name, make, HOST_HINT)


def reachable(address: Any) -> str:
    """Return an address as others type it: of all interfaces, the one they come by.

    The machine's name where no route leads to them.
    """
    host = getattr(address, "host", None)
    if host not in ("0.0.0.0", "::"):
        return sockets.name_of(address)
    is_new = host == "::"
    family = socket.AF_INET6 if is_new else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:  # sends nothing: it only asks for the way (addresses of RFC 5737, 3849)
            probe.connect(("2001:db8::1" if is_new else "192.0.2.1", 9))
            own = probe.getsockname()[0]
        except OSError:
            own = socket.gethostname()
    return f"[{own}]:{address.port}" if ":" in own else f"{own}:{address.port}"


def why_not(error: Exception) -> str:
    """Return in one line why a listener can't be opened."""
    if isinstance(error, CannotListenError):
        error = error.socketError
    if isinstance(error, KeyError):
        return f"the service manager has handed over no socket named {error}"
    return reason_of(error) or type(error).__name__
