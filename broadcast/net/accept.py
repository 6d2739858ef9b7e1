"""A listening socket that takes those who wait out of the kernel's queue early.

That queue is short (``net.core.somaxconn``), and who finds it full tries again
after a whole second. Making a connection takes some ten times as long as
accepting it, and losing one does too: when thousands drop and come back at once,
they are accepted first and made later, a few in each turn of the reactor, from one
listener after another.
"""

import socket
from collections import deque
from collections.abc import Callable
from typing import Any

LOOK_AFTER = 8
"""Connections made, or lost, between two looks at the kernel's queue."""

MAX_ACCEPTED = 4096
"""Connections that wait here, at most: the rest wait in the kernel, whose queue is
as long on most machines."""

TAKE = 256
"""Connections taken in at one look: two milliseconds."""

MAKE = 8
"""Connections made in one turn of the reactor, of those who wait here; as many by each
listener where nobody waits. About 2 ms. Twisted begins with 100, and takes 20 more each
time that there were so many: when thousands come at once, each turn takes 50 ms, in
which nobody else is heard."""


class Acceptor:
    """The queues of all listeners, which share the turns.

    Args:
        later: calls a function after so many seconds.
        most: connections that the open files allow.
    """

    def __init__(
        self, later: Callable[[float, Callable[[], None]], object], most: int = 1 << 20
    ) -> None:
        self._later = later
        self._most = most
        self._all: list[AcceptQueue] = []
        self._waiting: deque[AcceptQueue] = deque()

    def add(self, port: Any) -> None:
        """Stand in for the socket of a ``tcp.Port`` or ``unix.Port`` that listens."""
        self._all.append(AcceptQueue(port, self.expect, self._most))

    def look(self) -> None:
        """Take in who waits at any listener."""
        for queue in self._all:
            queue.look()

    def expect(self, queue: "AcceptQueue") -> None:
        """Have ``queue`` make some of its connections when it is its turn."""
        if not self._waiting:
            self._later(0, self._go_on)
        self._waiting.append(queue)

    def _go_on(self) -> None:
        queue = self._waiting.popleft()
        if self._waiting:
            self._later(0, self._go_on)
        queue.go_on()


class AcceptQueue:
    """Stands in for the socket of one of Twisted's listening ports.

    Args:
        port: a ``tcp.Port`` or ``unix.Port``, listening; its socket is replaced, and
            what reads it.
        expect: is told when somebody is held; is to call ``go_on`` once, in turn.
        most: connections that the open files allow: a descriptor above is the last.
    """

    def __init__(
        self, port: Any, expect: Callable[["AcceptQueue"], None], most: int
    ) -> None:
        self._port = port
        self._expect = expect
        self._listener: socket.socket = port.socket
        self._accepted: deque[tuple[socket.socket, Any]] = deque()
        self._made = 0
        self._is_expected = False
        self._is_closed = False
        self._most = most
        self._read: Callable[[], None] = port.doRead
        port.socket = self
        port.doRead = self._come

    def look(self) -> None:
        """Take in some who wait, as long as there is room, and files, for them."""
        space = 0 if self._is_closed else min(TAKE, MAX_ACCEPTED - len(self._accepted))
        try:
            for _ in range(space):
                taken = self._listener.accept()
                self._accepted.append(taken)
                if taken[0].fileno() >= self._most:
                    break
        except OSError:
            pass  # nobody waits; what else it is, the port is told by accept()
        if self._accepted and not self._is_expected:
            self._is_expected = True
            self._expect(self)

    def go_on(self) -> None:
        """Let the port have some who are held: nothing else tells it of them."""
        self._is_expected = False
        if self._accepted:
            self._read_few()
            self.look()

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection, as ``socket.accept`` does, and its errors."""
        self._made += 1
        if self._made % LOOK_AFTER == 0:
            self.look()
        return self._accepted.popleft() if self._accepted else self._listener.accept()

    def close(self) -> None:
        """Close the listening socket, and those who were not let in."""
        self._is_closed = True
        for taken, _ in self._accepted:
            taken.close()
        self._accepted.clear()
        self._listener.close()

    def _come(self) -> None:
        """Somebody connects: in turn, if others came before."""
        if self._is_expected:
            self.look()
        else:
            self._read_few()

    def _read_few(self) -> None:
        self._port.numberAccepts = MAKE
        self._read()

    def __getattr__(self, name: str) -> Any:
        """Return what else the listening socket has."""
        return getattr(self._listener, name)
