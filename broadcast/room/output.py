"""A member's output: the writer, and the queue in front of it."""

from collections.abc import Callable, Hashable, Iterator
from typing import Final, Protocol

from broadcast.base.work import IJob
from broadcast.protocol.dialects import Dialect
from broadcast.protocol.events import Event
from broadcast.store.entries import Framing
from broadcast.store.log import ReplayCursor

CHUNK: Final = 64 * 1024
"""Bytes of a step of catching up, approximately."""

MAX_BACKLOG: Final = 64 * 1024
"""Bytes of unwritten answers above which a member is not read."""

NEVER: Final = 1 << 62
"""The cursor of a subscription that has not started or has lost its place."""


class IWriter(Hashable, Protocol):
    """The only way out for a member's output.

    Attributes:
        framing: wraps a whole batch, once for all members whose writers have the same
            framing (WebSocket); None if bytes go out unchanged.
        is_broken: the socket has failed. It reports its error only once, so the
            reactor, which reads later, may see a mere end of file.
    """

    is_broken: bool

    @property
    def framing(self) -> Framing | None:
        """Return the framing of a whole batch, or None."""

    def send(self, data: bytes) -> int:
        """Write as much of ``data``, whole lines, as fits now; return its bytes.

        It is called only while the queue is empty. It never raises for a lost
        connection, which the connection reports itself.
        """

    @property
    def send_shared(self) -> Callable[[bytes], int]:
        """Like ``send``, for a whole batch with ``framing`` already applied.

        With a framing it takes all or nothing. It may raise ``OSError`` instead of
        returning 0.
        """

    def wake(self) -> None:
        """Pull ``next_chunk`` until it is empty, as the socket has room.

        When it is empty and the subscription is ``finished``, the session is told.
        """


class IAnswers(IJob, Protocol):
    """A queue of answers that are owed."""

    def append(
        self, answer: Callable[[], None] | Event | Iterator[Event], weight: int
    ) -> None:
        """Queue ``answer``, which counts as ``weight`` bytes of the backlog."""


class ClosedWriter:
    """The writer of a lost connection, so that no reference cycle is left."""

    framing: Framing | None = None
    is_broken = False

    def send(self, data: bytes) -> int:
        """Take nothing."""
        return 0

    send_shared = send

    def wake(self) -> None:
        """Do nothing."""


CLOSED_WRITER: Final = ClosedWriter()


class Switch:
    """A change of dialect, queued among the answers."""

    __slots__ = ("dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect


class Pending:
    """A place in the queue for an answer that comes later: all behind it waits.

    Args:
        ask: called once, when the place is the first, to have ``outputs`` set and the
            subscription stepped.

    Attributes:
        outputs: the answer; None until it has come.
    """

    __slots__ = ("_ask", "_is_asked", "outputs")

    def __init__(self, ask: Callable[["Pending"], None]) -> None:
        self._ask = ask
        self._is_asked = False
        self.outputs: list[Output] | None = None

    def ask(self) -> None:
        """Ask for the answer, unless that was done."""
        if not self._is_asked:
            self._is_asked = True
            self._ask(self)


class Last:
    """The end of a member's output."""

    __slots__ = ()


Output = bytes | Switch | ReplayCursor | Pending | Last
"""An item of the queue."""


def weight_of(output: Output) -> int:
    """Return the approximate bytes of an item, as they count for the backlog."""
    if isinstance(output, bytes):
        return len(output)
    return MAX_BACKLOG + 1 if isinstance(output, ReplayCursor | Pending) else 0
