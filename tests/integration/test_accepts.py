"""Many who come at once do not hold up those who are here."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.testing import MemoryReactorClock

from broadcast.base.work import Work
from broadcast.net import accept
from broadcast.net.accept import MAKE, Acceptor
from broadcast.net.handshakes import Handshakes
from broadcast.net.ports import Ports
from tests.support.daemon import DEADLINE


class Hall(ServerFactory):
    """Keeps who was accepted."""

    noisy = False

    def __init__(self) -> None:
        self.guests: list[Any] = []

    def buildProtocol(self, addr: object) -> Protocol:
        self.guests.append(Protocol())
        return self.guests[-1]  # type: ignore[no-any-return]  # a Protocol


@pytest.mark.parametrize("look_after", [MAKE, 1000])
def test_few_are_accepted_in_a_turn(
    look_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty wait at each of two listeners: they take turns, a few at each."""
    monkeypatch.setattr(accept, "LOOK_AFTER", look_after)
    turns: list[Callable[[], None]] = []
    clock: Any = SimpleNamespace(callLater=lambda _, call: turns.append(call))
    acceptor = Acceptor(Work(clock))
    halls = [Hall(), Hall()]
    made: Any = halls  # zope knows them as factories
    reactor = MemoryReactorClock()
    listener = Ports(reactor, acceptor, Handshakes(reactor))
    ports: list[Any] = [
        listener.listenTCP(0, hall, interface="127.0.0.1") for hall in made
    ]
    with ExitStack() as stack:
        for port in ports:
            for _ in range(60):
                address = ("127.0.0.1", port.getHost().port)
                stack.enter_context(socket.create_connection(address, DEADLINE))
        acceptor.look()
        counts = []
        while turns:
            (turn,) = turns
            turns.clear()
            for port in ports:
                port.doRead()  # nobody is made while others are before him
            turn()
            counts.append(tuple(len(hall.guests) for hall in halls))
        steps = [*range(MAKE, 60, MAKE), 60]
        assert counts[::2] == list(zip(steps, [0, *steps], strict=False))
        assert counts[1::2] == list(zip(steps, steps, strict=True))
        for hall in halls:
            for guest in hall.guests:
                guest.transport.getHandle().close()
        for port in ports:
            port.socket.close()
