"""Members who know of lines that this daemon has not read yet: they wait for those.

A client that goes to another daemon may be quicker than that one's reader of the log.
Only after a while is its position taken for one that nobody has.
"""

from collections.abc import Callable

from broadcast.base.work import IReactorTime
from broadcast.store.log import Log

Then = Callable[[], object]


class Ahead:
    """The questions that wait for ids that are not here yet.

    Args:
        log: where they will be.
        clock: ends the wait.

    Attributes:
        waiting: the questions, each with the id that it waits for.
    """

    def __init__(self, log: Log, clock: IReactorTime) -> None:
        self._log = log
        self._clock = clock
        self.waiting: list[tuple[int, Then]] = []

    def wait(self, id: int, seconds: float, then: Then) -> None:
        """Have ``then`` called when a line is here, or after some seconds."""
        waiting = (id, then)
        self.waiting.append(waiting)

        def give_up() -> None:
            if waiting in self.waiting:
                self.waiting.remove(waiting)
                then()

        self._clock.callLater(seconds, give_up)

    def look(self) -> None:
        """Call those whose line is here."""
        last, waiting = self._log.last_id, self.waiting
        self.waiting = [each for each in waiting if each[0] > last]
        for id, then in waiting:
            if id <= last:
                then()
