"""One member: who it is, and the cursor from which it reads the log.

A member is *live* (nothing queued, cursor at the log's end: the hub sends to it
directly) or *behind* (its outlet pulls ``next_chunk`` whenever it has room).
What a member says is the conversation's, what others see of it the hub's. No
socket here: bytes leave through the ``Outlet`` that each face implements.
"""

import enum
from collections import deque

from broadcast.protocol.dialects import TEXT, TEXT_CRLF, Dialect, Moment, Speaker
from broadcast.protocol.events import Bye, Event
from broadcast.room.subscription import Replay
from broadcast.room.surroundings import Outlet, Room
from broadcast.store.entries import Batch

CHUNK = 64 * 1024
"""Bytes that one step of catching up takes, about."""

MAX_BACKLOG = 64 * 1024
"""Bytes of unwritten answers above which a member is not read."""

NEVER = 1 << 62
"""The cursor of one who has not joined, or has lost its place: nothing to read."""


Peer = str | tuple[str, int]
"""Where somebody comes from; a host and a port as the socket keeps them anyway,
since a string of its own would be 64 bytes more for each."""


class Standing(enum.Enum):
    """How far a connection is."""

    APPLYING = "not yet joined"
    HERE = "joined"
    LEAVING = "left; what is queued is still written"
    GONE = "no connection"


