"""The name that one joins under, and whether one may come in with it.

A name is claimed, and the session waits in ``State.CLAIMING`` for what the log decides.
"""

from collections.abc import Callable

from twisted.logger import Logger

from broadcast.protocol import names
from broadcast.protocol.events import Bye, Error, Notice
from broadcast.room.directory import When
from broadcast.room.roster import NameRefusedError, refusal_of
from broadcast.session.interfaces import ISession
from broadcast.session.states import State
from broadcast.store.claims import Claim
from broadcast.store.outcomes import Outcome


class Naming:
    """How a member is named when it joins: as certified, as asked for, or a guest.

    Args:
        session: the member's session.
        mended: a name from another protocol or of a listener, which is made valid.

    Attributes:
        wanted: name and key, as asked for.
        answer: the remark on the name that it has got.
        asks_again: the function that reports a refused name, after which the client
            may ask for another.
    """

    __slots__ = (
        "_certified",
        "_claim",
        "_outcome",
        "_session",
        "answer",
        "asks_again",
        "mended",
        "wanted",
    )

    def __init__(self, session: ISession, mended: str | None = None) -> None:
        self._session = session
        self._certified: str | None = None
        self._claim: Claim | None = None
        self._outcome: Outcome | None = None
        self.mended = mended
        self.wanted: tuple[str, str | None] | None = None
        self.answer: Error | Notice | None = None
        self.asks_again: Callable[[Error], None] | None = None

    def certify(self, common_name: str) -> None:
        """Take the name from a client certificate; close the session if it is none."""
        self._certified = names.clean(common_name)
        if self._certified is None:
            message = "what your certificate calls you can't be a name here"
            self._session.close(Bye("login-failed", message), When.NOW)

    def claim(self) -> None:
        """Claim the name; or close a session that is banned or one too many."""
        session = self._session
        if is_turned_away(session):
            return
        claim = self._choose()
        if turn_away(session, session.room.directory.policy.turn_away("", claim.name)):
            return
        if session.state is not State.CLAIMING:
            session.move(State.CLAIMING)
        self._claim, self._outcome = claim, None
        session.room.claim(session.member, claim, self._decided)

    def is_given(self) -> bool:
        """Tell whether there is a name now; if it was refused, another is claimed."""
        claim, outcome, session = self._claim, self._outcome, self._session
        if claim is None or outcome is None:
            return False
        if outcome.holder is not None:
            if self._is_other(outcome.holder.name):
                self.answer = Notice(f"you are called {outcome.holder.name} here")
            return True
        self._outcome = None
        if not self._is_mended:
            refused = refusal_of(claim.name, outcome.refused)
            error = Error(refused.code, "name", refused.message)
            if self.asks_again is not None:
                session.room.claims.release(session.member)
                self.asks_again(error)
                return False
            self.answer, self.wanted, self._certified = error, None, None
        self.claim()
        return False

    @property
    def _is_mended(self) -> bool:
        return self.mended is not None and self._certified is None

    def _is_other(self, name: str) -> bool:
        """Tell whether a mended name is not what was asked for."""
        return self._is_mended and name != (self.mended or "").strip()

    def _choose(self) -> Claim:
        roster, member = self._session.room.roster, self._session.member
        if self._is_mended:
            return roster.mended(self.mended or "", member)
        try:
            if self._certified is not None:
                key = roster.certificate_key(self._certified)
                return roster.wanted(self._certified, key, member, is_certified=True)
            if self.wanted is not None:
                return roster.wanted(*self.wanted, member)
        except NameRefusedError as refused:
            self.answer = Error(refused.code, "name", refused.message)
            self.wanted = self._certified = None
        return roster.guest(member)

    def _key(self) -> str | None:
        if self._is_mended:
            return None
        if self._certified is not None:
            return self._session.room.roster.certificate_key(self._certified)
        return None if self.wanted is None else self.wanted[1]

    def _decided(self, outcome: Outcome, at: float) -> None:
        """Have the name, if it is given; the session goes on in its turn."""
        self._outcome = outcome
        if outcome.holder is not None:
            room = self._session.room
            room.roster.name(self._session.member, outcome.holder, self._key())
        self._session.go_on()


def is_turned_away(session: ISession) -> bool:
    """Tell whether a member may not come in; if so, it is closed."""
    directory, member = session.room.directory, session.member
    bye = None
    if member.session_id not in session.room.claims:  # it has a seat already
        bye = directory.occupancy.refuse(member.address)
    return turn_away(
        session, bye or directory.policy.turn_away(member.address, member.account)
    )


def turn_away(session: ISession, bye: Bye | None) -> bool:
    """Close the session of a client that may not join; False: there is no reason."""
    if bye is None:
        return False
    directory = session.room.directory
    directory.stats.turned_away[bye.code] += 1
    Logger(namespace="broadcast").info(
        "{reason}: {address} turned away",
        event="turned-away",
        reason=bye.code,
        address=session.member.address,
    )
    session.close(bye, When.NOW)
    return True
