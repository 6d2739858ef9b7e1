"""Which daemons write to the log, and the log's clock. Both follow from it alone.

No timer decides that a daemon is gone: each message is a sign of life, and whoever
misses five signs of one other is given up, at that message, by all who read it. So all
agree, and a log that nobody can write to for a while expires nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from broadcast.store.claims import Up

STEP: Final = 10.0
"""Seconds that one message moves the clock at most, where several daemons write: a
timestamp that is an hour ahead must not expire all that is held."""

BACK: Final = 2.0
"""Seconds by which a timestamp may be behind the last one, and be ignored for it."""

BEAT: Final = 3.0
"""Seconds of the log's clock in which a daemon gives one sign of life, at most."""

MISSED: Final = 5
"""Signs of life of one other daemon, after which a daemon that gave none is gone."""

FRESH: Final = 60.0
"""Seconds after which a start comes too late to count."""

REMEMBERED: Final = 600.0
"""Seconds for which those that are gone are remembered: longer than ``FRESH``, so that
a start that arrives late and twice can't bring them back."""


@dataclass(slots=True)
class Node:
    """A daemon that writes.

    Attributes:
        n: the number of its last message.
        beat: when it gave its last sign of life, by the log's clock.
        missed: how many signs of each other daemon have come since it was heard.
    """

    n: int = 0
    beat: float = float("-inf")
    missed: dict[str, int] = field(default_factory=dict)


class Nodes:
    """The daemons that write to one log.

    Args:
        is_shared: there may be several.

    Attributes:
        clock: seconds; it never goes back.
        known: those that write, by incarnation.
        gone: those given up or stopped, with the time; their entries don't count.
    """

    def __init__(self, is_shared: bool) -> None:
        self.is_shared = is_shared
        self.clock = 0.0
        self.last: float | None = None  # the last timestamp that was taken
        self.known: dict[str, Node] = {}
        self.gone: dict[str, float] = {}

    def at(self, time: float) -> float:
        """Return what the clock will be when a message has that timestamp."""
        step = 0.0 if self.last is None else max(0.0, time - self.last)
        return self.clock + (min(step, STEP) if self.is_shared else step)

    def hear(self, time: float) -> None:
        """Move the clock, by the timestamp of a message."""
        self.clock = self.at(time)
        self.skip_to(time)
        for old in [x for x, at in self.gone.items() if at + REMEMBERED <= self.clock]:
            del self.gone[old]

    def skip_to(self, time: float) -> None:
        """Take a timestamp; the time until then is none that passed."""
        if self.last is None or not self.last - BACK <= time < self.last:
            self.last = time

    def takes(self, incarnation: str, n: int, up: Up | None) -> bool:
        """Tell whether a message counts; if so, it is noted as the last one.

        Args:
            incarnation: its author.
            n: its number, of its author's.
            up: the start that it begins with.
        """
        if incarnation in self.gone:
            return False
        node = self.known.get(incarnation)
        if node is None:
            is_start = n == 1 and up is not None and up.incarnation == incarnation
            if not is_start or up is None or self.clock - up.clock > FRESH:
                return False
            node = self.known[incarnation] = Node()
        if n <= node.n:
            return False
        node.n = n
        node.missed.clear()
        return True

    def beat(self, incarnation: str) -> list[str]:
        """Take a message for a sign of life; return those who are given up for it."""
        node = self.known[incarnation]
        if not self.is_shared or self.clock < node.beat + BEAT:
            return []
        node.beat = self.clock
        lost: list[str] = []
        for name, other in self.known.items():
            if other is not node:
                other.missed[incarnation] = other.missed.get(incarnation, 0) + 1
                if other.missed[incarnation] >= MISSED:
                    lost.append(name)
        return lost

    def end(self, incarnation: str) -> None:
        """Let a daemon be gone."""
        self.known.pop(incarnation, None)
        self.gone[incarnation] = self.clock
        for node in self.known.values():
            node.missed.pop(incarnation, None)

    def dump(self) -> list[object]:
        """Return all of it, to be encoded."""
        known = [
            [name, node.n, node.beat if node.beat >= 0 else None, dict(node.missed)]
            for name, node in self.known.items()
        ]
        return [self.is_shared, self.clock, self.last, known, list(self.gone.items())]

    def load(
        self,
        clock: float,
        last: float | None,
        known: Iterable[tuple[str, int, float | None, dict[str, int]]],
        gone: Iterable[tuple[str, float]],
    ) -> None:
        """Fill what is empty."""
        self.clock, self.last = clock, last
        for name, n, beat, missed in known:
            self.known[name] = Node(n, float("-inf") if beat is None else beat, missed)
        self.gone = dict(gone)
