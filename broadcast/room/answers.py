"""Answers: when their turn comes, and how they are given, a slice at a time.

A command is answered after all earlier lines of its member are committed. A member with
too many answers owed is not read: its next line waits.
"""

from collections import deque
from collections.abc import Callable, Iterator

from broadcast.base.work import Work
from broadcast.protocol.events import Error, Event
from broadcast.room.stats import Stats
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


Owed = tuple[Subscription, Answer, int]
"""The receiver, the answer, and its weight."""


class Answers:
    """The answers of a room, each behind what its member said before.

    Args:
        stats: counts the refusals.
        work: the turns of the reactor.

    Attributes:
        collected: those that wait for the next commit.
        due: those that wait for the commit in flight.
    """

    def __init__(self, stats: Stats, work: Work) -> None:
        self._stats = stats
        self._work = work
        self.collected: list[Owed] = []
        self.due: list[Owed] = []

    def add(self, subscription: Subscription, answer: Answer, weight: int = 0) -> None:
        """Answer privately, after what its member said so far is committed.

        Args:
            subscription: the subscription of the member.
            answer: an event, or a function that returns the answer.
            weight: bytes, roughly, that the answer will take, for the limit on
                unwritten answers.
        """
        if isinstance(answer, Error):
            self._stats.refused[answer.code] += 1
        self.collected.append((subscription, answer, weight))
        subscription.backlog += weight
        subscription.asked += 1
        self._work.soon()

    def submitted(self) -> None:
        """Note that a commit of the lines before them begins."""
        self.due += self.collected
        self.collected = []

    def give(self) -> None:
        """Give those that are due: the lines before them are committed."""
        due, self.due = self.due, []
        for subscription, answer, weight in due:
            if subscription.answers is None:
                subscription.answers = OwedAnswers(subscription)
            subscription.answers.append(answer, weight)
            # A bulk sender's answers are no fresh job: it would always have some.
            is_fresh = subscription.is_sparse and subscription.asked <= FEW
            self._work.add(subscription.answers, is_fresh)

    def give_others(self, waiting: set[int | None]) -> None:
        """Give those that no line comes before.

        Args:
            waiting: the sessions whose lines wait for the next commit.
        """
        collected, self.collected = self.collected, []
        for owed in collected:
            is_due = owed[0].member.session_id not in waiting
            (self.due if is_due else self.collected).append(owed)
        self.give()

    def give_all(self) -> None:
        """Give all of them: the lines before them are not committed any more."""
        self.submitted()
        self.give()
