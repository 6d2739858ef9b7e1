"""The one ordered log: batches that cursors read, bounded by bytes alone.

A *run* is consecutive lines of one member from one read, as one text. A
*batch* is what was committed together: runs and presence events in order. The
log keeps the newest batches; a position in it is a batch's ``seq``, which goes
up by one a batch. What members make of it is in ``member``.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from broadcast.dialect import Dialect, Moment, Speaker
from broadcast.events import Event

# What the objects around the bytes take, measured with tracemalloc, rounded up.
BATCH_COST = 700
RUN_COST = 250
TOKEN_COST = 350
TOLD_COST = 300
RENDERING_COST = 350


class Run:
    """Consecutive lines of one member: the unit of the hot path.

    A plain slotted class: a frozen dataclass takes 1.2 µs to make, which is
    more than a whole line may cost.

    Attributes:
        session: whose lines, as a number, so that nobody departed stays alive.
        speaker: under which name.
        text: the lines, each begun by the speaker's prefix and ended by LF.
        count: how many.
        first: the first line's id; 0 until committed.
        token: what its sender called it; None if nothing.
    """

    __slots__ = ("count", "first", "session", "speaker", "text", "token")

    def __init__(self, session: int, speaker: Speaker, text: bytes, count: int) -> None:
        self.session = session
        self.speaker = speaker
        self.text = text
        self.count = count
        self.first = 0
        self.token: str | None = None

    @property
    def cost(self) -> int:
        """The bytes of memory that this run takes, its token remembered."""
        remembered = TOKEN_COST if self.token is not None else 0
        return len(self.text) + RUN_COST + remembered


@dataclass(frozen=True, slots=True)
class Told:
    """A presence event in the log; ``session`` is not told (it was, privately)."""

    session: int | None
    event: Event

    @property
    def cost(self) -> int:
        """The bytes of memory that this event takes."""
        return TOLD_COST


Entry = Run | Told
Framing = Callable[[bytes], bytes]
Spans = dict[int, list[tuple[int, int]]]

_NOBODY: Final[Spans] = {}  # most renderings hold nothing private


class Rendering:
    """A batch in one dialect, and where in it each member's own words are.

    Attributes:
        data: whole lines.
        own: session → spans of what it said itself (empty where a dialect
            returns own lines).
        private: session → spans of what it was told privately.
        framed: framing → all of ``data`` in one frame, made on first use.
    """

    __slots__ = ("data", "framed", "own", "private")

    def __init__(self, entries: list[Entry], dialect: Dialect, when: Moment) -> None:
        self.framed: dict[Framing, bytes] | None = None
        self.own: Spans = {}
        self.private: Spans = _NOBODY
        pieces: list[bytes] = []
        at = 0
        for entry in entries:
            if type(entry) is Run:
                piece = dialect.said(entry.speaker, entry.text, entry.first, when)
                if not dialect.returns_own:
                    spans = self.own.setdefault(entry.session, [])
                    spans.append((at, at + len(piece)))
            else:
                piece = self._tell(entry, dialect, when, at)
            pieces.append(piece)
            at += len(piece)
        self.data = pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def copy_for(self, session: int, echo: bool) -> bytes:
        """Return the bytes for one member: without its own, unless ``echo``."""
        spans = self.private.get(session, [])
        if not echo:
            spans = spans + self.own.get(session, [])
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
        piece = dialect.told(entry.event, when)
        if entry.session is not None:
            if self.private is _NOBODY:
                self.private = {}
            spans = self.private.setdefault(entry.session, [])
            spans.append((at, at + len(piece)))
        return piece


class Batch:
    """What was committed together.

    Attributes:
        entries: runs and presence, in order.
        first: the first line's id; ids go up by one within a batch.
        count: how many lines.
        when: when it was committed.
        seq: its place in the log; set by ``Log.append``.
        before: how many lines the log has had before it; set with ``seq``.
        cost: the bytes of memory that it takes, what is rendered included.
    """

    __slots__ = (
        "before",
        "cost",
        "count",
        "entries",
        "first",
        "renderings",
        "seq",
        "when",
    )

    def __init__(self, entries: list[Entry], first: int, at: float) -> None:
        self.entries = entries
        self.first = first
        self.when = Moment(at)
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

    @property
    def text(self) -> bytes | None:
        """The text of its only entry; None if that is no run."""
        entry = self.entries[0]
        return entry.text if isinstance(entry, Run) else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines asked back: where they begin, how many, how many before are gone."""

    seq: int
    skip: int
    count: int
    missing: int | None


