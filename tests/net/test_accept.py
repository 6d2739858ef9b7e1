"""The listening socket that empties the kernel's short queue early."""

import errno
import socket
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock

from broadcast.base.work import Work
from broadcast.net import accept
from broadcast.net.accept import LOOK_AFTER, Acceptor, AcceptQueue

SHORT = 3


class Port:
    """Accepts all who wait, as Twisted's port does, and no more."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.listen(SHORT)
        self.socket = AcceptQueue(listener.detach())
        self.made: list[tuple[str, int]] = []
        self._kept: list[socket.socket] = []

    def make_few(self) -> None:
        """Accept all who wait."""
        try:
            while True:
                made, address = self.socket.accept()
                self._kept.append(made)
                self.made.append(address)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Close all."""
        for one in self._kept:
            one.close()
        self.socket.close()


@pytest.fixture
def port() -> Iterator[Port]:
    """A listening port."""
    made = Port()
    yield made
    made.close()


def _begin(port: Port, clock: Clock, most: int = 1 << 20) -> AcceptQueue:
    port.socket.begin(Acceptor(Work(clock), most), port.make_few)
    return port.socket


def _connect(port: Port, count: int) -> list[socket.socket]:
    where = port.socket.getsockname()
    return [socket.create_connection(where, timeout=10) for _ in range(count)]


def test_who_waits_is_taken_in_early_and_made_later(port: Port) -> None:
    """More come than the kernel's queue takes: all are let in, in their order."""
    clock = Clock()
    queue = _begin(port, clock)
    came: list[socket.socket] = []
    for _ in range(5):
        came += _connect(port, SHORT)  # would take a second each time, else
        queue.look()
    assert port.made == []
    clock.advance(0)
    assert port.made == [one.getsockname() for one in came]
    assert not clock.getDelayedCalls()
    for one in came:
        one.close()


def test_making_connections_looks_too(port: Port) -> None:
    """While a port makes one connection after another, it takes in who waits."""
    clock = Clock()
    queue = _begin(port, clock)
    came = _connect(port, SHORT)
    for _ in range(LOOK_AFTER):
        queue._accepted.append((socket.socket(), ("127.0.0.1", 1)))
    made = [queue.accept()[0] for _ in range(LOOK_AFTER)]
    with pytest.raises(BlockingIOError):
        socket.socket.accept(queue)  # nobody waits in the kernel's queue
    clock.advance(0)
    assert port.made == [one.getsockname() for one in came]
    for one in came + made:
        one.close()


def test_files_are_left_for_others(port: Port) -> None:
    """Nobody is held with the last files: who comes then is refused in time."""
    clock = Clock()
    queue = _begin(port, clock, most=0)
    came = _connect(port, SHORT)
    queue.look()
    assert len(queue._accepted) == 1
    clock.advance(0)
    assert len(port.made) == SHORT
    for one in came:
        one.close()


def test_no_more_are_accepted_than_there_is_room(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections beyond those that are held wait in the kernel."""
    monkeypatch.setattr(accept, "MAX_ACCEPTED", 2)
    clock = Clock()
    queue = _begin(port, clock)
    came = _connect(port, SHORT)
    queue.look()
    assert len(queue._accepted) == 2
    clock.advance(0)
    assert port.made == [one.getsockname() for one in came]
    for one in came:
        one.close()


def test_no_look_takes_long(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes in so many, the next one those who came after them."""
    monkeypatch.setattr(accept, "TAKE", 2)
    clock = Clock()
    queue = _begin(port, clock)
    came = _connect(port, SHORT)
    queue.look()
    assert len(queue._accepted) == 2
    queue.look()
    assert len(queue._accepted) == SHORT
    clock.advance(0)
    assert port.made == [one.getsockname() for one in came]
    for one in came:
        one.close()


def test_errors_are_the_ports_to_see() -> None:
    """The port gets the exceptions of accept(), which it handles."""
    with AcceptQueue(socket.socket().detach()) as queue:  # nobody listens on it
        queue.begin(Acceptor(Work(Clock())), queue.accept)
        queue.look()
        with pytest.raises(OSError) as caught:  # noqa: PT011  # the system's words
            queue.accept()
        assert caught.value.errno == errno.EINVAL


class Door:
    """Lets in so many at a time, and counts those who are held.

    Args:
        most: who may be held.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.held: list[object] = []

    def admits(self, address: object) -> bool:
        """Tell whether there is room."""
        return len(self.held) < self.most

    def hold(self, address: object) -> None:
        """Count one more."""
        self.held.append(address)

    def release(self, address: object) -> None:
        """Count that one no longer."""
        self.held.remove(address)


def test_who_is_not_admitted_is_closed_and_nobody_is_forgotten(port: Port) -> None:
    """The first ones are held, the next closed; made or closed, they count no more."""
    clock = Clock()
    door = Door(2)
    port.socket.begin(Acceptor(Work(clock)), port.make_few, door)
    came = _connect(port, SHORT)
    port.socket.look()
    where = [one.getsockname() for one in came]
    assert door.held == where[:2]
    assert came[2].recv(1) == b""
    clock.advance(0)
    assert (port.made, door.held) == (where[:2], [])
    late = _connect(port, 1)
    port.socket.look()
    assert door.held == [late[0].getsockname()]
    port.close()
    assert door.held == []
    for one in came + late:
        one.close()


def test_turning_away_takes_no_turn_of_others(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many are turned away at once; the rest have to wait for the next turn."""
    monkeypatch.setattr(accept, "TAKE", 2)
    port.socket.begin(Acceptor(Work(Clock())), port.make_few, Door(0))
    came = _connect(port, SHORT)
    port.make_few()
    assert [one.recv(1) for one in came[:2]] == [b"", b""]
    came[2].setblocking(False)
    with pytest.raises(BlockingIOError):
        came[2].recv(1)
    port.make_few()
    came[2].settimeout(10)
    assert came[2].recv(1) == b""
    assert port.made == []
    for one in came:
        one.close()


def test_all_that_were_accepted_are_made_before_the_end(port: Port) -> None:
    """So that their clients are told; no further ones are accepted early."""
    queue = _begin(port, Clock())
    came = _connect(port, SHORT)
    queue.look()
    assert port.made == []
    queue.drain()
    assert len(port.made) == SHORT
    came += _connect(port, 1)
    queue.look()
    queue.drain()
    assert len(port.made) == SHORT
    for one in came:
        one.close()


def test_closing_lets_go_of_who_was_accepted(port: Port) -> None:
    """A connection that is held is closed with the port."""
    queue = _begin(port, Clock())
    (one,) = _connect(port, 1)
    queue.look()
    port.close()
    assert one.recv(1) == b""
    queue.look()
    one.close()
