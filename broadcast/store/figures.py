"""The figures of a store that lasts, for the metrics: plain numbers."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from broadcast.base.histogram import Histogram

LINES: Final = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)
"""Upper bounds of the lines of a commit, in steps of four."""


DISK_FULL: Final = "the disk is full"
"""A failure that has a series from the start."""

IO_ERROR: Final = "disk I/O error"
"""Another, in SQLite's own words: the disk, or its file system, has given up."""


@dataclass(slots=True)
class Shared:
    """The figures of a log that several daemons write.

    Attributes:
        nodes: daemons that write to it.
        lag: messages that are there, and were not read yet.
        again: messages that were sent again.
        doubles: messages that came twice, or too late, and were dropped.
        made: how often the reader was made.
        dumps: dumps that this daemon has made.
        epochs: how often the log became another one.
        cuts: how often members were sent away.
        is_cut_off: members can't be in now.
    """

    nodes: int = 0
    lag: int = 0
    again: int = 0
    doubles: int = 0
    made: int = 0
    dumps: int = 0
    epochs: int = 0
    cuts: int = 0
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a store at one moment.

    Attributes:
        size: bytes that are in use.
        limit: bytes beyond which the oldest lines are deleted.
        syncs: times that the disk was waited for.
        failures: why → tries to write that have failed for it.
        seconds: how long commits took.
        lines: how many lines they had.
        waiting: seconds for which the one in flight has waited; 0 if there is none.
        shared: those of a log that several daemons write; None for another.
    """

    size: int
    limit: int
    syncs: int
    failures: Counter[str]
    seconds: Histogram
    lines: Histogram
    waiting: float
    shared: Shared | None = None


class Commits:
    """Times the commits of a store, which has one in flight.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds = Histogram()
        self.lines = Histogram(LINES)
        self.failures: Counter[str] = Counter()
        self._clock = clock
        self._began: float | None = None

    def begin(self) -> None:
        """Note that a commit is in flight."""
        self._began = self._clock()

    def end(self, lines: int) -> None:
        """Note that it is made."""
        self.seconds.add(self.waiting)
        self.lines.add(lines)
        self._began = None

    def end_without(self) -> None:
        """Note that none is in flight any more."""
        self._began = None

    @property
    def waiting(self) -> float:
        """Seconds for which the commit in flight has waited; 0 if there is none."""
        return 0.0 if self._began is None else self._clock() - self._began
