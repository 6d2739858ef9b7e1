"""Batches of entries, and their renderings in each dialect.

A *run* is consecutive lines of one member from one read, as one text. A
*batch* is the runs and presence events of one commit, in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final, TypeGuard

from broadcast.protocol.dialects import Dialect, Moment, Speaker
from broadcast.protocol.events import Event, Notice
from broadcast.store.claims import Claim, Decided, Leave, Upkeep
from broadcast.store.outcomes import Outcome

# What the objects around the bytes take, measured with tracemalloc, rounded up.
BATCH_COST = 700

RUN_COST = 250
TOKEN_COST = 350
TOLD_COST = 300
RENDERING_COST = 350
Framing = Callable[[bytes], bytes]
Spans = dict[int, list[tuple[int, int]]]
_NOBODY: Final[Spans] = {}  # most renderings hold nothing private


class Run:
    """Consecutive lines of one member: the unit of the hot path.

    A plain slotted class: a frozen dataclass takes 1.2 µs to make, which is
    more than a whole line may cost.

    Attributes:
        session_id: the session of the sender, as a number, so that no object of a
            departed member stays alive.
        speaker: the sender as the lines name it.
        text: the lines, each begun by the speaker's prefix and ended by LF.
        count: the number of lines.
        first: the first line's id; 0 until committed.
        token: the sender's token; None if there is none.
        owner: the owner of the token, as ``IStore.owner`` returns it; None if that is
            the connection.
    """

    __slots__ = (
        "count",
        "first",
        "owner",
        "session_id",
        "speaker",
        "text",
        "token",
    )

    def __init__(
        self, session_id: int, speaker: Speaker, text: bytes, count: int
    ) -> None:
        self.session_id = session_id
        self.speaker = speaker
        self.text = text
        self.count = count
        self.first = 0
        self.token: str | None = None
        self.owner: str | None = None

    @property
    def cost(self) -> int:
        """The bytes of memory that this run takes, its token remembered."""
        remembered = TOKEN_COST if self.token is not None else 0
        return len(self.text) + RUN_COST + remembered


@dataclass(frozen=True, slots=True)
class Told:
    """A presence event in the log; ``session_id`` is not told (it was, privately)."""

    session_id: int | None
    event: Event

    @property
    def cost(self) -> int:
        """The bytes of memory that this event takes, or more."""
        event = self.event
        return TOLD_COST + (6 * len(event.message) if type(event) is Notice else 0)

    text: ClassVar[None] = None
    """It is no run's."""

    count: ClassVar[int] = 0
    """It has no line."""


Entry = Run | Told | Decided | Upkeep


def decides(entry: Entry) -> TypeGuard[Run | Decided]:
    """Tell whether the state has to be told: of all but presence and plain lines."""
    if type(entry) is Run:
        return entry.owner is not None
    return not isinstance(entry, Told | Upkeep)


def session_of(entry: Entry) -> int | None:
    """Return whose entry it is; None if it is nobody's."""
    if isinstance(entry, Run | Told):
        return entry.session_id
    return entry.session if isinstance(entry, Claim | Leave) else None


def merge(entries: list[Entry]) -> list[Entry]:
    """Return entries in which all that a member says in a row is one run.

    A batch of one run is sent and kept as it is; of several, copies are made. A run
    with a token stays by itself, since it is known to others.
    """
    merged: list[Entry] = []
    for whose, row in groupby(entries, _whose):
        if whose is None:
            merged.extend(row)
        else:
            merged.append(_one([*filter(is_run, row)]))
    return merged


def parts(entries: list[Entry], merged: list[Entry]) -> list[tuple[Run, Run, int]]:
    """Return the runs that were merged, each with the one and its place there."""
    found: list[tuple[Run, Run, int]] = []
    wholes = filter(is_run, merged)
    whole, at = None, 0
    for run in filter(is_run, entries):
        if whole is None or at == whole.count:
            whole, at = next(wholes), 0
        if run is not whole:
            found.append((run, whole, at))
        at += run.count
    return found


def _whose(entry: Entry) -> tuple[int, Speaker] | None:
    if type(entry) is Run and entry.token is None:
        return entry.session_id, entry.speaker
    return None


