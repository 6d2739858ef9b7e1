"""The waits between tries to come back. No clock: times are handed in."""

import random
from collections.abc import Callable

FIRST_LIMIT = 1.0
LONGEST_LIMIT = 30.0


class Backoff:
    """Waits with full jitter: anything up to a limit that doubles, from 1 s to 30 s.

    Where many lose one server, they come back spread over the whole wait. A try ahead
    of time, as a person may ask for, takes no part in this: when it fails, the wait
    that was begun goes on.

    Args:
        chance: gives a random number of [0, 1).
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._limit = FIRST_LIMIT
        self._due = 0.0

    def next(self, now: float) -> float:
        """Seconds from ``now`` until the next try."""
        if now < self._due:
            return self._due - now
        wait = self._limit * (1 - self._chance())
        self._limit = min(self._limit * 2, LONGEST_LIMIT)
        self._due = now + wait
        return wait

    def is_over(self) -> None:
        """The wait is over, and the try that it was for begins."""
        self._due = 0.0

    def reset(self) -> None:
        """It worked: start small again."""
        self._limit, self._due = FIRST_LIMIT, 0.0
