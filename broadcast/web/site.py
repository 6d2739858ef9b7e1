"""An HTTP port: the page, the WebSocket, metrics and health."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from broadcast.base.hosts import is_loopback
from broadcast.base.settings import SCRAPERS, Settings
from broadcast.net.connections import Connections
from broadcast.protocol.roles import ASKING, UNRESTRICTED
from broadcast.web.api.endpoint import Endpoint, api_for
from broadcast.web.api.readers import Events, Lines, refusal_of_events
from broadcast.web.api.say import Say
from broadcast.web.channel import Channel
from broadcast.web.door import Door
from broadcast.web.files import load
from broadcast.web.http import (
    NO_BODY,
    NOTHING,
    READ_ONLY,
    allowed,
    answer,
    headers,
    refusal,
    say,
)
from broadcast.web.metrics import CONTENT_TYPE, Exporter
from broadcast.web.notices import Notices
from broadcast.web.places import Bodies, Places
from broadcast.web.upgrade import Front, Socket
from broadcast.web.visit import Visit

_EVENTS = re.compile(rb"GET /events[? ]")

REQUEST_TIME = 20
"""Seconds within which a request must be whole."""


class Folder(Resource):
    """A resource with children, and no content."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Return the resource for unknown paths."""
        return Plain(lambda: (404, NOTHING))

    def render_GET(self, request: Request) -> bytes:
        """Return a message that there is nothing."""
        return say(request, 404, NOTHING)


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


class HttpSite(Site):
    """Makes the connections of an HTTP listener, which tells health and readiness.

    Args:
        reactor: times the requests.
        connections: the open connections of the daemon.
        most: HTTP connections that may be open.
        most_per_host: the same for a host; 0 is any number.
        origins: other origins whose pages may ask.
        exporter: begins to measure once a port listens.
    """

    noisy = False
    protocol: Any = Channel
    requestFactory: Any = Visit

    def __init__(
        self,
        reactor: Any,
        connections: Connections,
        most: int,
        most_per_host: int,
        origins: frozenset[tuple[str, str, int]],
        exporter: Exporter,
    ) -> None:
        self.root: Any = Folder()
        super().__init__(  # type: ignore[no-untyped-call]  # Twisted's
            self.root, timeout=REQUEST_TIME, reactor=reactor
        )
        self.work = connections.work
        self.displayTracebacks = False
        self._connections = connections
        self._exporter = exporter
        notices = Notices(self.work.clock)
        self.door = Door(origins, notices)
        self.places = Places(most, most_per_host, notices)
        self.bodies = Bodies()
        self._say: Say | None = None
        self._add(b"healthz", Plain(lambda: (200, "alive")))
        self._add(b"readyz", Plain(lambda: _readiness(connections)))

    def takes_body(self, method: bytes, path: str) -> Endpoint | None:
        """Return the resource that takes the body of a request; None: there is none.

        Args:
            method: the request's method.
            path: its path, maybe with a query.
        """
        is_post = method == b"POST" and path.partition("?")[0] == "/say"
        return self._say if is_post else None

    def refuse_body(self, method: bytes, path: str) -> bytes:
        """Return the answer to a request with a body where none is taken.

        Where nothing is, or the method is refused without a body, too, it says so.

        Args:
            method: the request's method.
            path: its path, maybe with a query.
        """
        resource = self.root if path == "*" else self._resource_at(path)
        if resource is None:
            return refusal(404, NOTHING)
        methods = getattr(resource, "methods", READ_ONLY)
        return NO_BODY if method in methods else refusal(405, *allowed(methods))

    def _resource_at(self, path: str) -> Any:
        """Return the resource at a path; None if there is nothing."""
        resource = self.root
        names = unquote_to_bytes(path.partition("?")[0]).split(b"/")[1:]
        for name in names:
            if resource.isLeaf:
                return None if isinstance(resource, Endpoint) else resource
            if (resource := resource.children.get(name)) is None:
                return None
        return resource

    def refusal_for(self, line: bytes, usual: bytes) -> bytes:
        """Return the answer to a connection for which there is no place.

        Args:
            line: the first line that it has sent, as far as it has come.
            usual: the answer to all but an EventSource, which would never come back.
        """
        is_reader = self._say and _EVENTS.match(line)
        return (
            refusal_of_events("too many connections are open") if is_reader else usual
        )

    def _add(self, name: bytes, resource: Any) -> None:
        self.root.putChild(name, resource)

    def _add_metrics(self, is_open: bool) -> None:
        self._add(b"metrics", Metrics(self._exporter.render, is_open))

    @property
    def is_stopping(self) -> bool:
        """The daemon is stopping: requests are answered, connections not kept."""
        return self._connections.is_stopping

    def startFactory(self) -> None:
        """Log the warnings about options, once a port listens."""
        super().startFactory()
        self.door.warn()
        self._exporter.start()

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


class WebSite(HttpSite):
    """Makes the connections of ``--web``: the page, the WebSocket, and what is told.

    Args:
        reactor: times the requests.
        connections: the open connections.
        settings: the options.
        exporter: renders the metrics; None makes one.
    """

    def __init__(
        self,
        reactor: Any,
        connections: Connections,
        settings: Settings,
        exporter: Exporter | None = None,
    ) -> None:
        super().__init__(
            reactor,
            connections,
            settings.web_max_connections,
            settings.web_max_per_host,
            settings.web_origin,
            exporter or Exporter(connections),
        )
        role = ASKING if settings.web_ask else UNRESTRICTED
        socket = Socket(connections, self.door, role)
        self._add(b"ws", socket)
        if settings.metrics is None and settings.web_metrics != "off":
            self._add_metrics(settings.web_metrics == "on")
        if settings.relay:
            self._add(b"", Front(Plain(lambda: (404, "a relay has no page")), socket))
        else:
            self._add_page(socket, settings)
            self._add_api()

    def _add_api(self) -> None:
        api = api_for(self._connections, self.door)
        self._say = Say(api)
        self._add(b"say", self._say)
        self._add(b"lines", Lines(api))
        self._add(b"events", Events(api))

    def _add_page(self, socket: Socket, settings: Settings) -> None:
        found = load(settings.web_embed)
        self._add(b"", Front(found.pop("index.html"), socket))
        folder: Any = Folder()
        for name, file in found.items():
            folder.putChild(name.encode(), file)
        self._add(b"static", folder)


class MetricsSite(HttpSite):
    """Makes the connections of ``--metrics``, which are for anybody who reaches it.

    Args:
        reactor: times the requests.
        connections: the open connections.
        exporter: renders the metrics.
    """

    def __init__(
        self, reactor: Any, connections: Connections, exporter: Exporter
    ) -> None:
        super().__init__(reactor, connections, SCRAPERS, 0, frozenset(), exporter)
        self._add_metrics(is_open=True)


def _is_local(request: Request) -> bool:
    """Tell whether a request comes from this machine, and not through a proxy."""
    host = getattr(request.getClientAddress(), "host", None)
    is_inside = host is None or is_loopback(host)
    via = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
    return is_inside and not any(headers(request, name) for name in via)


def _readiness(connections: Connections) -> tuple[int, str]:
    return (200, "ready") if connections.is_open else (503, "not ready")