def _one(row: list[Run]) -> Run:
    first = row[0]
    if len(row) == 1:
        return first
    text = b"".join([run.text for run in row])
    return Run(first.session_id, first.speaker, text, sum(run.count for run in row))


def number(entries: list[Entry], first: int) -> None:
    """Give the runs their ids, from ``first`` on."""
    for entry in entries:
        if type(entry) is Run:
            entry.first = first
            first += entry.count


def is_run(entry: Entry) -> TypeGuard[Run]:
    """Tell whether lines were said."""
    return type(entry) is Run


class Rendering:
    """A batch in one dialect, and where in it each member's own words are.

    Attributes:
        data: whole lines.
        own: session id → spans of what it said itself (empty where a dialect
            returns own lines).
        private: session id → spans of what it was told privately.
        framed: framing → all of ``data`` in one frame, made on first use.
        is_single: it is one member's own, all of it.
        is_text: it is one run, and its very bytes.
    """

    __slots__ = ("data", "framed", "is_single", "is_text", "own", "private")

    def __init__(self, batch: "Batch", dialect: Dialect) -> None:
        entries = batch.entries
        self.framed: dict[Framing, bytes] | None = None
        self.own: Spans = {}
        self.private: Spans = _NOBODY
        pieces: list[bytes] = []
        at = 0
        for entry in entries:
            if type(entry) is Run:
                piece = entry.text
                if not dialect.keeps_text:
                    piece = dialect.said(entry.speaker, piece, entry.first, batch.when)
                if not dialect.returns_own:
                    spans = self.own.setdefault(entry.session_id, [])
                    spans.append((at, at + len(piece)))
            else:
                piece = self._tell(entry, dialect, batch.when, at)
            pieces.append(piece)
            at += len(piece)
        self.data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.is_single = len(entries) == len(self.own) == 1
        only = entries[0] if self.is_single else None
        self.is_text = type(only) is Run and self.data is only.text

    def copy_for(self, session_id: int, echo: bool) -> bytes:
        """Return the bytes for one member: without its own, unless ``echo``."""
        spans = self.private.get(session_id, [])
        if not echo:
            spans = spans + self.own.get(session_id, [])
        if not spans:
            return self.data
        kept: list[bytes] = []
        at = 0
        for start, stop in sorted(spans):
            if start > at:
                kept.append(self.data[at:start])
            at = stop
        if at < len(self.data):
            kept.append(self.data[at:])
        return b"".join(kept)

    def _tell(self, entry: Entry, dialect: Dialect, when: Moment, at: int) -> bytes:
        assert isinstance(entry, Told)
        piece = dialect.announced(entry.event, when)
        if entry.session_id is not None:
            if self.private is _NOBODY:
                self.private = {}
            spans = self.private.setdefault(entry.session_id, [])
            spans.append((at, at + len(piece)))
        return piece


class Batch:
    """The entries of one commit.

    Attributes:
        entries: runs and presence, in order; at the commit also the entries that the
            state decides on.
        outcomes: the outcomes of these.
        first: the first line's id; ids go up by one within a batch.
        count: the number of lines.
        at: the time of the commit, in seconds since 1970.
        seq: its place in the log; set by ``Log.append``.
        before: the number of lines in the log before it; set with ``seq``.
        cost: the bytes of memory that it takes, renderings included.
    """

    __slots__ = (
        "_when",
        "at",
        "before",
        "cost",
        "count",
        "entries",
        "first",
        "outcomes",
        "renderings",
        "seq",
    )

    def __init__(self, entries: list[Entry], first: int, at: float) -> None:
        self.entries = entries
        self.first = first
        self.at = at
        self._when: Moment | None = None
        self.seq = -1
        self.before = 0
        self.renderings: dict[Dialect, Rendering] = {}
        self.cost = BATCH_COST
        for entry in entries:
            self.cost += entry.cost
            if type(entry) is Run:
                entry.first = first
                first += entry.count
        self.count = first - self.first
        self.outcomes: Sequence[tuple[Run | Decided, Outcome]] = ()

    def retell(self, entries: list[Entry]) -> None:
        """Have other presence, and no others of the runs, in it."""
        self.entries = entries
        self.cost = BATCH_COST + sum(entry.cost for entry in entries)

    @property
    def when(self) -> Moment:
        """When it was committed, rendered at most once."""
        if self._when is None:
            self._when = Moment(self.at)
        return self._when
