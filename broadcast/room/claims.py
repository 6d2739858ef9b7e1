"""The claims of sessions here that the log has not decided, or that have not joined.

A session has one at a time: it waits for the outcome. Between the outcome and its
joining, which is its own turn's work, its seat and its name are its own already.
"""

from collections.abc import Callable
from dataclasses import dataclass

from broadcast.room.member import Member
from broadcast.room.occupancy import Occupancy
from broadcast.room.roster import Roster
from broadcast.store.claims import Claim
from broadcast.store.outcomes import Outcome

Then = Callable[[Outcome, float], None]
"""Takes the outcome, and when it was decided, in seconds since 1970."""


@dataclass(slots=True)
class Pending:
    """A claim that was made.

    Attributes:
        claim: the claim.
        then: takes the outcome; None when there is one.
        is_rename: its session has a name already.
    """

    claim: Claim
    then: Then | None
    is_rename: bool


class Claims:
    """The claims of sessions here, by session.

    Args:
        roster: knows which claims wait.
        occupancy: counts the seats.
    """

    def __init__(self, roster: Roster, occupancy: Occupancy) -> None:
        self._roster = roster
        self._occupancy = occupancy
        self._pending: dict[int, Pending] = {}
        self._fresh: set[int] = set()
        self.withdrawn: list[Claim] = []
        """Claims that were collected, and are not to be committed."""

    def ask(self, claim: Claim, then: Then, is_rename: bool) -> None:
        """Note a claim that is collected."""
        self._pending[claim.session] = Pending(claim, then, is_rename)
        self._fresh.add(claim.session)
        self._roster.asked(claim)

    def submitted(self) -> None:
        """Note that all that was collected is on its way."""
        if self._fresh:
            self._fresh = set()
            self.withdrawn = []

    def answer(self, claim: Claim, outcome: Outcome, at: float) -> None:
        """Tell whoever made a claim what has become of it, if it is still here."""
        self._roster.answered(claim)
        pending = self._pending.get(claim.session)
        if pending is None or pending.claim is not claim or pending.then is None:
            return
        then, pending.then = pending.then, None
        if pending.is_rename:
            del self._pending[claim.session]
        then(outcome, at)

    def left(self, session: int) -> None:
        """Note that the log was told that a session has ended."""
        self._roster.left(session)

    def forget(self, session: int) -> bool:
        """Forget a session's claim: it joins, or it goes; tell whether it had one."""
        return self._pending.pop(session, None) is not None

    def clear(self) -> None:
        """Forget all claims: none will be decided."""
        self._pending, self._fresh, self.withdrawn = {}, set(), []
        self._roster.forget()

    def withdraw(self, session: int) -> bool:
        """Take back the claim of a session that goes, if it has not been submitted."""
        pending = self._pending.get(session)
        if pending is None or session not in self._fresh:
            return False
        self.withdrawn.append(pending.claim)
        self._roster.answered(pending.claim)
        return True

    def release(self, member: Member) -> None:
        """Give up the seat of one whose claim was refused: it will ask again."""
        if self.forget(member.session_id):
            self._occupancy.went(member.address)

    def __contains__(self, session: object) -> bool:
        """Tell whether a session has a claim, or has not joined since."""
        return session in self._pending
