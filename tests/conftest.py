"""Fixtures for all tests: daemons that are ended, and clients that are closed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.engine import ENGINES, choose, is_late
from tests.support.hall import LoginHall
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.signals import restore


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the store be chosen that the tests run over."""
    parser.addoption("--engine", choices=ENGINES, default=ENGINES[0])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what rests on a commit that is made at once."""
    if is_late() and item.get_closest_marker("counts_turns"):
        pytest.skip("it counts what happens in one turn")


def pytest_configure(config: pytest.Config) -> None:
    """Make our markers known, and let what is started mind signals."""
    restore()
    choose(config.getoption("--engine"))
    config.addinivalue_line("markers", "options(*options): how the daemon is started")
    config.addinivalue_line("markers", "counts_turns: needs a store that is never late")


@pytest.fixture
def daemon() -> Iterator[Callable[..., Daemon]]:
    """Start daemons with ``daemon(*options)``; end each, and check that it ends well.

    A test that ends one itself calls ``stop`` or ``wait``, and that is checked
    where it does.
    """
    with ExitStack() as stack:

        def start(*options: str, **more: object) -> Daemon:
            started = Daemon(*options, **more)  # type: ignore[arg-type]  # passed on
            stack.callback(started.stop)
            return started

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[[Daemon], LineClient]]:
    """Connect over TCP with ``connect(daemon)``; close at the end."""
    with ExitStack() as stack:

        def make(daemon: Daemon) -> LineClient:
            client = LineClient(connect_tcp(daemon.port))
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def login_hall(tmp_path: Path) -> LoginHall:
    """Give a room in memory that one has to log in to."""
    return LoginHall(tmp_path)
