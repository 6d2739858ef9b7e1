"""One daemon's copy of a log that several write: messages in, batches out.

All that is here follows from the messages alone, in their order, but for the entries of
its own daemon, which are the very objects that were handed in. So all daemons agree.
There is no I/O here: ``feed`` reads, ``jetstream`` writes.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from broadcast.store.base import TooNewError
from broadcast.store.claims import Decided, Dumped, Epoch, Up, Upkeep
from broadcast.store.codec import BodyError, NewerBodyError, Speakers, decode
from broadcast.store.contents import LINES, Contents
from broadcast.store.entries import Batch, Entry, Run, Told
from broadcast.store.outcomes import Outcome
from broadcast.store.state import State, StateError

NO_SESSION: Final = 0
"""The session of what comes from another daemon: nobody's who is here."""

MOST_SPEAKERS: Final = 10_000
"""Names whose speakers are kept."""

VERSION: Final = 1
"""The version of the form of a dump."""

NEWER: Final = "the room speaks a newer version; upgrade this daemon, too"


@dataclass(frozen=True, slots=True)
class Mark:
    """The identity of a message, however often it is sent.

    Attributes:
        incarnation: its author.
        n: its number, of its author's.
    """

    incarnation: str
    n: int

    def __str__(self) -> str:
        """Return it as a header says it."""
        return f"{self.incarnation}:{self.n}"

    @classmethod
    def read(cls, text: str) -> "Mark | None":
        """Return what a header says; None if that is no mark."""
        incarnation, _, digits = text.rpartition(":")
        if not incarnation or not digits.isascii() or not digits.isdigit():
            return None
        return cls(incarnation, int(digits[:16]))


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the log.

    Attributes:
        seq: its place in the stream.
        at: its timestamp, in seconds since 1970.
        mark: its author and number; None if it is none of ours.
        data: its body.
    """

    seq: int
    at: float
    mark: Mark | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """The effect of a message.

    Attributes:
        batch: the news for members; None if the message counts for nothing.
        has_new_epoch: the log is another one from this message on.
        is_double: it had come before, or its author had been given up.
        left_out: which of its runs count for nothing.
    """

    batch: Batch | None
    has_new_epoch: bool = False
    is_double: bool = False
    left_out: Sequence[int] = ()


@dataclass
class Replica:
    """The state of a log that several daemons write, as of a message.

    Attributes:
        state: the decisions so far.
        epoch: the log's identity; "" as long as nobody has begun it.
        salt: the salt of the digests of owners.
        seq: the last message taken; 0 if none was.
        mark: that message's.
        terms: the terms of each daemon that writes, by incarnation.
        total: bytes of all messages.
        grown: bytes of the messages since the newest dump.
        dumped: bytes of that dump.
        contents: how many lines each message has.
    """

    state: State = field(default_factory=lambda: State(is_shared=True))
    epoch: str = ""
    salt: str = ""
    seq: int = 0
    mark: Mark | None = None
    terms: dict[str, str] = field(default_factory=dict)
    total: int = 0
    grown: int = 0
    dumped: int = 0
    contents: Contents = field(default_factory=Contents)
    _speakers: Speakers = field(default_factory=Speakers)

    @property
    def last_id(self) -> int:
        """The last id that is taken."""
        return (self.seq + 1) * LINES - 1 if self.seq else 0

    def owner(self, fold: str, key: str) -> str:
        """Return a digest of a name and its key."""
        said = f"{self.salt}\0{fold}\0{key}".encode()
        return hashlib.sha256(said).hexdigest()[:32]

    def take(self, message: Message, own: list[Entry] | None = None) -> Taken:
        """Take the next message.

        Args:
            message: it comes after ``seq``.
            own: its entries, if this daemon is the author; they are numbered.

        Raises:
            TooNewError: a newer version has written it.
        """
        taken = self._take(message, own)
        count = 0 if taken.batch is None else taken.batch.count
        self.contents.note(message.seq, count, taken.left_out)
        return taken

    def _take(self, message: Message, own: list[Entry] | None) -> Taken:
        self.seq, self.mark = message.seq, message.mark
        self.total += len(message.data)
        self.grown += len(message.data)
        mark = message.mark
        if mark is None:
            return Taken(None)
        try:
            entries = own if own is not None else self._decoded(message.data)
        except NewerBodyError:
            raise TooNewError(NEWER) from None
        except BodyError:
            return Taken(None)
        known = self.state.nodes.known.get(mark.incarnation)
        is_gap = known is not None and mark.n > known.n + 1
        first, decided = message.seq * LINES, _decided(entries)
        applied = self.state.apply(message.at, mark.incarnation, mark.n, decided, first)
        if applied is None:
            return Taken(None, is_double=True)
        has_new_epoch = is_gap
        if is_gap:  # what was between is lost, and all who read it see that here
            self._begin_epoch(self.epoch)
        for entry in entries:
            if type(entry) is Epoch:
                has_new_epoch |= self._take_epoch(entry)
            elif type(entry) is Dumped:
                self.grown, self.dumped = 0, entry.size
            elif type(entry) is Up:
                self.terms[mark.incarnation] = entry.terms
        self._forget_terms()
        told: list[Entry] = [Told(None, event) for event in applied.before]
        outcomes = [*zip(decided, applied.outcomes, strict=True)]
        told += _told(entries, outcomes, own is not None)
        batch = Batch(told, first, message.at)
        batch.outcomes = [pair for pair in outcomes if _is_news(*pair)]
        runs = [pair for pair in outcomes if type(pair[0]) is Run]
        left_out = [at for at, (_, outcome) in enumerate(runs) if outcome.refused]
        return Taken(batch, has_new_epoch, left_out=left_out)

    def strangers(self, terms: str, but: str = "") -> dict[str, str]:
        """Return the daemons that write under other terms: incarnation → terms."""
        return {
            name: other
            for name, other in self.terms.items()
            if other != terms and name != but
        }

    def freeze(self) -> Callable[[], bytes]:
        """Return what makes the dump as of now, in any thread."""
        head: dict[str, object] = {
            "v": VERSION,
            "epoch": self.epoch,
            "salt": self.salt,
            "seq": self.seq,
            "mark": str(self.mark),
            "terms": dict(self.terms),
            "total": self.total,
        }
        make, contents = self.state.freeze(), self.contents.freeze()

        def dump() -> bytes:
            head["lines"] = contents()
            return zlib.compress(json.dumps(head).encode() + b"\n" + make())

        return dump

    @classmethod
    def load(cls, dumped: bytes) -> "Replica":
        """Return what was dumped.

        Raises:
            StateError: it is no dump, or a newer version's.
        """
        try:
            head, _, state = zlib.decompress(dumped).partition(b"\n")
            record = json.loads(head)
            if record["v"] != VERSION:
                raise StateError("the version of a dump is unknown")
            seq, lines = int(record["seq"]), record.get("lines")  # once there were none
            return cls(
                State.load(state),
                str(record["epoch"]),
                str(record["salt"]),
                seq,
                Mark.read(record["mark"]),
                dict(record["terms"]),
                int(record["total"]),
                dumped=len(dumped),
                contents=Contents(seq + 1) if lines is None else Contents.load(lines),
            )
        except StateError:
            raise
        except (ValueError, TypeError, LookupError, zlib.error):
            raise StateError("the dump can't be read") from None

    def _decoded(self, data: bytes) -> list[Entry]:
        if self._speakers.count > MOST_SPEAKERS:
            self._speakers = Speakers()
        return [*decode(data, self._speakers).entries]

    def _take_epoch(self, entry: Epoch) -> bool:
        """Begin another epoch, if it is this one that is said to be over.

        An epoch without an old one always counts: its author has found neither
        a dump nor an epoch, and so nobody will who comes later.
        """
        if entry.old not in ("", self.epoch):
            return False
        if not entry.old:
            self.salt = entry.salt
        self._begin_epoch(entry.old)
        return True

    def _begin_epoch(self, old: str) -> None:
        said = f"{old} {self.seq} {self.salt}".encode()
        self.epoch = hashlib.sha256(said).hexdigest()[:16]

    def _forget_terms(self) -> None:
        known = self.state.nodes.known
        for name in [name for name in self.terms if name not in known]:
            del self.terms[name]


def _decided(entries: Sequence[Entry]) -> list[Run | Decided]:
    return [entry for entry in entries if not isinstance(entry, Told | Upkeep)]


def _is_news(entry: Run | Decided, outcome: Outcome) -> bool:
    """Tell whether anybody waits for what has become of an entry."""
    return type(entry) is not Run or bool(outcome.refused) or entry.owner is not None


def _told(
    entries: Sequence[Entry],
    outcomes: Sequence[tuple[Run | Decided, Outcome]],
    is_own: bool,
) -> Iterator[Entry]:
    """Yield what everybody is told: nothing in it is another daemon's session's."""
    left = iter(outcomes)
    for entry in entries:
        if isinstance(entry, Told):
            yield entry
        elif not isinstance(entry, Upkeep):
            _, outcome = next(left)
            if type(entry) is not Run:
                for session, event in outcome.events:
                    yield Told(session if is_own else None, event)
            elif not outcome.refused:
                if not is_own:
                    entry.session_id = NO_SESSION
                yield entry
            else:
                entry.first = outcome.id