class Switch:
    """A change of dialect, in its place among the answers."""

    __slots__ = ("dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect


class Last:
    """The end of a member's output."""

    __slots__ = ()


Answer = bytes | Switch | Replay | Last


class Member:
    """Somebody connected.

    Attributes:
        session: a number that no other connection ever has.
        name: in its one true form; "" until joined.
        key: the secret by which the name can be taken back.
        account: the folded name that it has logged in as; "" for none.
        silenced: the error's code for what it says; "" if it may speak.
        dialect: how the log is read at the cursor.
        spoken: the dialect once all answers queued are written.
        echo: own lines come back in the text dialect too.
        live: nothing is queued; ``cursor`` means nothing then.
        cursor: the batch to be read next, as a ``seq``.
        backlog: bytes of unwritten answers, those still owed counted roughly.
        finished: the last words have been handed out.
        bye: why it is made to leave, for faces that say so in their own way.
    """

    __slots__ = (
        "_answers",
        "_crlf",
        "_offset",
        "_peer",
        "_room",
        "_speaker",
        "_tail",
        "account",
        "backlog",
        "bye",
        "cursor",
        "dialect",
        "echo",
        "finished",
        "key",
        "live",
        "name",
        "outlet",
        "session",
        "silenced",
        "spoken",
        "standing",
    )

    outlet: Outlet

    def __init__(self, room: Room, session: int, peer: Peer, echo: bool) -> None:
        self._room = room
        self.session = session
        self._peer = peer
        self.echo = echo
        self.name = ""
        self.key: str | None = None
        self.account = ""
        self.silenced = ""
        self.dialect: Dialect = TEXT
        self.spoken: Dialect = TEXT
        self.standing = Standing.APPLYING
        self.live = False
        self.finished = False
        self.bye: Bye | None = None
        self.cursor = NEVER
        self.backlog = 0
        self._offset = 0
        self._crlf = False
        self._tail = b""
        self._answers: deque[tuple[int, Answer]] | None = None
        self._speaker: Speaker | None = None

    @property
    def address(self) -> str:
        """Where from, for the log: ``127.0.0.1:8000``."""
        return (
            self._peer if isinstance(self._peer, str) else "{}:{}".format(*self._peer)
        )

    @property
    def steps(self) -> int:
        """How many chunks it may be given in one turn of the reactor."""
        return self._room.steps

    @property
    def speaker(self) -> Speaker:
        """The member's name as the log keeps it."""
        if self._speaker is None or self._speaker.name != self.name:
            self._speaker = Speaker(self.name)
        return self._speaker

    @property
    def oldest(self) -> int:
        """The oldest batch that it still has to read, its replays included."""
        replays = (a.seq for _, a in self._answers or () if isinstance(a, Replay))
        has_all = self.standing is Standing.LEAVING and self.cursor >= self.reads_to
        return min(NEVER if has_all else self.cursor, *replays, NEVER)

    @property
    def reads_to(self) -> int:
        """The batch before which it stops reading: the end, until it has left."""
        if self.standing is Standing.LEAVING and self._answers:
            return self._answers[-1][0]
        return self._room.log.end

    @property
    def is_stuffed(self) -> bool:
        """Too many answers are unwritten: it is not read until it reads."""
        return self.backlog > MAX_BACKLOG and self.standing is not Standing.GONE

    def tell(self, event: Event, when: Moment | None = None) -> None:
        """Answer with ``event``, after all that is queued."""
        if words := self.spoken.told(event, when):
            self.put(words)

    def put(self, data: bytes) -> None:
        """Send ``data``, whole lines, after all that is queued."""
        if not self.live:
            self._queue(data)
            return
        taken = self.outlet.send(data)
        self._room.tally.bytes_out += taken
        if taken < len(data):
            self._room.fell_behind(self)
            self._tail = data[taken:]
            self.outlet.wake()

    def speak(self, dialect: Dialect) -> None:
        """Be spoken to in ``dialect`` from the first word: nothing is queued yet."""
        self.dialect = self.spoken = self._with_its_eol(dialect)

    @property
    def has_queued(self) -> bool:
        """The outlet has not taken all that it was told before it joined."""
        return self._answers is not None

    def switch(self, dialect: Dialect) -> None:
        """Speak ``dialect`` after all that is queued."""
        self.spoken = self._with_its_eol(dialect)
        if self.live:
            self._room.fell_behind(self)
        self._queue(Switch(dialect))

    def replay(self, replay: Replay) -> None:
        """Send old lines after all that is queued."""
        if self.live:
            self._room.fell_behind(self)
        self._room.reads_from(replay.seq)
        self._queue(replay)

    @property
    def eol(self) -> bytes:
        """The line end that it writes, and is written."""
        return b"\r\n" if self._crlf else b"\n"

    def heard_crlf(self) -> None:
        """Write CRLF from now on: the member does."""
        if self._crlf:
            return
        self._crlf = True
        if self.dialect is TEXT:
            self._keep_rest()
            was_live = self.live
            if was_live:
                self._room.fell_behind(self)
            self.dialect = TEXT_CRLF
            if was_live:
                self._room.caught_up(self)
        if self.spoken is TEXT:
            self.spoken = TEXT_CRLF

    def stop_at(self, batch: Batch, offset: int) -> None:
        """Become behind: only ``offset`` bytes of ``batch`` have been taken."""
        if self.live:
            self._room.fell_behind(self)
            self.cursor = batch.seq
            self._offset = offset
            self._room.reads_from(batch.seq)
            self.outlet.wake()

    def end(self, last: bytes, now: bool = False) -> None:
        """Say the last words after all that is queued (``now``: instead of it)."""
        if self.live or self.standing is Standing.APPLYING:
            self._room.fell_behind(self)
        if now:
            self.cursor = self._room.log.end
            self._offset = 0
            self._answers = None
        self.standing = Standing.LEAVING
        self._queue(last)
        self._queue(Last())
        self.outlet.wake()
        if now:
            self.outlet.close_soon()

    def lose_place(self) -> None:
        """Read no more: the log has moved past it. What is begun is still written."""
        self.standing = Standing.LEAVING
        self.cursor = NEVER
        self._offset = 0
        self._answers = None

    @property
    def has_lost_place(self) -> bool:
        """The log has moved past it, and no last words have come since."""
        return self.standing is Standing.LEAVING and self.cursor == NEVER

    def next_chunk(self) -> bytes:
        """Return about 64 KiB of what comes next, whole lines; empty: nothing.

        First the rest of what was begun, then answers that are due, then the
        log. Having read it all, the member is live again. One that is live has
        nothing to come: what a push producer asks for was sent directly.
        """
        if self.live or self.standing is Standing.GONE or self.finished:
            return b""
        pieces = [self._tail] if self._tail else []
        room = CHUNK - len(self._tail)
        self._tail = b""
        while room > 0 and not self.finished:
            if (
                self._answers
                and not self._offset
                and self._answers[0][0] <= self.cursor
            ):
                piece = self._next_answer()
            elif self.cursor < self._room.log.end:
                piece = self._next_lines(room)
            else:
                break
            pieces.append(piece)
            room -= len(piece)
        chunk = b"".join(pieces)
        if not chunk and not self.finished:
            self._answers = None
            self._room.caught_up(self)
        self._room.tally.bytes_out += len(chunk)
        return chunk

    def _with_its_eol(self, dialect: Dialect) -> Dialect:
        return TEXT_CRLF if dialect is TEXT and self._crlf else dialect

    def _queue(self, answer: Answer) -> None:
        if self._answers is None:
            self._answers = deque()
        self._answers.append((self._room.log.end, answer))
        self.backlog += self._weight(answer)

    def _next_answer(self) -> bytes:
        assert self._answers is not None
        answer = self._answers[0][1]
        if isinstance(answer, Replay) and (piece := answer.read(self.dialect)):
            return piece
        self._answers.popleft()
        was_stuffed = self.is_stuffed
        self.backlog -= self._weight(answer)
        if was_stuffed and not self.is_stuffed:
            self._room.soon()
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, Switch):
            self.dialect = self._with_its_eol(answer.dialect)
        self.finished = isinstance(answer, Last)
        return b""

    @staticmethod
    def _weight(answer: Answer) -> int:
        if isinstance(answer, bytes):
            return len(answer)
        return MAX_BACKLOG + 1 if isinstance(answer, Replay) else 0

    def _next_lines(self, room: int) -> bytes:
        log = self._room.log
        copy = self._copy(log.at(self.cursor))
        if log.size > log.limit:
            self._room.soon()  # a rendering just made may be too much
        start = self._offset
        if len(copy) - start <= room:
            self._pass_batch()
            return copy[start:] if start else copy
        cut = copy.rfind(b"\n", start, start + room) + 1
        if not cut:
            cut = copy.find(b"\n", start + room) + 1
        if cut == len(copy):
            self._pass_batch()
            return copy[start:]
        self._offset = cut
        return copy[start:cut]

    def _copy(self, batch: Batch) -> bytes:
        rendering = self._room.log.rendering(batch, self.dialect)
        return rendering.copy_for(self.session, self.echo)

    def _keep_rest(self) -> None:
        """Put what is begun of a batch aside: its bytes are about to change."""
        if self._offset:
            self._tail += self._copy(self._room.log.at(self.cursor))[self._offset :]
            self._pass_batch()

    def _pass_batch(self) -> None:
        self._room.tally.deliveries += self._room.log.at(self.cursor).count
        self.cursor += 1
        self._offset = 0
