"""An HTTP port: the page, the WebSocket, metrics and health."""

from collections.abc import Callable
from typing import Any

from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from broadcast.base.hosts import is_loopback
from broadcast.base.settings import Settings
from broadcast.net.connections import Connections
from broadcast.protocol.roles import ASKING, UNRESTRICTED
from broadcast.web.channel import Channel
from broadcast.web.door import Door
from broadcast.web.files import load
from broadcast.web.http import answer, headers, say
from broadcast.web.metrics import CONTENT_TYPE, Exporter
from broadcast.web.notices import Notices
from broadcast.web.places import Places
from broadcast.web.upgrade import Front, Socket
from broadcast.web.visit import Visit

REQUEST_TIME = 20
"""Seconds within which a request must be whole."""


class Folder(Resource):
    """A resource with children, and no content."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Return the resource for unknown paths."""
        return Plain(lambda: (404, "there is nothing here"))

    def render_GET(self, request: Request) -> bytes:
        """Return a message that there is nothing."""
        return say(request, 404, "there is nothing here")


class Plain(Resource):
    """A resource that answers GET with a message."""

    isLeaf = True

    def __init__(self, answer: Callable[[], tuple[int, str]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._answer = answer

    def render_GET(self, request: Request) -> bytes:
        """Return the message."""
        status, message = self._answer()
        return say(request, status, message)


class Metrics(Resource):
    """The metrics, for Prometheus.

    Args:
        render: returns the metrics.
        is_open: they are public. Otherwise they are for this machine only, and not for
            requests through a proxy.
    """

    isLeaf = True

    def __init__(self, render: Callable[[], bytes], is_open: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._render = render
        self._is_open = is_open

    def render_GET(self, request: Request) -> bytes:
        """Return the metrics, or 403."""
        if not self._is_open and not _is_local(request):
            return say(request, 403, "metrics are for this machine only")
        return answer(request, 200, CONTENT_TYPE, self._render())


class WebSite(Site):
    """Makes the connections of the HTTP listeners.

    Args:
        reactor: times the requests.
        connections: the open connections.
        settings: the options.
    """

    noisy = False
    protocol: Any = Channel
    requestFactory: Any = Visit

    def __init__(
        self,
        reactor: Any,
        connections: Connections,
        settings: Settings,
    ) -> None:
        self.root: Any = Folder()
        super().__init__(  # type: ignore[no-untyped-call]  # Twisted's
            self.root, timeout=REQUEST_TIME, reactor=reactor
        )
        self.displayTracebacks = False
        self._connections = connections
        self.work = connections.work
        notices = Notices(self.work.clock)
        self.door = Door(settings.web_origin, notices)
        self.places = Places(
            settings.web_max_connections, settings.web_max_per_host, notices
        )
        role = ASKING if settings.web_ask else UNRESTRICTED
        socket = Socket(connections, self.door, role)
        self._add(b"ws", socket)
        self._add(b"healthz", Plain(lambda: (200, "alive")))
        self._add(b"readyz", Plain(lambda: _readiness(connections)))
        if settings.web_metrics != "off":
            is_open = settings.web_metrics == "on"
            self._add(b"metrics", Metrics(Exporter(connections).render, is_open))
        if settings.relay:
            self._add(b"", Front(Plain(lambda: (404, "a relay has no page")), socket))
        else:
            self._add_page(socket, settings)

    def _add_page(self, socket: Socket, settings: Settings) -> None:
        found = load(settings.web_embed)
        self._add(b"", Front(found.pop("index.html"), socket))
        folder: Any = Folder()
        for name, file in found.items():
            folder.putChild(name.encode(), file)
        self._add(b"static", folder)

    def _add(self, name: bytes, resource: Any) -> None:
        self.root.putChild(name, resource)

    @property
    def is_stopping(self) -> bool:
        """The daemon is stopping: requests are answered, connections not kept."""
        return self._connections.is_stopping

    def startFactory(self) -> None:
        """Log the warnings about options, once a port listens."""
        super().startFactory()
        self.door.warn()

    def stopFactory(self) -> None:
        """Close the idle connections: the ports are closed."""
        super().stopFactory()
        for channel in tuple(self.places):
            channel.stop()

    def acceptableProtocols(self) -> list[bytes]:
        """Return the protocols for ALPN: the channel speaks no HTTP/2."""
        return [b"http/1.1"]

    def log(self, request: Any) -> None:
        """Log nothing: the room logs the members that join and leave."""


def _is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine, and not through a proxy."""
    host = getattr(request.getClientAddress(), "host", None)
    is_inside = host is None or is_loopback(host)
    via = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
    return is_inside and not any(headers(request, name) for name in via)


def _readiness(connections: Connections) -> tuple[int, str]:
    return (200, "ready") if connections.is_open else (503, "not ready")
