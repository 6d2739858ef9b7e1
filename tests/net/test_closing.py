"""Closing connections: asked to end after a while, cut off after as long again."""

import select
import socket
from contextlib import suppress
from typing import Any

import pytest
from twisted.internet.protocol import ServerFactory
from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactorClock

from broadcast.base.work import BUDGET
from broadcast.net.closing import LINGER
from broadcast.net.lines import LineProtocol
from tests.support.hall import Hall


def _connect(
    hall: Hall, sock: socket.socket
) -> tuple[LineProtocol, MemoryReactorClock]:
    """Return a connection of the hall over ``sock``, and the reactor under it."""
    reactor: Any = MemoryReactorClock()
    factory: ServerFactory = hall.factory
    made: Any = factory.buildProtocol(None)
    port: Any = None
    made.makeConnection(Server(sock, made, ("127.0.0.1", 1), port, 0, reactor))
    return made, reactor


def test_first_asked_then_cut_off() -> None:
    """Two seconds for the last words to be read, and two for the end to come."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.protocol.linger()
    hall.wait(LINGER - 0.01)
    assert not guest.transport.disconnecting
    hall.wait(0.01)
    assert guest.transport.disconnecting
    assert not guest.transport.disconnected
    hall.wait(LINGER - 0.01)
    assert not guest.transport.disconnected
    hall.wait(0.01)
    assert guest.transport.disconnected
    assert not hall.clock.getDelayedCalls()


@pytest.mark.parametrize("waited", [LINGER - 0.01, LINGER + 0.01])
def test_one_who_has_gone_is_left_alone(waited: float) -> None:
    """Nothing more is done to a connection that ended by itself meanwhile."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.protocol.linger()
    hall.wait(waited)
    was_asked = guest.transport.disconnecting
    guest.drop()
    hall.wait(2 * LINGER)
    assert guest.transport.disconnecting is was_asked
    assert not guest.transport.disconnected


@pytest.mark.counts_turns
def test_a_crowd_is_closed_a_few_a_turn() -> None:
    """Of many that are due at once, each turn of the reactor closes what it has time
    for: a look at the clock takes half a millisecond here."""
    hall = Hall()
    guests = [hall.connect() for _ in range(30)]
    hall.wait(1)
    for guest in guests:
        guest.protocol.linger()
    for state in ("disconnecting", "disconnected"):
        hall.clock.advance(LINGER)
        hall.clock.tick = 0.0005
        closed: list[int] = []
        while sum(closed) < len(guests):
            before = sum(getattr(guest.transport, state) for guest in guests)
            hall.turn(1)
            after = sum(getattr(guest.transport, state) for guest in guests)
            closed.append(after - before)
        hall.clock.tick = 0
        assert max(closed) <= BUDGET / 0.0005


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the kernel tells nothing")
def test_one_who_has_it_all_and_stays_is_reset(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """A peer that has acknowledged the last words is neither asked nor waited for."""
    hall = Hall()
    ours, theirs = pair
    connection, reactor = _connect(hall, ours)
    connection.transport.getHandle().sendall(b"* Bye\n")
    ours.shutdown(socket.SHUT_WR)
    connection.linger()
    assert theirs.recv(100) == b"* Bye\n"
    assert theirs.recv(100) == b""
    theirs.sendall(b"x")  # confirms our end on its way
    assert ours.recv(1) == b"x"
    hall.wait(LINGER)
    reactor.advance(0)
    assert connection not in hall.connections
    poller = select.poll()
    poller.register(theirs, 0)  # only of a reset it tells then, not of an end
    assert poller.poll(10_000)


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the kernel tells nothing")
def test_one_who_reads_late_gets_the_last_words(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """While the kernel has something to deliver, nobody is reset after the linger."""
    hall = Hall()
    ours, theirs = pair
    ours.setblocking(False)
    connection, reactor = _connect(hall, ours)
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += ours.send(b"x" * 65536)
    connection.linger()
    sent += ours.send(b"* Bye\n")
    ours.shutdown(socket.SHUT_WR)
    hall.wait(LINGER)
    reactor.advance(0)
    received = bytearray()
    while piece := theirs.recv(1 << 20):
        received += piece
    assert len(received) == sent
    assert received.endswith(b"* Bye\n")
