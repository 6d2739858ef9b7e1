"""What makes the connections of the plain listeners, and keeps those of all faces."""

from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import ServerFactory

from broadcast.base.timers import CLOSING_SHARE, Deadlines
from broadcast.net.accept import LOOK_AFTER, Doorways
from broadcast.net.closing import Closings
from broadcast.net.lines import BAD_REQUEST, LineProtocol
from broadcast.net.liveness import Connection
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import OPEN, Door
from broadcast.room.member import Peer
from broadcast.room.room import Hub
from broadcast.session.publisher import Feed
from broadcast.session.relay import RelayConversation
from broadcast.session.session import Conversation, Face


class BroadcastFactory(ServerFactory):
    """Makes the connections of the plain listeners.

    It keeps those of all faces, and their deadlines.

    Args:
        hub: where they are heard.
        clock: seconds, never going back.
        later: calls a function after so many seconds; returns a delayed call.
        greeting_delay: seconds that an introduction may take.
        flush_partial: seconds of silence that end a line; None: never.
        handshake: seconds that a TLS handshake may take.
    """

    noisy = False
    protocol: Any = LineProtocol

    def __init__(
        self,
        hub: Hub,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], Any],
        greeting_delay: float = 0.25,
        flush_partial: float | None = None,
        handshake: float = 10.0,
    ) -> None:
        self.hub = hub
        self.doorways = Doorways(later)
        """Where who waits is taken in while many leave, or ask for much."""
        hub.meanwhile = self.doorways.look
        self.later = later
        self.flush_partial = flush_partial
        self.connections: dict[Connection, None] = {}
        self.is_open = False
        """All listeners are open, and it is not stopping."""
        self._lost = 0
        self._on_empty: Callable[[], None] | None = None
        self.greetings = Deadlines[Connection](
            greeting_delay, clock, later, lambda connection: connection.greet()
        )
        self.handshakes = Deadlines[LineProtocol](
            handshake,
            clock,
            later,
            LineProtocol.give_up_handshake,
            CLOSING_SHARE,
        )
        self.closings = Closings(self.connections, clock, later)

    def converse(
        self, face: Face, peer: Peer, is_private: bool = False, door: Door = OPEN
    ) -> Conversation | RelayConversation:
        """Return the input side of a new connection.

        Args:
            is_private: nobody can listen in on its way here: it may log in.
            door: what it may do.
        """
        made: Conversation | RelayConversation
        if self.hub.house.relay:
            made = RelayConversation(self.hub, face, peer, door)
        elif not door.hears:
            made = Feed(self.hub, face, peer, door)
        else:
            made = Conversation(self.hub, face, peer, is_private)
        if not door.speaks:
            made.member.silenced = "listen-only"
        return made

    def stop(self, bye: Bye) -> None:
        """Let nobody join from now on: ``bye`` is what they are told."""
        self.is_open = False
        self.hub.crowd.goodbye = bye

    @property
    def is_stopping(self) -> bool:
        """Nobody is let in any more; at the start, before all is open, not yet so."""
        return self.hub.crowd.goodbye is not None

    def through(self, door: Door) -> ServerFactory:
        """Return what makes the same connections for a listener with ``door``."""
        return self if door == OPEN else Entrance(self, door)

    def forget(self, protocol: Connection) -> None:
        """The connection is gone."""
        self.connections.pop(protocol, None)
        self._lost += 1
        if self._lost % LOOK_AFTER == 0:
            self.doorways.look()
        if not self.connections and self._on_empty is not None:
            self._on_empty()

    def when_empty(self, call: Callable[[], None]) -> None:
        """Call ``call`` when the last connection is gone."""
        self._on_empty = call

    def bad_request(self) -> bytes:
        """Return what a browser is told that came to the wrong door."""
        return BAD_REQUEST


class Entrance(ServerFactory):
    """A listener of its own into the same room.

    Args:
        factory: makes the connections.
        door: what they may do.
    """

    noisy = False

    def __init__(self, factory: BroadcastFactory, door: Door) -> None:
        self._factory = factory
        self._door = door

    def buildProtocol(self, addr: Any) -> Any:
        """Return a new connection."""
        made: Any = self._factory.buildProtocol(addr)
        made.door = self._door
        return made
