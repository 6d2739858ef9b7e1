"""Finds those who have gone silent or stopped reading, a few at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.logger import Logger

from broadcast.net import sockopts as sockets
from broadcast.protocol.events import Bye
from broadcast.room.member import Member

SLICES = 5
"""A sweep looks at a fifth of the connections: no long pause for the rest."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is borne, in seconds; 0 is for ever.

    Attributes:
        idle: silence of one who pings.
        stall: reading nothing at all of what has been sent.
    """

    idle: float
    stall: float


class Talk(Protocol):
    """What is known here of a connection's input side."""

    member: Member
    is_pinging: bool
    is_waiting: bool

    def close(self, bye: Bye) -> None:
        """Close at once, with the last words ``bye``."""

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost."""


class Connection(Protocol):
    """One connection, on whatever face.

    Attributes:
        kind: which face: tcp, tls, unix, websocket.
        talk: its input side.
    """

    @property
    def kind(self) -> str:
        """See above."""

    @property
    def talk(self) -> Talk:
        """See above."""

    def greet(self) -> bool:
        """End the introduction: its time is over; False: it was to end anyway."""

    def check(self, now: float, patience: Patience) -> None:
        """Close if patience is over."""

    def abort(self) -> bool:
        """Close now; return whether it was open."""


class Watch:
    """Checks all connections, each about every quarter of the shorter patience.

    Args:
        connections: returns all there are.
        clock: seconds, never going back.
        later: calls a function after so many seconds; returns a delayed call.
    """

    def __init__(
        self,
        patience: Patience,
        connections: Callable[[], Iterable[Connection]],
        clock: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._slice = 0
        self.patience = patience
        """May be changed at any time."""

    @property
    def interval(self) -> float:
        """Seconds between two sweeps."""
        patience = self.patience
        shortest = min((p for p in (patience.idle, patience.stall) if p), default=20.0)
        return max(0.02, min(5.0, shortest / 4) / SLICES)

    def sweep(self) -> None:
        """Look at one slice of the connections."""
        now = self._clock()
        self._slice = (self._slice + 1) % SLICES
        for connection in tuple(self._connections())[self._slice :: SLICES]:
            connection.check(now, self.patience)


def begin(talk: Talk, transport: Any) -> "Vigil | None":
    """Return a vigil over a connection, if there is something to watch.

    Most connections are at peace most of the time, and then need none.
    """
    progress = sockets.progress(transport)
    is_owed = progress is not None and progress.is_owed
    return Vigil() if is_owed or talk.is_pinging else None


class Vigil:
    """Watches one connection's signs of life, for the face that it belongs to.

    Attributes:
        heard: set by the face whenever something comes.
    """

    __slots__ = ("_acked", "_silent_since", "_stuck_since", "heard")
    _log = Logger(namespace="broadcast")

    def __init__(self) -> None:
        self.heard = True
        self._silent_since = 0.0
        self._acked = -1
        self._stuck_since = 0.0

    def check(
        self, now: float, patience: Patience, talk: Talk, transport: Any, address: str
    ) -> bool:
        """Close one who pings and has gone silent; tell whether to abort.

        That is when it reads nothing of what was sent.
        """
        if self.heard or not talk.is_pinging or talk.is_waiting:
            self.heard = False
            self._silent_since = now
        elif patience.idle and now - self._silent_since > patience.idle:
            talk.close(Bye("idle", f"nothing heard for {patience.idle:g} seconds"))
        if not patience.stall or self._stuck_for(now, transport) <= patience.stall:
            return False
        self._log.info("{address} reads nothing", address=address)
        talk.lose("stalled")
        return True

    def goes_on(self, talk: Talk) -> bool:
        """Tell whether there is something to watch still."""
        return self._acked >= 0 or talk.is_pinging

    def _stuck_for(self, now: float, transport: Any) -> float:
        """Return for how many seconds nothing that was sent has been read."""
        progress = sockets.progress(transport)
        if progress is None or not progress.is_owed or progress.acked != self._acked:
            self._acked = progress.acked if progress and progress.is_owed else -1
            self._stuck_since = now
        return now - self._stuck_since
