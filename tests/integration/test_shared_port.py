"""reuseport=yes: several daemons have one TCP port."""

import socket
from collections.abc import Callable

import pytest

from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient, connect_tcp

Start = Callable[..., Daemon]

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT on this machine"
)

SHARED = "--listen=tcp:{}:interface=127.0.0.1:reuseport=yes"


def test_two_daemons_share_the_connections_of_a_port(daemon: Start) -> None:
    """The kernel gives each of them some; when one ends, the other has them all."""
    first = daemon(SHARED.format(0), "--welcome=the first")
    second = daemon(SHARED.format(first.port), "--welcome=the second")
    assert second.port == first.port
    seen: set[str] = set()
    for _ in range(200):  # all by one: once in 2**199
        seen.add(_welcome(first.port))
        if len(seen) == 2:
            break
    assert seen == {"* the first", "* the second"}
    first.stop()
    assert {_welcome(second.port) for _ in range(8)} == {"* the second"}


def test_who_does_not_say_so_has_no_part(daemon: Start) -> None:
    """A daemon without reuseport=yes finds the port in use, and says so in a line."""
    first = daemon(SHARED.format(0))
    code, _, err = refused_start("--port", str(first.port))
    assert code == 1
    assert "address already in use; " in err


def _welcome(port: int) -> str:
    client = LineClient(connect_tcp(port))
    found = client.until("the (first|second)")[-1]
    client.close()
    return found
