"""Ports of our own, for Twisted's endpoints: whatever listens accepts early."""

import socket
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorFDSet, IReactorTCP
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.testing import MemoryReactorClock

from broadcast.base.work import Work
from broadcast.net.accept import Acceptor, EarlyPort
from broadcast.net.handshakes import Handshakes
from broadcast.net.listeners import endpoint_for
from broadcast.net.ports import Ports
from broadcast.net.sockopts import socket_of
from tests.support.faces import make_certificate

needs_unix = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="no unix sockets on this machine"
)


class Kept(ServerFactory):
    """Keeps the connections."""

    noisy = False

    def __init__(self) -> None:
        self.made: list[Any] = []

    def buildProtocol(self, addr: object) -> Protocol:
        made = Protocol()
        self.made.append(made)
        return made


class Place:
    """Endpoints that listen, on a reactor that turns by hand."""

    def __init__(self, stack: ExitStack) -> None:
        self.reactor = MemoryReactorClock()
        self.acceptor = Acceptor(Work(self.reactor))
        self.ports = Ports(self.reactor, self.acceptor, Handshakes(self.reactor))
        self.factory = Kept()
        self._stack = stack

    def listen(self, text: str) -> Any:
        """Return the port of an endpoint."""
        found: list[Any] = []
        endpoint_for(self.ports, text).listen(self.factory).addBoth(found.append)
        assert isinstance(found[0], EarlyPort)
        self._stack.callback(self.end, found[0])
        return found[0]

    def end(self, port: Any) -> None:
        """Stop to listen, if it has not."""
        if (done := port.stopListening()) is not None:
            done.addErrback(lambda failure: failure.raiseException())
        self.reactor.advance(0)

    def visit(self, family: int, address: Any) -> None:
        """Connect, and be accepted early; then made, in a turn of its own."""
        before = len(self.factory.made)
        client = self._stack.enter_context(socket.socket(family))
        client.settimeout(10)
        client.connect(address)
        self.acceptor.look()
        assert len(self.factory.made) == before
        self.reactor.advance(0)
        assert len(self.factory.made) == before + 1
        made = socket_of(self.factory.made[-1].transport)
        assert made is not None
        self._stack.callback(made.close)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place to listen, in an empty folder: paths of sockets are short."""
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Place(stack)


def test_tcp_accepts_early(place: Place) -> None:
    """A TCP port."""
    port = place.listen("tcp:0:interface=127.0.0.1")
    place.visit(socket.AF_INET, ("127.0.0.1", port.getHost().port))


def test_tcp6_accepts_early(place: Place) -> None:
    """A port of IPv6."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    port = place.listen(r"tcp6:0:interface=\:\:1")
    place.visit(socket.AF_INET6, ("::1", port.getHost().port))


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")  # Twisted's
def test_ssl_accepts_early_and_its_handshakes_are_counted(
    place: Place, tmp_path: Path
) -> None:
    """Twisted's own TLS endpoint."""
    tls = pytest.importorskip("broadcast.net.tls")
    key, certificate = make_certificate(tmp_path)
    port = place.listen(f"ssl:0:privateKey={key}:certKey={certificate}")
    assert isinstance(port.factory, tls.TLSFactory)
    place.visit(socket.AF_INET, ("127.0.0.1", port.getHost().port))
    assert len(port.factory.handshakes) == 1


needs_reuseport = pytest.mark.skipif(
    not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT on this machine"
)


@needs_reuseport
@pytest.mark.parametrize(
    ("form", "interface"),
    [
        ("tcp:{}:interface=127.0.0.1:reuseport=yes", "127.0.0.1"),
        ("haproxy:tcp:{}:reuseport=yes:interface=127.0.0.1", "127.0.0.1"),
        (r"tcp6:{}:reuseport=yes:interface=\:\:1", "::1"),
    ],
)
def test_a_port_may_be_shared(place: Place, form: str, interface: str) -> None:
    """Two listen on one port; a third, which doesn't say so, can't."""
    first = place.listen(form.format(0))
    port = first.getHost().port
    second = place.listen(form.format(port))
    assert second.getHost() == first.getHost()
    with pytest.raises(CannotListenError):
        place.ports.listenTCP(port, place.factory, interface=interface)


@needs_reuseport
def test_a_port_is_shared_only_if_that_is_said(place: Place) -> None:
    """reuseport=no is as if it weren't there."""
    port = place.listen("tcp:0:interface=127.0.0.1:reuseport=no").getHost().port
    with pytest.raises(CannotListenError):
        place.ports.reusing().listenTCP(port, place.factory, interface="127.0.0.1")


@needs_reuseport
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp:0:reuseport=1", "reuseport is neither yes nor no"),
        ("unix:room:reuseport=yes", "reuseport needs a TCP port"),
        ("systemd:domain=INET:index=0:reuseport=yes", "reuseport needs a TCP port"),
    ],
)
def test_what_can_not_be_shared_is_told(place: Place, text: str, why: str) -> None:
    """In words, and nothing is listened on."""
    with pytest.raises(ValueError, match=why):
        endpoint_for(place.ports, text)


@needs_unix
def test_a_path_may_look_like_an_option(place: Place) -> None:
    """An escaped colon belongs to the path."""
    place.listen(r"unix:address=room\:reuseport=yes")
    assert Path("room:reuseport=yes").is_socket()


@needs_unix
@pytest.mark.parametrize("lockfile", ["", ":lockfile=0"])
def test_unix_accepts_early(place: Place, lockfile: str) -> None:
    """A unix socket, ours alone or as Twisted has it."""
    place.listen(f"unix:room{lockfile}")
    place.visit(socket.AF_UNIX, "room")


def test_a_tcp_socket_handed_over_accepts_early(place: Place) -> None:
    """A socket of the service manager, which holds it after our end."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = place.ports.adoptStreamPort(held.fileno(), held.family, place.factory)
        place.visit(socket.AF_INET, held.getsockname())
        place.end(port)
        assert _is_listening(held)


@needs_unix
def test_a_unix_socket_handed_over_accepts_early_and_stays(place: Place) -> None:
    """Its permissions are the manager's, and after our end it listens still."""
    path = Path("held")
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))
        held.listen()
        path.chmod(0o640)
        port = place.ports.adoptStreamPort(held.fileno(), held.family, place.factory)
        place.visit(socket.AF_UNIX, str(path))
        place.end(port)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert _is_listening(held)


def _is_listening(held: socket.socket) -> bool:
    with socket.socket(held.family) as client:
        return client.connect_ex(held.getsockname()) == 0


def test_all_else_is_the_reactors(place: Place) -> None:
    """Endpoints of others find the reactor's methods and interfaces."""
    assert place.ports.callLater == place.reactor.callLater
    assert IReactorTCP.providedBy(place.ports)
    assert IReactorFDSet.providedBy(place.ports)
