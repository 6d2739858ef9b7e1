"""The outcome of an entry that the state decides on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.protocol.events import Attendance
from broadcast.store.names import Holder, Session

_NO_EVENTS: Final[Sequence[tuple[int | None, Attendance]]] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an entry.

    Attributes:
        refused: why it counts for nothing, "" if it counts. A claim: ``taken``,
            ``certified``, ``alike``, ``lost``. A line: ``double``, ``lost``, ``muted``.
            An order: ``full``.
        holder: the holder of the name; None if no claim was granted.
        before: the former name of a session with a new name.
        replaced: the former holder of the name, with the same right to it.
        is_muted: the holder may not speak.
        freed: the folds that are muted no longer.
        id: the line that was said with the same token before.
        events: the events for all members, in order: each with the session that hears
            of it in another way, or None.
    """

    refused: str = ""
    holder: Holder | None = None
    before: str | None = None
    replaced: Session | None = None
    is_muted: bool = False
    freed: frozenset[str] = frozenset()
    id: int = 0
    events: Sequence[tuple[int | None, Attendance]] = _NO_EVENTS


LOST: Final = Outcome("lost")
"""The outcome of what never came to be decided."""

SAID: Final = Outcome()
"""The outcome of what counts, where nothing is to be said of it."""
