"""What a connection and its session ask of each other."""

from typing import Any, Protocol

from broadcast.base.settings import Timeouts
from broadcast.protocol.events import Bye
from broadcast.room.member import Member


class ISession(Protocol):
    """The input side of a connection, and its life.

    Attributes:
        member: who it is.
        is_pinging: it sends pings, and so is held to ``--idle-timeout``.
        is_waiting: what it says waits for a later turn; it isn't read.
    """

    member: Member
    is_pinging: bool
    is_waiting: bool

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to: what it says is ignored."""

    def hear(self, block: bytes) -> None:
        """Take whole lines, each ended by LF."""

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says, which was found good."""

    def join(self) -> None:
        """End the introduction, if it goes on still."""

    def end(self, last: bytes = b"") -> None:
        """Leave, having said all; ``last`` is an unterminated line."""

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost."""

    def close(self, bye: Bye) -> None:
        """Close at once, with the last words ``bye``."""

    def reject(self, message: bytes) -> None:
        """Close at once, with ``message``: this is no client of ours."""


class IConnection(Protocol):
    """One connection: a transport with its protocol, whatever that is.

    Attributes:
        kind: tcp, tls, unix or websocket.
        transport: Twisted's.
        session: its input side.
    """

    @property
    def kind(self) -> str:
        """Return what it speaks over."""

    @property
    def transport(self) -> Any:
        """Return where bytes go."""

    @property
    def session(self) -> ISession:
        """Return its input side."""

    def pause_reading(self) -> None:
        """Read no more for now."""

    def resume_reading(self) -> None:
        """Read on."""

    def finish(self) -> None:
        """All has been written: close, and let the last words arrive."""

    def close_soon(self) -> None:
        """Close in two seconds, whatever is still queued."""

    def abort(self) -> bool:
        """Close now; return whether it was open."""

    def greet(self) -> bool:
        """End the introduction: its time is over; False: it was to end anyway."""

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Close if nothing was heard, or nothing read, for too long."""


class ClosedConnection:
    """The connection of a session that is gone, so that no cycle is left."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


CLOSED_CONNECTION = ClosedConnection()
