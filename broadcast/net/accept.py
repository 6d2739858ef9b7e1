"""Listening ports that accept early, to keep the kernel's queue short.

That queue is limited (``net.core.somaxconn``), and a client that finds it full retries
after a whole second. Making a connection takes some ten times as long as accepting it,
and so does losing one. So when thousands drop and reconnect at once, they are accepted
first and made later: a few in each turn of the reactor, round-robin over the listeners.
"""

import errno
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet import tcp
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from broadcast.base.work import SMALL_READ, SPARSE, Work
from broadcast.net import sockopts
from broadcast.net.internals import limit_accepts

LOOK_AFTER = 8
"""Connections made, or lost, between two checks of the kernel's queue."""

MAX_ACCEPTED = 4096
"""Connections held here, at most. The rest wait in the kernel, whose queue is as long
on most machines."""

TAKE = 256
"""Connections accepted in a single check, which takes two milliseconds."""

MAKE = 8
"""Connections made in a turn of the reactor, of those held; as many per listener if
none are held. It takes about 2 ms. Twisted begins with 100, and takes 20 more each time
that there were so many. So when thousands connect at once, each turn takes 50 ms, in
which no other connection is read."""


class IDoor(Protocol):
    """A factory that admits only some connections. Addresses are the socket's own."""

    def admits(self, address: Any) -> bool:
        """Tell whether a connection from ``address`` is admitted."""

    def hold(self, address: Any) -> None:
        """Count an admitted connection that is held."""

    def release(self, address: Any) -> None:
        """Count a held connection no longer: it is made now, or closed."""


class AcceptQueue(socket.socket):
    """A listening socket that holds the connections it has accepted early.

    ``accept`` returns them in order, and then those in the kernel's queue.

    Args:
        descriptor: descriptor of a stream socket, which this object owns from now on.
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
        """Accept early from now on.

        Args:
            acceptor: shares the turns among the listeners.
            make_few: accepts, and makes, a few connections.
            door: admits connections; others are closed before a protocol is made for
                them. None admits all.
        """
        self._door = door
        self._acceptor = acceptor
        self._make_few = make_few
        acceptor.add(self)

    def look(self) -> None:
        """Accept connections, as far as there are room and file descriptors."""
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
            pass  # the queue is empty; any other error is raised by accept() again
        if self._accepted and not self.is_expected:
            self.is_expected = True
            acceptor.expect(self)

    def drain(self) -> None:
        """Let the port make all held connections: they are told that it closes."""
        self._acceptor = None  # accept early no more
        while self._accepted:
            self._make_few()

    def go_on(self) -> None:
        """Let the port make some of the held connections: no event announces them."""
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
        """Tell whether a connection is admitted; close it if not."""
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
        """Close the listening socket, and the connections that are held."""
        self._is_closed = True
        while self._accepted:
            self._release()[0].close()
        super().close()


class Acceptor:
    """The queues of all listeners, which share the turns.

    Args:
        work: the turns of the reactor, in which reads are counted.
        most: connections that the limit on open files allows.

    Attributes:
        work: as given.
        most: as given; with a descriptor from this number on, a check stops.
    """

    def __init__(self, work: Work, most: int = 1 << 20) -> None:
        self.work = work
        self.most = most
        self._all: list[AcceptQueue] = []
        self._waiting: deque[AcceptQueue] = deque()

    def add(self, queue: AcceptQueue) -> None:
        """Include ``queue`` in the checks."""
        self._all.append(queue)

    def look(self) -> None:
        """Accept early at all listeners."""
        for queue in self._all:
            queue.look()

    def expect(self, queue: AcceptQueue) -> None:
        """Have ``queue`` make some of its held connections in turn."""
        if not self._waiting:
            self.work.clock.callLater(0, self._go_on)
        self._waiting.append(queue)

    def _go_on(self) -> None:
        queue = self._waiting.popleft()
        if self._waiting:
            self.work.clock.callLater(0, self._go_on)
        queue.go_on()


class PacedReading:
    """Reads while the turn of the reactor has time left: a mixin for a connection."""

    server: Any  # an EarlyPort
    bufferSize = SMALL_READ  # Twisted calls it so
    _has_to_wait = False

    def doRead(self) -> Any:
        """Read, or wait for a later turn."""
        if self.server.acceptor.work.may_read(self):
            return super().doRead()  # type: ignore[misc]  # Twisted's
        self.stopReading()
        self._has_to_wait = True
        return None

    def startReading(self) -> None:
        """Watch the socket."""
        self._has_to_wait = False
        super().startReading()  # type: ignore[misc]  # Twisted's

    def stopReading(self) -> None:
        """Watch the socket no more; a turn that comes does not change that."""
        self._has_to_wait = False
        super().stopReading()  # type: ignore[misc]  # Twisted's

    def read_on(self) -> None:
        """Watch the socket again, unless reading was stopped meanwhile."""
        if self._has_to_wait:
            self.startReading()

    def has_little(self) -> bool:
        """Tell whether ``SPARSE`` bytes at most can be read, but not the end."""
        sock: socket.socket = self.socket  # type: ignore[attr-defined]  # Twisted's
        try:
            return 0 < len(sock.recv(SPARSE + 1, socket.MSG_PEEK)) <= SPARSE
        except OSError:  # nothing, or the end
            return False


class PacedServer(PacedReading, tcp.Server):
    """A TCP connection that is read in turn."""


class EarlyPort(tcp.Port):
    """A TCP port that accepts early; a mixin for a ``unix.Port`` that does, too.

    Attributes:
        acceptor: shares the turns; to be set before it listens.
    """

    acceptor: Acceptor
    socket: AcceptQueue
    transport: type[tcp.Server] = PacedServer
    _new: AcceptQueue | None = None

    def createInternetSocket(self) -> AcceptQueue:
        """Return a new socket that accepts early, for Twisted to bind."""
        made: socket.socket = super().createInternetSocket()  # type: ignore[no-untyped-call]  # Twisted's
        self._new = AcceptQueue(made.detach())
        return self._new

    def startListening(self) -> None:
        """Listen, with a queue as long as the kernel allows."""
        try:
            super().startListening()
        except BaseException:
            if self._new is not None:
                self._new.close()  # Twisted leaves a unix socket open if bind fails
            raise
        self.socket.listen(sockopts.BACKLOG)
        factory: Any = self.factory
        door = factory if hasattr(factory, "admits") else None
        self.socket.begin(self.acceptor, self._make_few, door)

    def doRead(self) -> None:
        """Accept new connections; in turn, if others are held."""
        if self.socket.is_expected:
            self.socket.look()
        else:
            self._make_few()

    def stopListening(
        self,
        connDone: Failure = connectionDone,  # noqa: N803  # Twisted calls it so
    ) -> Any:
        """Close the port; no client that was accepted is left without a word."""
        if self.connected:
            self.socket.drain()
        return super().stopListening(connDone)  # type: ignore[no-untyped-call]  # Twisted's

    def _make_few(self) -> None:
        limit_accepts(self, MAKE)
        super().doRead()  # type: ignore[no-untyped-call]  # Twisted's
