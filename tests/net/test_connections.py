"""All open connections: who is here, until the last one has gone."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from broadcast.net.accept import LOOK_AFTER, AcceptQueue
from broadcast.protocol.events import Bye
from tests.support.hall import Hall

GOODBYE = Bye("shutdown", "going down")


class WaitingListener:
    """A listener at which somebody waits, and how many it has let in."""

    def __init__(self, hall: Hall, stack: ExitStack) -> None:
        self._hall = hall
        self._stack = stack
        self._count = 0
        listener = socket.create_server(("127.0.0.1", 0))
        self._queue = stack.enter_context(AcceptQueue(listener.detach()))
        address = self._queue.getsockname()
        stack.enter_context(socket.create_connection(address, timeout=10))
        self._queue.begin(hall.connections.acceptor, self._make)

    def _make(self) -> None:
        self._stack.enter_context(self._queue.accept()[0])
        self._count += 1

    def let_in(self) -> int:
        """Let the reactor turn once; return how many are in."""
        self._hall.clock.advance(0)
        return self._count


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close all sockets at the end."""
    with ExitStack() as stack:
        yield stack


def test_a_connection_is_kept_from_its_beginning_to_its_loss() -> None:
    """It is here before it is introduced, and while its last words are unread."""
    hall = Hall()
    connections = hall.connections
    guests = [hall.connect(), hall.connect()]
    assert list(connections) == [guest.protocol for guest in guests]
    guests[0].send("/name al", "/quit")
    assert guests[0].protocol in connections
    assert len(connections) == 2
    guests[0].drop()
    assert list(connections) == [guests[1].protocol]
    assert guests[0].protocol not in connections


def test_the_loss_of_the_last_connection_is_told() -> None:
    """The callback of ``when_empty`` is called with the last loss, not earlier."""
    hall = Hall()
    guests = [hall.join("/name al"), hall.connect(), hall.connect()]
    called: list[int] = []
    hall.connections.when_empty(lambda: called.append(len(hall.connections)))
    for guest in guests:
        assert called == []
        guest.drop()
    assert called == [0]


def test_nobody_joins_while_it_stops() -> None:
    """A new connection is refused with a reason; members stay and are heard."""
    hall = Hall()
    hall.connections.is_open = True
    here, applying = hall.join("/name al"), hall.connect()
    here.take()
    hall.connections.stop(GOODBYE)
    assert hall.connections.is_stopping
    assert not hall.connections.is_open
    late = hall.connect()
    for guest in (applying, late):
        guest.send("/name late", "hello")
        hall.wait(1)
        assert guest.lines() == ["* going down"]
        assert guest.transport.disconnecting
    assert here.lines() == []
    here.send("/ping still")
    assert here.lines() == ["* pong still"]


def test_before_it_is_open_it_is_not_stopping() -> None:
    """At the start some listeners are open already: who comes there is let in."""
    hall = Hall()
    assert not hall.connections.is_open
    assert not hall.connections.is_stopping
    assert hall.join("/name al").lines()[0].startswith("* You are al")


def test_while_many_leave_others_are_let_in(stack: ExitStack) -> None:
    """Each so many losses, the kernel's queue is looked at: it is short."""
    hall = Hall()
    guests = [hall.connect() for _ in range(LOOK_AFTER)]
    waiting = WaitingListener(hall, stack)
    for guest in guests[1:]:
        guest.drop()
    assert waiting.let_in() == 0
    guests[0].drop()
    assert waiting.let_in() == 1
