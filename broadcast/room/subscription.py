"""A member's place between the log and its writer: how far it is, and bounds."""

import enum
from collections.abc import Callable
from typing import Protocol

from broadcast.protocol.dialects import Dialect
from broadcast.store.entries import Framing

CHUNK = 64 * 1024
"""Bytes that one step of catching up takes, about."""

MAX_BACKLOG = 64 * 1024
"""Bytes of unwritten answers above which a member is not read."""

NEVER = 1 << 62
"""The cursor of one who has not joined, or has lost its place: nothing to read."""


class Standing(enum.Enum):
    """How far a connection is."""

    APPLYING = "not yet joined"
    HERE = "joined"
    LEAVING = "left; what is queued is still written"
    GONE = "no connection"


class IWriter(Protocol):
    """Where a member's output goes. All of it goes this one way.

    Attributes:
        framing: wraps a whole batch once for all members whose writers have
            the same one (WebSocket); None if bytes go out as they are.
    """

    @property
    def framing(self) -> Framing | None:
        """Return what wraps a whole batch, or None."""

    def send(self, data: bytes) -> int:
        """Take what fits now of ``data``, whole lines; return how many bytes.

        Called only while nothing is queued. Never raises for a lost connection:
        that is told in its own time, by the connection.
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


class ClosedWriter:
    """The writer of one whose connection is gone, so that no cycle is left."""

    framing: Framing | None = None

    def send(self, data: bytes) -> int:
        """Take nothing."""
        return 0

    send_shared = send

    def wake(self) -> None:
        """Do nothing."""

    def close_soon(self) -> None:
        """Do nothing."""


CLOSED_WRITER = ClosedWriter()


class Switch:
    """A change of dialect, in its place among the answers."""

    __slots__ = ("dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect


class Last:
    """The end of a member's output."""

    __slots__ = ()
