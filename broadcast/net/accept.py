"""Listening ports that take those who wait out of the kernel's queue early.

That queue is short (``net.core.somaxconn``), and who finds it full tries again
after a whole second. Making a connection takes some ten times as long as
accepting it, and losing one does too: when thousands drop and come back at once,
they are accepted first and made later, a few in each turn of the reactor, from one
listener after another.
"""

import errno
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet import tcp

from broadcast.base.work import SMALL_READ, Work
from broadcast.net import sockopts
from broadcast.net.internals import limit_accepts

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


class IDoor(Protocol):
    """What a factory is that lets only some in. Addresses are the socket's own."""

    def admits(self, address: Any) -> bool:
        """Tell whether one who connects from ``address`` may come in."""

    def hold(self, address: Any) -> None:
        """Count one who was admitted, and waits here."""

    def release(self, address: Any) -> None:
        """Count that one no longer: he is made now, or closed."""


class AcceptQueue(socket.socket):
    """A listening socket that holds those whom it has accepted early.

    ``accept`` returns them in their order, and then those who wait in the kernel.

    Args:
        descriptor: of a stream socket; belongs to this object from now on.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(fileno=descriptor)
        self.setblocking(False)
        self._accepted: deque[tuple[socket.socket, Any]] = deque()
        self._made = 0
        self._is_closed = False
        self._acceptor: Acceptor | None = None
        self._door: IDoor | None = None
        self._make_few: Callable[[], object] = self.look
        self.is_expected = False

    def begin(
        self,
        acceptor: "Acceptor",
        make_few: Callable[[], object],
        door: IDoor | None = None,
    ) -> None:
        """Take in early who waits, from now on.

        Args:
            acceptor: shares the turns.
            make_few: accepts, and makes, a few connections.
            door: tells who may come in; others are closed before anything is made
                for them. None: all may.
        """
        self._door = door
        self._acceptor = acceptor
        self._make_few = make_few
        acceptor.add(self)

    def look(self) -> None:
        """Take in some who wait, as long as there is room, and files, for them."""
        acceptor = self._acceptor
        if acceptor is None or self._is_closed:
            return
        try:
            for _ in range(min(TAKE, MAX_ACCEPTED - len(self._accepted))):
                taken = super().accept()
                if not self._is_admitted(taken):
                    continue
                self._hold(taken)
                if taken[0].fileno() >= acceptor.most:
                    break
        except OSError:
            pass  # nobody waits; what else it is, the port is told by accept()
        if self._accepted and not self.is_expected:
            self.is_expected = True
            acceptor.expect(self)

    def go_on(self) -> None:
        """Let the port have some who are held: nothing else tells it of them."""
        self.is_expected = False
        if self._accepted:
            self._make_few()
            self.look()

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection, as ``socket.accept`` does, and its errors."""
        self._made += 1
        if self._made % LOOK_AFTER == 0:
            self.look()
        if self._accepted:
            return self._release()
        for _ in range(TAKE):
            taken = super().accept()
            if self._is_admitted(taken):
                return taken
        raise BlockingIOError(errno.EAGAIN, "enough were turned away in one turn")

    def _is_admitted(self, taken: tuple[socket.socket, Any]) -> bool:
        """Tell whether one may come in; close it if not."""
        if self._door is None or self._door.admits(taken[1]):
            return True
        taken[0].close()
        return False

    def _hold(self, taken: tuple[socket.socket, Any]) -> None:
        self._accepted.append(taken)
        if self._door is not None:
            self._door.hold(taken[1])

    def _release(self) -> tuple[socket.socket, Any]:
        taken = self._accepted.popleft()
        if self._door is not None:
            self._door.release(taken[1])
        return taken

    def close(self) -> None:
        """Close the listening socket, and those who were not let in."""
        self._is_closed = True
        while self._accepted:
            self._release()[0].close()
        super().close()


class Acceptor:
    """The queues of all listeners, which share the turns.

    Args:
        work: the turns of the reactor, in which reads are counted.
        most: connections that the open files allow.

    Attributes:
        work: the same.
        most: the same: a descriptor above is the last that is held.
    """

    def __init__(self, work: Work, most: int = 1 << 20) -> None:
        self.work = work
        self.most = most
        self._all: list[AcceptQueue] = []
        self._waiting: deque[AcceptQueue] = deque()

    def add(self, queue: AcceptQueue) -> None:
        """Look at ``queue`` too."""
        self._all.append(queue)

    def look(self) -> None:
        """Take in who waits at any listener."""
        for queue in self._all:
            queue.look()

    def expect(self, queue: AcceptQueue) -> None:
        """Have ``queue`` make some of its connections when it is its turn."""
        if not self._waiting:
            self.work.clock.callLater(0, self._go_on)
        self._waiting.append(queue)

    def _go_on(self) -> None:
        queue = self._waiting.popleft()
        if self._waiting:
            self.work.clock.callLater(0, self._go_on)
        queue.go_on()


class PacedServer(tcp.Server):
    """A connection that is read as long as the turn of the reactor has time."""

    server: "EarlyPort"
    bufferSize = SMALL_READ  # Twisted calls it so

    def doRead(self) -> Any:
        """Read; or not, and be told again: the poll is level-triggered."""
        if self.server.acceptor.work.may_read(self):
            return super().doRead()
        return None


class EarlyPort(tcp.Port):
    """A TCP port that accepts early; with ``unix.Port`` behind it, one of those.

    Attributes:
        acceptor: shares the turns; to be set before it listens.
    """

    acceptor: Acceptor
    socket: AcceptQueue
    transport: type[tcp.Server] = PacedServer
    _new: AcceptQueue | None = None

    def createInternetSocket(self) -> AcceptQueue:
        """Return a new socket that accepts early; Twisted binds it."""
        made: socket.socket = super().createInternetSocket()  # type: ignore[no-untyped-call]  # Twisted's
        self._new = AcceptQueue(made.detach())
        return self._new

    def startListening(self) -> None:
        """Listen, with a queue as long as the kernel allows."""
        try:
            super().startListening()
        except BaseException:
            if self._new is not None:
                self._new.close()  # a unix socket that can't be bound, Twisted does not
            raise
        self.socket.listen(sockopts.BACKLOG)
        factory: Any = self.factory
        door = factory if hasattr(factory, "admits") else None
        self.socket.begin(self.acceptor, self._make_few, door)

    def doRead(self) -> None:
        """Somebody connects: in turn, if others came before."""
        if self.socket.is_expected:
            self.socket.look()
        else:
            self._make_few()

    def _make_few(self) -> None:
        limit_accepts(self, MAKE)
        super().doRead()  # type: ignore[no-untyped-call]  # Twisted's
