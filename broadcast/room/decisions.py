"""Decisions of the log: the entries that are put to it, and their outcomes.

The log decides on claims, leaves, orders, and lines with a token that outlives the
connection. The outcome is told here to those of this daemon that wait for it.
"""

from collections.abc import Callable
from typing import Final

from broadcast.protocol.events import Bye, Error
from broadcast.room.answers import Answers
from broadcast.room.claims import Claims
from broadcast.room.directory import Directory, When
from broadcast.room.orders import Orders
from broadcast.room.subscription import Subscription
from broadcast.store.base import IStore
from broadcast.store.claims import Claim, Decided, Leave, Order
from broadcast.store.dedup import TokenIndex
from broadcast.store.entries import Batch, Entry, Run
from broadcast.store.outcomes import LOST, Outcome

REPLACED: Final = Bye("replaced", "you came back in another connection")
"""The last words to a member whose name is taken by its right owner."""


class Decisions:
    """The entries that the log decides on, and those who wait for the outcomes.

    Args:
        store: knows which of the room's sessions are this daemon's.
        directory: all members of the daemon.
        subscriptions: those of the room's members, by session id.
        claims: the claims that are not decided yet.
        orders: carries out an admin's orders.
        answers: tells members what has become of their lines.
        dedup: the tokens that the log has not decided on yet.
    """

    def __init__(
        self,
        store: IStore,
        directory: Directory,
        subscriptions: dict[int, Subscription],
        claims: Claims,
        orders: Orders,
        answers: Answers,
        dedup: TokenIndex,
    ) -> None:
        self._store = store
        self._directory = directory
        self._subscriptions = subscriptions
        self._claims = claims
        self._orders = orders
        self._answers = answers
        self._dedup = dedup
        self._ordered: dict[int, Callable[[Outcome], None]] = {}

    def expect(self, order: Order, then: Callable[[Outcome], None]) -> None:
        """Have ``then`` called with the outcome of an admin's order."""
        self._ordered[id(order)] = then

    def submit(
        self, entries: list[Entry], decided: list[Run | Decided]
    ) -> tuple[list[Entry], list[Run | Decided]]:
        """Return the entries for the log: all but the claims that were withdrawn.

        Args:
            entries: the entries that a turn has collected.
            decided: those of them that the log decides on.
        """
        if withdrawn := set(map(id, self._claims.withdrawn)):
            entries = [each for each in entries if id(each) not in withdrawn]
            decided = [each for each in decided if id(each) not in withdrawn]
        self._claims.submitted()
        return entries, decided

    def settle(self, batch: Batch) -> None:
        """Tell whoever waits for it what was decided in a commit of this daemon."""
        for entry, outcome in batch.outcomes:
            if type(entry) is Claim:
                self._replace(outcome)
                self._claims.answer(entry, outcome, batch.at)
            elif type(entry) is Leave:
                self._claims.left(entry.session)
            elif type(entry) is Run:
                self._dedup.settled(entry)
                if outcome.refused:
                    self._leave_out(entry, outcome)
            elif type(entry) is Order and id(entry) in self._ordered:
                self._ordered.pop(id(entry))(outcome)

    def hear(self, batch: Batch) -> None:
        """Do here what was decided in a commit of another daemon."""
        for entry, outcome in batch.outcomes:
            if type(entry) is Claim:
                self._replace(outcome)
            elif type(entry) is Order:
                self._orders.obey(entry, outcome)

    def forget(self) -> None:
        """Forget what was to be decided: it never will be."""
        self._dedup.clear()  # the state has what was said by somebody with a key
        self._claims.clear()
        ordered, self._ordered = [*self._ordered.values()], {}
        for then in ordered:
            then(LOST)

    def _replace(self, outcome: Outcome) -> None:
        """Close the session of this daemon, if any, whose name another one has now."""
        if outcome.replaced is None:
            return
        incarnation, session_id = outcome.replaced
        session = self._directory.sessions.get(session_id)
        if incarnation == self._store.incarnation and session is not None:
            session.close(REPLACED, When.NOW)

    def _leave_out(self, run: Run, outcome: Outcome) -> None:
        """Note that the log has refused a run; answers to it tell its sender.

        Its id is then that of the line that was said with the same token, and it has no
        token any more. Without an id it was not said.
        """
        is_answered, run.token, run.first = run.token is not None, None, outcome.id
        subscription = self._subscriptions.get(run.session_id)
        if outcome.refused != "muted" or subscription is None:
            return
        if is_answered:
            self._directory.stats.refused["muted"] += 1
        else:
            self._answers.add(subscription, Error("muted", None, "you are muted"))
