"""Options and statistics of real sockets over loopback."""

import os
import socket
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.testing import StringTransport
from zope.interface import directlyProvides

from broadcast.net import sockopts

needs_kernel = pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="Linux's")


Pair = tuple[socket.socket, socket.socket]


HERE = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]


NOTHING = (None, None)


ELSEWHERE = ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "fe80::1%eth0"]


def _over(sock: socket.socket) -> Any:
    """Return a transport as TLS has it: the socket's own is below."""
    bottom = SimpleNamespace(getHandle=lambda: sock)
    return SimpleNamespace(getHandle=object, transport=bottom)


def test_the_options_of_a_connection(pair: Pair) -> None:
    """Lines go out without delay; the dead are found within 35 seconds."""
    ours, _ = pair
    sockopts.prepare(_over(ours))
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE)
    if hasattr(socket, "TCP_KEEPIDLE"):
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, every, count = (ours.getsockopt(socket.IPPROTO_TCP, n) for n in names)
        assert idle + every * count <= 35


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no unix sockets here")
def test_a_unix_socket_is_asked_nothing_of_tcp() -> None:
    """It goes without, and is private; the user at its other end is told."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport = _over(ours)
        sockopts.prepare(transport)
        sockopts.make_room(transport)
        assert (sockopts.progress(transport), sockopts.traffic(transport)) == NOTHING
        assert not sockopts.has_arrived(transport)
        assert sockopts.is_private(transport)
        if hasattr(socket, "SO_PEERCRED"):
            assert sockopts.user_of(transport) == f" (uid {os.geteuid()})"


def test_a_closed_socket_tells_nothing(pair: Pair) -> None:
    """A connection that is lost, or has none, may be asked: no answer, no error."""
    pair[0].close()
    for transport in (_over(pair[0]), StringTransport(), None):
        assert (sockopts.progress(transport), sockopts.traffic(transport)) == NOTHING
        assert not sockopts.has_arrived(transport)
        assert not sockopts.is_private(transport)


@needs_kernel
def test_there_is_room_for_last_words(pair: Pair) -> None:
    """A full socket takes them, and loses no room; what stands before them is owed."""
    ours, _ = pair
    sockopts.prepare(_over(ours))
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            ours.send(b"x" * 65536)
    room = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    sockopts.make_room(_over(ours))
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) >= room
    assert ours.send(b"* Bye\n") == 6
    ours.shutdown(socket.SHUT_WR)
    told = sockopts.progress(_over(ours))
    assert told is not None
    assert told.is_owed
    assert not sockopts.has_arrived(_over(ours))


@needs_kernel
def test_what_the_kernel_tells_of_the_other_end(pair: Pair) -> None:
    """Bytes each way, exactly; whether some are owed, and whether the end is there."""
    ours, theirs = pair
    had = sockopts.traffic(_over(ours))
    assert had is not None
    ours.sendall(b"a" * 5000)
    assert theirs.recv(5000, socket.MSG_WAITALL) == b"a" * 5000
    theirs.sendall(b"x")  # confirms them on its way
    assert ours.recv(1) == b"x"
    assert sockopts.progress(_over(ours)) == (False, had.acked + 5000)
    assert sockopts.traffic(_over(ours)) == (had.received + 1, had.acked + 5000)
    assert not sockopts.has_arrived(_over(ours))
    ours.shutdown(socket.SHUT_WR)
    assert theirs.recv(1) == b""
    theirs.sendall(b"x")  # confirms the end
    assert ours.recv(1) == b"x"
    assert sockopts.has_arrived(_over(ours))


class _From(socket.socket):
    """A socket whose other end is where it says."""

    host = ""
    own = "198.51.100.1"

    def getpeername(self) -> tuple[str, int]:
        return self.host, 1

    def getsockname(self) -> tuple[str, int]:
        return self.own, 2


@pytest.mark.parametrize("host", [*HERE, *ELSEWHERE])
def test_only_this_machine_is_private_without_tls(host: str) -> None:
    """A password may come in plain from loopback, and from nowhere else."""
    with _From() as sock:
        sock.host = host
        transport = _over(sock)
        assert sockopts.is_private(transport) is (host in HERE)
        directlyProvides(transport, ISSLTransport)
        assert sockopts.is_private(transport)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_this_machine_by_its_own_address_is_private(host: str) -> None:
    """A peer with the address that it has connected to is on this machine too."""
    with _From() as sock:
        sock.host = sock.own = host
        assert sockopts.is_private(_over(sock))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (IPv4Address("TCP", "192.0.2.7", 80), "192.0.2.7:80"),
        (IPv6Address("TCP", "2001:db8::1", 80), "[2001:db8::1]:80"),
        (IPv6Address("TCP", "::ffff:192.0.2.7", 80), "192.0.2.7:80"),
        (UNIXAddress(b"/run/\xff"), "unix:/run/�"),
        (UNIXAddress(None), "unix"),
    ],
)
def test_addresses_as_they_stand_in_the_log(address: Any, name: str) -> None:
    """Each kind of address is one word, as people write it."""
    assert sockopts.name_of(address) == name
