"""All open connections, of every protocol, and their deadlines."""

from collections.abc import Callable, Iterator

from broadcast.base.timers import Deadlines
from broadcast.net.accept import LOOK_AFTER, Acceptor
from broadcast.net.closing import ClosingQueue
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import UNRESTRICTED, Role
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session.interfaces import IConnection, ISession

SessionMaker = Callable[[Room, IConnection, Peer, bool, Role], ISession]
"""Makes the session of a connection from room, connection, peer, is_private, role."""


class Connections:
    """The open connections, over TCP, TLS, unix sockets and WebSocket.

    Args:
        room: the room that they join.
        new_session: makes the session of a connection.
        greeting_delay: seconds within which an introduction must be complete.
        most: connections that the limit on open files allows.

    Attributes:
        acceptor: accepts early while many connections are lost.
        greetings: ends the introductions whose time is over.
        closing: ends the connections whose last words have been written.
        is_open: all listeners are open, and the daemon is not stopping.
        page: the page's address, once there is one.
    """

    def __init__(
        self,
        room: Room,
        new_session: SessionMaker,
        greeting_delay: float = 0.25,
        most: int = 1 << 20,
    ) -> None:
        self.room = room
        self._new_session = new_session
        self.work = room.work
        self.acceptor = Acceptor(self.work, most)
        self.is_open = False
        self.page = ""
        self._open: dict[IConnection, None] = {}
        self._lost = 0
        self._on_empty: Callable[[], None] | None = None
        self.greetings = Deadlines[IConnection](
            greeting_delay, self.work, lambda connection: connection.greet()
        )
        self.closing = ClosingQueue(self._open, self.work)

    def new_session(
        self,
        connection: IConnection,
        peer: Peer,
        is_private: bool = False,
        role: Role = UNRESTRICTED,
    ) -> ISession:
        """Return the session of a new connection.

        Args:
            connection: the connection.
            peer: its address.
            is_private: no third party on the network can read it, so it may log in.
            role: the permissions that its listener gives.
        """
        return self._new_session(self.room, connection, peer, is_private, role)

    def add(self, connection: IConnection) -> None:
        """Register ``connection``, which is open."""
        self._open[connection] = None

    def forget(self, connection: IConnection) -> None:
        """Unregister ``connection``, which is lost."""
        self._open.pop(connection, None)
        self._lost += 1
        if self._lost % LOOK_AFTER == 0:
            self.acceptor.look()
        if not self._open and self._on_empty is not None:
            self._on_empty()

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call ``call`` when the last connection is lost."""
        self._on_empty = call

    def stop(self, bye: Bye) -> None:
        """Refuse new members from now on, with ``bye``."""
        self.is_open = False
        self.room.directory.occupancy.goodbye = bye

    @property
    def is_stopping(self) -> bool:
        """New members are refused, for good; False while the daemon starts."""
        return self.room.directory.occupancy.goodbye is not None

    def __contains__(self, connection: object) -> bool:
        """Tell whether ``connection`` is open."""
        return connection in self._open

    def __iter__(self) -> Iterator[IConnection]:
        """Yield the open connections; copy them if a connection may close meanwhile."""
        return iter(self._open)

    def __len__(self) -> int:
        """Return the number of open connections."""
        return len(self._open)
