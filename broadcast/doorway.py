"""A listening socket that takes those who wait out of the kernel's queue early.

That queue is short (``net.core.somaxconn``), and who finds it full tries again
after a whole second. Making a connection takes some ten times as long as
accepting it, and losing one does too: when thousands drop and come back at once,
they are accepted first and made later, a few in each turn of the reactor.
"""

import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from broadcast.crowd import RESERVE
from broadcast.sockets import file_limit

LOOK_AFTER = 8
"""Connections made, or lost, between two looks at the kernel's queue."""

HELD = 4096
"""Connections that wait here, at most: the rest wait in the kernel, whose queue is
as long on most machines."""

MAKE = 8
"""Connections made in one turn of the reactor, for each listener: about 2 ms.
Twisted begins with 100, and takes 20 more each time that there were so many: when
thousands come at once, each turn takes 50 ms, in which nobody else is heard."""


class Doorway:
    """Stands in for the socket of one of Twisted's listening ports.

    Args:
        port: a ``tcp.Port`` or ``unix.Port``, listening; its socket is replaced, and
            what reads it.
        later: calls a function after so many seconds.
    """

    def __init__(
        self, port: Any, later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._port = port
        self._later = later
        self._listener: socket.socket = port.socket
        self._held: deque[tuple[socket.socket, Any]] = deque()
        self._made = 0
        self._is_due = False
        self._is_closed = False
        self._last_file = file_limit() - RESERVE
        self._read: Callable[[], None] = port.doRead
        port.socket = self
        port.doRead = self._read_few

    def look(self) -> None:
        """Take in those who wait, as long as there is room, and files, for them."""
        try:
            while len(self._held) < HELD and not self._is_closed:
                taken = self._listener.accept()
                self._held.append(taken)
                if taken[0].fileno() >= self._last_file:
                    break
        except OSError:
            pass  # nobody waits; what else it is, the port is told by accept()
        if self._held and not self._is_due:
            self._is_due = True
            self._later(0, self._go_on)

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection, as ``socket.accept`` does, and its errors."""
        self._made += 1
        if self._made % LOOK_AFTER == 0:
            self.look()
        return self._held.popleft() if self._held else self._listener.accept()

    def close(self) -> None:
        """Close the listening socket, and those who were not let in."""
        self._is_closed = True
        for taken, _ in self._held:
            taken.close()
        self._held.clear()
        self._listener.close()

    def _go_on(self) -> None:
        """Let the port have those who are held: nothing else tells it of them."""
        self._is_due = False
        if self._held:
            self._read_few()
            self.look()

    def _read_few(self) -> None:
        self._port.numberAccepts = MAKE
        self._read()

    def __getattr__(self, name: str) -> Any:
        """Return what else the listening socket has."""
        return getattr(self._listener, name)
