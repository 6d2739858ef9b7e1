"""Finds those who have gone silent or stopped reading, a few at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

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


class Watched(Protocol):
    """A connection."""

    def check(self, now: float, patience: Patience) -> None:
        """Close if patience is over."""


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
        connections: Callable[[], Iterable[Watched]],
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
