"""The directory: what a daemon knows of everybody connected, whatever they read.

Names, limits, session numbers, the policy and what is counted belong to the daemon. A
room is where lines are said: one daemon could hold several.
"""

import enum
from collections.abc import Iterator
from typing import Protocol

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.work import IReactorTime
from broadcast.protocol.events import Bye
from broadcast.room.member import Member, Peer
from broadcast.room.roster import Occupancy, Roster
from broadcast.room.stats import Stats


class When(enum.Enum):
    """When a connection ends."""

    NOW = "at once: the last words go instead of what is still to be said and read"
    AFTER_SAID = "after what it has said: the connection is lost"
    AFTER_READ = "after what it has said, and what it has still to read"


class IClosable(Protocol):
    """A session, as those know it who may have to end it."""

    @property
    def member(self) -> Member:
        """Return who it is."""

    def close(self, reason: Bye | str, when: When, detail: str = "") -> None:
        """End it.

        Args:
            reason: the last words; a mere code where nothing is told.
            when: what comes before.
            detail: what the log says besides the reason's code.
        """


class Directory:
    """Everybody who is connected.

    Args:
        clock: for names that are held.
        policy: who may come in, and speak; None: everybody.
        max_members: members in all.
        max_per_host: members from one host; 0: any number.

    Attributes:
        roster: who is called what.
        occupancy: how many may be here.
        sessions: those that have not ended, by session id.
    """

    def __init__(
        self,
        clock: IReactorTime,
        policy: Policy | None = None,
        max_members: int = 1_000_000,
        max_per_host: int = 0,
    ) -> None:
        self.policy = policy or Policy(Bans(clock.seconds))
        self.stats = Stats()
        self.roster = Roster(clock, self.policy.reserves, self.policy.imitates)
        self.occupancy = Occupancy(max_members, max_per_host)
        self.sessions: dict[int, IClosable] = {}
        self._last_id = 0

    def new_member(self, peer: Peer, echo: bool) -> Member:
        """Return somebody who has connected."""
        self._last_id += 1
        return Member(self._last_id, peer, echo)

    def close(self, member: Member, reason: Bye, detail: str = "") -> None:
        """Close ``member``'s connection at once, unless it is gone."""
        session = self.sessions.get(member.session_id)
        if session is not None:
            session.close(reason, When.NOW, detail)

    def __iter__(self) -> Iterator[Member]:
        """Yield everybody who is connected, joined or not."""
        return (session.member for session in tuple(self.sessions.values()))
