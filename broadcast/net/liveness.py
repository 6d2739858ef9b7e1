"""The search for connections that are silent or have stopped reading."""

from collections.abc import Iterable
from typing import Any

from twisted.logger import Logger

from broadcast.base.settings import Timeouts
from broadcast.base.values import plural
from broadcast.base.work import IReactorTime
from broadcast.net import sockopts
from broadcast.protocol.events import Bye
from broadcast.room.directory import When
from broadcast.session.interfaces import IConnection, ISession

SLICES = 5
"""Sweeps for all connections. Each checks a fifth, so that none takes long."""


class LivenessMonitor:
    """Checks all connections, each about every quarter of the shorter timeout.

    Args:
        timeouts: the limits, in seconds.
        connections: the open connections.
        clock: times the silence.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        connections: Iterable[IConnection],
        clock: IReactorTime,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._slice = 0
        self.timeouts = timeouts
        """May be changed at any time."""

    @property
    def interval(self) -> float:
        """Seconds between two sweeps."""
        timeouts = self.timeouts
        shortest = min((p for p in (timeouts.idle, timeouts.stall) if p), default=20.0)
        return max(0.02, min(5.0, shortest / 4) / SLICES)

    def sweep(self) -> None:
        """Check a slice of the connections."""
        now = self._clock.seconds()
        self._slice = (self._slice + 1) % SLICES
        for connection in tuple(self._connections)[self._slice :: SLICES]:
            connection.check(now, self.timeouts)


def begin_liveness(session: ISession, transport: Any) -> "Liveness | None":
    """Return the liveness of a connection; None if there is nothing to watch.

    Most connections owe nothing most of the time, and then need none.
    """
    progress = sockopts.progress(transport)
    is_owed = progress is not None and progress.is_owed
    return Liveness() if is_owed or session.is_pinging else None


class Liveness:
    """Watches one connection's signs of life.

    Attributes:
        heard: set by the connection whenever it receives bytes.
    """

    __slots__ = ("_acked", "_silent_since", "_stuck_since", "heard")
    _logger = Logger(namespace="broadcast")

    def __init__(self) -> None:
        self.heard = True
        self._silent_since = 0.0
        self._acked = -1
        self._stuck_since = 0.0

    def check(
        self,
        now: float,
        timeouts: Timeouts,
        session: ISession,
        transport: Any,
        address: str,
    ) -> bool:
        """Close the session if it pings and is silent; tell whether to abort.

        A connection is to be aborted if the peer has stopped reading.
        """
        if self.heard or not session.is_pinging or session.is_waiting:
            self.heard = False
            self._silent_since = now
        elif timeouts.idle and now - self._silent_since > timeouts.idle:
            silence = plural(timeouts.idle, "second")
            session.close(Bye("idle", f"nothing heard for {silence}"), When.NOW)
        if not timeouts.stall or self._stuck_for(now, transport) <= timeouts.stall:
            return False
        self._logger.info(
            "{address} reads nothing", event="reads-nothing", address=address
        )
        session.close("stalled", When.AFTER_SAID)
        return True

    def goes_on(self, session: ISession) -> bool:
        """Tell whether there is still something to watch."""
        return self._acked >= 0 or session.is_pinging

    def _stuck_for(self, now: float, transport: Any) -> float:
        """Return the seconds since the peer last read, if it has bytes to read."""
        progress = sockopts.progress(transport)
        if progress is None or not progress.is_owed or progress.acked != self._acked:
            self._acked = progress.acked if progress and progress.is_owed else -1
            self._stuck_since = now
        return now - self._stuck_since
