"""The directory: the daemon's state of all connections, whatever room they read.

Limits, session numbers, policy and statistics belong to the daemon. Names and messages
belong to a room; a daemon could have several rooms.
"""

import enum
from collections.abc import Iterator
from typing import Protocol

from twisted.logger import Logger

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.work import IReactorTime
from broadcast.protocol.events import Bye
from broadcast.room.member import Member, Peer
from broadcast.room.occupancy import Occupancy
from broadcast.room.stats import Stats


class When(enum.Enum):
    """When a connection ends."""

    NOW = "at once: the last words go instead of what is still to be said and read"
    AFTER_SAID = "after what it has said: the connection is lost"
    AFTER_READ = "after what it has said, and what it has still to read"


class IClosable(Protocol):
    """A session, as far as it can be closed."""

    @property
    def member(self) -> Member:
        """Return the session's member."""

    def close(self, reason: Bye | str, when: When, detail: str = "") -> None:
        """Close the session.

        Args:
            reason: the ``bye`` to be sent, or a code alone if none is sent.
            when: the point in its input and output at which it ends.
            detail: text for the log, besides the reason's code.
        """


class Directory:
    """All connections of the daemon.

    Args:
        clock: times the bans, where there is no policy.
        policy: the rules on joining and speaking; None allows everything.
        max_members: members in all.
        max_per_host: members per host; 0 is any number.

    Attributes:
        stats: the daemon's counters.
        occupancy: the number of members, and its limits.
        sessions: the sessions that have not ended, by session id.
    """

    _logger = Logger(namespace="broadcast")

    def __init__(
        self,
        clock: IReactorTime,
        policy: Policy | None = None,
        max_members: int = 1_000_000,
        max_per_host: int = 0,
    ) -> None:
        self.policy = policy or Policy(Bans(clock.seconds))
        self.stats = Stats()
        self.occupancy = Occupancy(max_members, max_per_host)
        self.sessions: dict[int, IClosable] = {}
        self._last_id = 0

    def new_member(self, peer: Peer, echo: bool) -> Member:
        """Return the member for a new connection."""
        self._last_id += 1
        return Member(self._last_id, peer, echo)

    def close(self, member: Member, reason: Bye, detail: str = "") -> None:
        """Close ``member``'s session at once, unless it has ended."""
        session = self.sessions.get(member.session_id)
        if session is not None:
            session.close(reason, When.NOW, detail)

    def note(
        self,
        event: str,
        member: Member,
        count: int,
        reason: str | None = None,
        detail: str = "",
    ) -> None:
        """Log an event in the life of ``member``.

        Args:
            event: the name of the event: ``joined``, ``left``.
            member: the member.
            count: how many are here now.
            reason: a reason's code.
            detail: text for people, behind the address.
        """
        self._logger.info(
            "{who} {what} from {address}{detail}, {count} here",
            event=event,
            who=member.name or "somebody",
            what=event.replace("-", " "),
            name=member.name or None,
            address=member.address,
            reason=reason,
            detail=detail,
            count=count,
        )

    def __iter__(self) -> Iterator[Member]:
        """Yield the members of all sessions, joined or not."""
        return (session.member for session in tuple(self.sessions.values()))
