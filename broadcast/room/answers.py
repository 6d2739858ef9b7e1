"""Answers that are owed, given a slice at a time.

A command is answered after all earlier lines of its member are committed. A member with
too many answers owed is not read: its next line waits.
"""

from collections import deque
from collections.abc import Callable, Iterator

from broadcast.protocol.events import Event
from broadcast.room.subscription import Subscription

MAX_OWED = 32
"""Answers owed above which a member's next line waits. Hundreds for each of hundreds
of connections would be so many young objects that the garbage collector stalls all."""

Answer = Callable[[], None] | Event | Iterator[Event]
"""A function that gives the answer, the event itself, or the pieces of it."""

FEW = 8
"""Answers owed to a member that is no bulk sender."""


class OwedAnswers:
    """The answers that a subscription is owed, in order: a job.

    Args:
        subscription: the receiver of the answers.
    """

    __slots__ = ("_owed", "_subscription")

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._owed: deque[tuple[Answer, int]] = deque()

    def append(self, answer: Answer, weight: int) -> None:
        """Queue ``answer``.

        Args:
            answer: an event, or a function that gives the answer.
            weight: bytes of the backlog that were counted for it.
        """
        self._owed.append((answer, weight))

    def step(self, until: float) -> bool:
        """Give some answers; drop them if the subscription is gone."""
        subscription = self._subscription
        seconds = subscription.work.clock.seconds
        while self._owed:
            answer, weight = self._owed.popleft()
            subscription.backlog -= weight
            subscription.asked -= 1
            if subscription.is_gone:
                continue
            if callable(answer):
                answer()
            elif isinstance(answer, Event):
                subscription.tell(answer)
            elif piece := next(answer, None):
                subscription.tell(piece)
                self._put_back(answer, weight)
            if self._owed and seconds() >= until:
                return True
        subscription.answers = None
        if not subscription.is_stuffed:
            subscription.go_on()
        return False

    def _put_back(self, answer: Answer, weight: int) -> None:
        """Go on with an answer of which only a piece was given."""
        self._owed.appendleft((answer, weight))
        self._subscription.backlog += weight
        self._subscription.asked += 1

    def abort(self) -> None:
        """Go on with the other answers: the one that failed has been removed."""
        self._subscription.work.add(self)


def owe(subscription: Subscription, answer: Answer, weight: int) -> None:
    """Queue ``answer`` to be given in turn.

    Args:
        subscription: the receiver of the answer.
        answer: an event, or a function that gives the answer.
        weight: bytes of the backlog that were counted for it.
    """
    if subscription.answers is None:
        subscription.answers = OwedAnswers(subscription)
    subscription.answers.append(answer, weight)
    # A bulk sender's answers are no fresh job: it would always have some.
    subscription.work.add(subscription.answers, is_fresh=subscription.asked <= FEW)