class Log:
    """The ring of batches.

    Args:
        limit: bytes that it may take, all renderings counted. The newest batch
            is kept whatever its size.
        last_id: the id of the newest line before the log begins.
    """

    def __init__(self, limit: int, last_id: int = 0) -> None:
        self.limit = limit
        self.size = 0
        self.lines = 0
        self.total = 0
        self.last_id = last_id
        self._batches: deque[Batch] = deque()
        self.end = 0
        """The ``seq`` that the next batch will have."""

    @property
    def start(self) -> int:
        """The ``seq`` of the oldest batch that is still here."""
        return self.end - len(self._batches)

    @property
    def first_id(self) -> int:
        """The oldest id that is still here (the next one's, if none is)."""
        return self._batches[0].first if self._batches else self.last_id + 1

    def append(self, batch: Batch) -> None:
        """Put ``batch`` at the end."""
        batch.seq = self.end
        batch.before = self.total
        self.end += 1
        self.total += batch.count
        self.lines += batch.count
        self.last_id = max(self.last_id, batch.first + batch.count - 1)
        self._batches.append(batch)
        self.size += batch.cost

    def trim(self) -> list[Batch]:
        """Drop the oldest batches beyond the limit; return them."""
        dropped: list[Batch] = []
        while self.size > self.limit and len(self._batches) > 1:
            batch = self._batches.popleft()
            self.size -= batch.cost
            self.lines -= batch.count
            dropped.append(batch)
        return dropped

    def at(self, seq: int) -> Batch:
        """Return the batch at ``seq``; IndexError if it is gone or not yet here."""
        index = seq - self.start
        if index < 0:
            raise IndexError(seq)
        return self._batches[index]

    def rendering(self, batch: Batch, dialect: Dialect) -> Rendering:
        """Return ``batch`` in ``dialect``, made on first use and kept."""
        rendering = batch.renderings.get(dialect)
        if rendering is None:
            rendering = Rendering(batch.entries, dialect, batch.when)
            batch.renderings[dialect] = rendering
            is_text = len(batch.entries) == 1 and rendering.data is batch.text
            made = 0 if is_text else len(rendering.data)
            self._charge(batch, made + RENDERING_COST)
        return rendering

    def framed(
        self, batch: Batch, rendering: Rendering, framing: Framing | None
    ) -> bytes:
        """Return the whole rendering of ``batch``, framed once for all."""
        if framing is None:
            return rendering.data
        if rendering.framed is None:
            rendering.framed = {}
        data = rendering.framed.get(framing)
        if data is None:
            data = rendering.framed[framing] = framing(rendering.data)
            self._charge(batch, len(data))
        return data

    def tail(self, count: int) -> Stretch:
        """Return the last ``count`` lines, or as many as there are."""
        wanted = count = min(count, self.lines)
        seq, skip = self.end, 0
        while wanted > 0:
            seq -= 1
            held = self.at(seq).count
            skip = max(0, held - wanted)
            wanted -= held - skip
        return Stretch(seq, skip, count, 0)

    def since(self, id: int, most: int) -> Stretch:
        """Return what was said after ``id``, at most the last ``most`` lines."""
        after = 0
        for batch in reversed(self._batches):
            if batch.first <= id:
                after += max(0, batch.first + batch.count - 1 - id)
                break
            after += batch.count
        stretch = self.tail(min(after, most))
        gone = max(0, self.first_id - 1 - id)
        return replace(stretch, missing=after - stretch.count + gone)

    def _charge(self, batch: Batch, cost: int) -> None:
        batch.cost += cost
        self.size += cost

    def __len__(self) -> int:
        """Return how many batches are here."""
        return len(self._batches)
