"""All open connections, whatever they speak, and what becomes of them in time."""

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
"""Returns the input side of a connection: room, connection, peer, is_private, role."""


class Connections:
    """The open connections, over TCP, TLS, unix sockets and WebSocket.

    Args:
        room: where they are heard.
        new_session: makes the input side of a connection.
        greeting_delay: seconds that an introduction may take.
        most: connections that the open files allow.

    Attributes:
        acceptor: accepts early while many leave.
        greetings: ends the introductions that take too long.
        closing: ends those that have said their last words.
        is_open: all listeners are open, and it is not stopping.
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
        """Return the input side of a new connection.

        Args:
            is_private: nobody can listen in on its way here: it may log in.
            role: what it may do.
        """
        return self._new_session(self.room, connection, peer, is_private, role)

    def add(self, connection: IConnection) -> None:
        """Keep ``connection``, which is open."""
        self._open[connection] = None

    def forget(self, connection: IConnection) -> None:
        """Keep ``connection`` no longer: it is gone."""
        self._open.pop(connection, None)
        self._lost += 1
        if self._lost % LOOK_AFTER == 0:
            self.acceptor.look()
        if not self._open and self._on_empty is not None:
            self._on_empty()

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call ``call`` when the last connection is gone."""
        self._on_empty = call

    def stop(self, bye: Bye) -> None:
        """Let nobody join from now on: ``bye`` is what they are told."""
        self.is_open = False
        self.room.directory.occupancy.goodbye = bye

    @property
    def is_stopping(self) -> bool:
        """Nobody is let in any more; at the start, before all is open, not yet so."""
        return self.room.directory.occupancy.goodbye is not None

    def __contains__(self, connection: object) -> bool:
        """Tell whether ``connection`` is open."""
        return connection in self._open

    def __iter__(self) -> Iterator[IConnection]:
        """Yield the open connections; copy them where one may close meanwhile."""
        return iter(self._open)

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)
