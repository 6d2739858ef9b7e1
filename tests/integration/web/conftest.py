"""Fixtures for the web face: a daemon with a page, and browsers that look at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.browser import Browsers, Page, require_browser
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import WebSocketWire, connect_websocket, web_port


@pytest.fixture(scope="module")
def web() -> Iterator[Daemon]:
    """Give a daemon with a page, the same for a whole module."""
    with Daemon("--web", "0") as daemon:
        yield daemon


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """Give the session's browsers."""
    require_browser()
    kept = Browsers()
    yield kept
    kept.stop()


@pytest.fixture
def open_page(browsers: Browsers) -> Iterator[Callable[..., Page]]:
    """Open pages with ``open_page(daemon or port)``; close them at the end."""
    with ExitStack() as stack:

        def make(
            where: Daemon | int,
            size: tuple[int, int] = (420, 860),
            is_dark: bool = False,
            path: str = "/",
        ) -> Page:
            port = where if isinstance(where, int) else web_port(where)
            page = Page(browsers, f"http://127.0.0.1:{port}{path}", size, is_dark)
            stack.callback(page.close)
            return page

        yield make


@pytest.fixture
def join() -> Iterator[Callable[..., LineClient]]:
    """Join over TCP with ``join(daemon, name)``; leave at the end."""
    with ExitStack() as stack:

        def make(daemon: Daemon, name: str) -> LineClient:
            client = LineClient(connect_tcp(daemon.port))
            stack.callback(client.close)
            client.since_ping(f"/name {name}")
            return client

        yield make


@pytest.fixture
def upgrade() -> Iterator[Callable[..., WebSocketWire]]:
    """Open WebSockets with ``upgrade(daemon, path)``; close them at the end."""
    with ExitStack() as stack:

        def make(daemon: Daemon, path: str = "/ws", **more: int) -> WebSocketWire:
            wire = connect_websocket(daemon, path, **more)
            stack.callback(wire.close)
            return wire

        yield make
