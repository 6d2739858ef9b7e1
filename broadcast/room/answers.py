"""Answers that are owed, given a slice at a time.

What a member asks for is answered after all that it said before is committed. A
member that owes itself too many is asked no more: its next line waits.
"""

from collections import deque
from collections.abc import Callable, Iterator

from broadcast.protocol.events import Event
from broadcast.room.subscription import Subscription

MAX_OWED = 32
"""Answers owed above which a member's next line waits. Hundreds for each of hundreds
of connections would be so many young objects that the collector stops everybody."""

Answer = Callable[[], None] | Event | Iterator[Event]
"""What is called, or told, when it is its turn; of an iterator, a piece at a time."""


class OwedAnswers:
    """The answers that one subscription is owed, in order: a job.

    Args:
        subscription: what is answered.
    """

    __slots__ = ("_owed", "_subscription")

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._owed: deque[tuple[Answer, int]] = deque()

    def append(self, answer: Answer, weight: int) -> None:
        """Have ``answer`` given in turn.

        Args:
            answer: an event, or what gives the answer.
            weight: bytes of the backlog that were counted for it.
        """
        self._owed.append((answer, weight))

    def step(self, until: float) -> bool:
        """Give some; nothing to one that is gone."""
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
        """Go on with the others: the one that failed is out."""
        self._subscription.work.add(self)


def owe(subscription: Subscription, answer: Answer, weight: int) -> None:
    """Have ``answer`` given when it is its turn.

    Args:
        subscription: what is answered.
        answer: an event, or what gives the answer.
        weight: bytes of the backlog that were counted for it.
    """
    if subscription.answers is None:
        subscription.answers = OwedAnswers(subscription)
    subscription.answers.append(answer, weight)
    # A bulk sender's answers are no fresh job: there would always be some.
    subscription.work.add(subscription.answers, is_fresh=subscription.asked <= 1)
