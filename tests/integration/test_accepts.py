"""Many who come at once do not hold up those who are here."""

import socket
from contextlib import ExitStack
from typing import Any

from twisted.internet import tcp
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

from broadcast.doorway import MAKE, Doorway
from tests.support.daemon import DEADLINE


class Hall(ServerFactory):
    """Keeps who was accepted."""

    noisy = False

    def __init__(self) -> None:
        self.guests: list[Any] = []

    def buildProtocol(self, addr: object) -> Protocol:
        self.guests.append(Protocol())
        return self.guests[-1]  # type: ignore[no-any-return]  # a Protocol


def test_few_are_accepted_in_a_turn() -> None:
    """Sixty wait: each turn takes a few of them, until all are here."""
    factory = Hall()
    made: Any = factory  # zope knows it as one
    port = tcp.Port(0, made, 100, "127.0.0.1", MemoryReactor())
    port.startListening()
    clock = Clock()
    Doorway(port, clock.callLater)
    with ExitStack() as stack:
        for _ in range(60):
            address = ("127.0.0.1", port.getHost().port)
            stack.enter_context(socket.create_connection(address, DEADLINE))
        counts = []
        while len(factory.guests) < 60:
            port.doRead()
            counts.append(len(factory.guests))
        assert counts == [*range(MAKE, 60, MAKE), 60]
        for guest in factory.guests:
            guest.transport.getHandle().close()
        port.socket.close()
