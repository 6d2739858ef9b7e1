"""What a member knows of what is around it: its way out, and the room."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from broadcast.room.stats import Tally
from broadcast.store.entries import Framing
from broadcast.store.log import Log

if TYPE_CHECKING:
    from broadcast.room.member import Member


class Outlet(Protocol):
    """Where a member's output goes. All of it goes this one way.

    Attributes:
        framing: wraps a whole batch once for all members whose outlets have
            the same one (WebSocket); None if bytes go out as they are.
    """

    @property
    def framing(self) -> Framing | None:
        """See above."""

    def send(self, data: bytes) -> int:
        """Take what fits now of ``data``, whole lines; return how many bytes.

        Called only while nothing is queued. Never raises for a lost connection:
        that is told in its own time, by the face.
        """

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """Like ``send``, for a whole batch with ``framing`` already applied.

        With a framing it takes all or nothing. It may raise OSError for 0.
        """

    def wake(self) -> None:
        """Pull the member's ``next_chunk`` until it is empty, as room comes.

        When it is empty and the member is ``finished``, close so that the last
        words arrive.
        """

    def close_soon(self) -> None:
        """Close in two seconds, whatever is still queued."""


class Nowhere:
    """The outlet of one whose connection is gone, so that no cycle is left."""

    framing: Framing | None = None

    def send(self, data: bytes) -> int:
        """Take nothing."""
        return 0

    send_shared = send

    def wake(self) -> None:
        """Do nothing."""

    def close_soon(self) -> None:
        """Do nothing."""


NOWHERE = Nowhere()


class Room(Protocol):
    """What a member knows of the hub that it is in."""

    log: Log
    tally: Tally
    steps: int

    def caught_up(self, member: "Member") -> None:
        """The member has read all there is and can be sent to directly."""

    def fell_behind(self, member: "Member") -> None:
        """The member has something queued and can't be sent to directly."""

    def reads_from(self, seq: int) -> None:
        """The member reads the log from ``seq`` on."""

    def soon(self) -> None:
        """Take a turn soon, even if nobody speaks."""
