"""A member's output: the writer that takes it, and what waits for that."""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from broadcast.base.work import IJob
from broadcast.protocol.dialects import Dialect
from broadcast.protocol.events import Event
from broadcast.store.entries import Framing
from broadcast.store.log import ReplayCursor

CHUNK: Final = 64 * 1024
"""Bytes that one step of catching up takes, about."""

MAX_BACKLOG: Final = 64 * 1024
"""Bytes of unwritten answers above which a member is not read."""

NEVER: Final = 1 << 62
"""The cursor of one that has not joined, or has lost its place: nothing to read."""


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
        """Pull ``next_chunk`` until it is empty, as room comes.

        When it is empty and the subscription is ``finished``, the session is told.
        """


class IAnswers(IJob, Protocol):
    """Answers that are owed."""

    def append(
        self, answer: Callable[[], None] | Event | Iterator[Event], weight: int
    ) -> None:
        """Have ``answer`` given in turn."""


class ClosedWriter:
    """The writer of one whose connection is gone, so that no cycle is left."""

    framing: Framing | None = None

    def send(self, data: bytes) -> int:
        """Take nothing."""
        return 0

    send_shared = send

    def wake(self) -> None:
        """Do nothing."""


CLOSED_WRITER: Final = ClosedWriter()


class Switch:
    """A change of dialect, in its place among the answers."""

    __slots__ = ("dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect


class Last:
    """The end of a member's output."""

    __slots__ = ()


Output = bytes | Switch | ReplayCursor | Last
"""What the queue holds, in the order in which it is to be written."""


def weight_of(output: Output) -> int:
    """Return roughly how many bytes of unwritten answers that is."""
    if isinstance(output, bytes):
        return len(output)
    return MAX_BACKLOG + 1 if isinstance(output, ReplayCursor) else 0
