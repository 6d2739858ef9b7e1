"""How long to wait before dialling again."""

import random
from collections.abc import Callable

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0


class Backoff:
    """Waits between tries: doubling from 1 s to 60 s, each cut by up to a half."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._next = FIRST_DELAY

    def next(self) -> float:
        """Seconds until the next try."""
        wait, self._next = self._next, min(self._next * 2, LONGEST_DELAY)
        return wait * (1 - self._chance() / 2)

    def reset(self) -> None:
        """It worked: start small again."""
        self._next = FIRST_DELAY
