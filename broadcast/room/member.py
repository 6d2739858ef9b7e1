"""One member: who it is, and the cursor from which it reads the log.

A member is *live* (nothing queued, cursor at the log's end: the fan-out sends to it
directly) or *behind* (its writer pulls ``next_chunk`` whenever there is space).
What a member says is its session's business, what others see of it the room's. No
socket here: bytes leave through the writer of the member's connection.
"""

from collections import deque
from typing import Protocol

from broadcast.protocol.dialects import TEXT, TEXT_CRLF, Dialect, Moment, Speaker
from broadcast.protocol.events import Bye, Event
from broadcast.room.stats import Stats
from broadcast.room.subscription import (
    CHUNK,
    MAX_BACKLOG,
    NEVER,
    IWriter,
    Last,
    Standing,
    Switch,
)
from broadcast.store.entries import Batch
from broadcast.store.log import Log, ReplayCursor

Peer = str | tuple[str, int]
"""Where somebody comes from; a host and a port as the socket keeps them anyway,
since a string of its own would be 64 bytes more for each."""


Output = bytes | Switch | ReplayCursor | Last
"""What a member's queue holds, in the order in which it is to be written."""


class IFanout(Protocol):
    """The fan-out that a member is part of, as the member sees it."""

    log: Log
    stats: Stats
    steps: int

    def caught_up(self, member: "Member") -> None:
        """The member has read all there is and can be sent to directly."""

    def fell_behind(self, member: "Member") -> None:
        """The member has something queued and can't be sent to directly."""

    def reads_from(self, seq: int) -> None:
        """The member reads the log from ``seq`` on."""

    def soon(self) -> None:
        """Take a turn soon, even if nobody speaks."""


class Member:
    """Somebody connected.

    Attributes:
        session_id: a number that no other connection ever has.
        name: in its one true form; "" until joined.
        key: the secret by which the name can be taken back.
        account: the folded name that it has logged in as; "" for none.
        silenced: the error's code for what it says; "" if it may speak.
        dialect: how the log is read at the cursor.
        next_dialect: the dialect once all answers queued are written.
        echo: own lines come back in the text dialect too.
        live: nothing is queued; ``cursor`` means nothing then.
        cursor: the batch to be read next, as a ``seq``.
        backlog: bytes of unwritten answers, those still owed counted roughly.
        finished: the last words have been handed out.
        bye: why it is made to leave, for connections that say so in their own way.
    """

    __slots__ = (
        "_crlf",
        "_fanout",
        "_offset",
        "_output",
        "_peer",
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
        "next_dialect",
        "session_id",
        "silenced",
        "standing",
        "writer",
    )

    writer: IWriter

    def __init__(
        self, fanout: IFanout, session_id: int, peer: Peer, echo: bool
    ) -> None:
        self._fanout = fanout
        self.session_id = session_id
        self._peer = peer
        self.echo = echo
        self.name = ""
        self.key: str | None = None
        self.account = ""
        self.silenced = ""
        self.dialect: Dialect = TEXT
        self.next_dialect: Dialect = TEXT
        self.standing = Standing.APPLYING
        self.live = False
        self.finished = False
        self.bye: Bye | None = None
        self.cursor = NEVER
        self.backlog = 0
        self._offset = 0
        self._crlf = False
        self._tail = b""
        self._output: deque[tuple[int, Output]] | None = None
        self._speaker: Speaker | None = None

    @property
    def address(self) -> str:
        """Where from, for the log: ``127.0.0.1:8000``."""
        peer = self._peer
        return peer if isinstance(peer, str) else "{}:{}".format(*peer)

    @property
    def steps(self) -> int:
        """How many chunks it may be given in one turn of the reactor."""
        return self._fanout.steps

    @property
    def speaker(self) -> Speaker:
        """The member's name as the log keeps it."""
        if self._speaker is None or self._speaker.name != self.name:
            self._speaker = Speaker(self.name)
        return self._speaker

    @property
    def oldest(self) -> int:
        """The oldest batch that it still has to read, its replays included."""
        replays = (a.seq for _, a in self._output or () if isinstance(a, ReplayCursor))
        has_all = self.standing is Standing.LEAVING and self.cursor >= self.reads_to
        return min(NEVER if has_all else self.cursor, *replays, NEVER)

    @property
    def reads_to(self) -> int:
        """The batch before which it stops reading: the end, until it has left."""
        if self.standing is Standing.LEAVING and self._output:
            return self._output[-1][0]
        return self._fanout.log.end

    @property
    def is_stuffed(self) -> bool:
        """Too many answers are unwritten: it is not read until it reads."""
        return self.backlog > MAX_BACKLOG and self.standing is not Standing.GONE

    def tell(self, event: Event, when: Moment | None = None) -> None:
        """Answer with ``event``, after all that is queued."""
        if message := self.next_dialect.told(event, when):
            self.put(message)

    def put(self, data: bytes) -> None:
        """Send ``data``, whole lines, after all that is queued."""
        if not self.live:
            self._queue(data)
            return
        taken = self.writer.send(data)
        self._fanout.stats.bytes_out += taken
        if taken < len(data):
            self._fanout.fell_behind(self)
            self._tail = data[taken:]
            self.writer.wake()

    def speak(self, dialect: Dialect) -> None:
        """Be spoken to in ``dialect`` from the first word: nothing is queued yet."""
        self.dialect = self.next_dialect = self._with_its_eol(dialect)

    @property
    def has_queued(self) -> bool:
        """The writer has not taken all that it was told before it joined."""
        return self._output is not None

    def switch(self, dialect: Dialect) -> None:
        """Speak ``dialect`` after all that is queued."""
        self.next_dialect = self._with_its_eol(dialect)
        if self.live:
            self._fanout.fell_behind(self)
        self._queue(Switch(dialect))

    def replay(self, replay: ReplayCursor) -> None:
        """Send old lines after all that is queued."""
        if self.live:
            self._fanout.fell_behind(self)
        self._fanout.reads_from(replay.seq)
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
                self._fanout.fell_behind(self)
            self.dialect = TEXT_CRLF
            if was_live:
                self._fanout.caught_up(self)
        if self.next_dialect is TEXT:
            self.next_dialect = TEXT_CRLF

    def stop_at(self, batch: Batch, offset: int) -> None:
        """Become behind: only ``offset`` bytes of ``batch`` have been taken."""
        if self.live:
            self._fanout.fell_behind(self)
            self.cursor = batch.seq
            self._offset = offset
            self._fanout.reads_from(batch.seq)
            self.writer.wake()

    def end(self, last: bytes, now: bool = False) -> None:
        """Say the last words after all that is queued (``now``: instead of it)."""
        if self.live or self.standing is Standing.APPLYING:
            self._fanout.fell_behind(self)
        if now:
            self.cursor = self._fanout.log.end
            self._offset = 0
            self._output = None
        self.standing = Standing.LEAVING
        self._queue(last)
        self._queue(Last())
        self.writer.wake()
        if now:
            self.writer.close_soon()

    def lose_place(self) -> None:
        """Read no more: the log has moved past it. What is begun is still written."""
        self.standing = Standing.LEAVING
        self.cursor = NEVER
        self._offset = 0
        self._output = None

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
        space = CHUNK - len(self._tail)
        self._tail = b""
        while space > 0 and not self.finished:
            if self._output and not self._offset and self._output[0][0] <= self.cursor:
                piece = self._next_output()
            elif self.cursor < self._fanout.log.end:
                piece = self._next_lines(space)
            else:
                break
            pieces.append(piece)
            space -= len(piece)
        chunk = b"".join(pieces)
        if not chunk and not self.finished:
            self._output = None
            self._fanout.caught_up(self)
        self._fanout.stats.bytes_out += len(chunk)
        return chunk

    def _with_its_eol(self, dialect: Dialect) -> Dialect:
        return TEXT_CRLF if dialect is TEXT and self._crlf else dialect

    def _queue(self, answer: Output) -> None:
        if self._output is None:
            self._output = deque()
        self._output.append((self._fanout.log.end, answer))
        self.backlog += self._weight(answer)

    def _next_output(self) -> bytes:
        assert self._output is not None
        answer = self._output[0][1]
        if isinstance(answer, ReplayCursor) and (piece := answer.read(self.dialect)):
            return piece
        self._output.popleft()
        was_stuffed = self.is_stuffed
        self.backlog -= self._weight(answer)
        if was_stuffed and not self.is_stuffed:
            self._fanout.soon()
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, Switch):
            self.dialect = self._with_its_eol(answer.dialect)
        self.finished = isinstance(answer, Last)
        return b""

    @staticmethod
    def _weight(answer: Output) -> int:
        if isinstance(answer, bytes):
            return len(answer)
        return MAX_BACKLOG + 1 if isinstance(answer, ReplayCursor) else 0

    def _next_lines(self, space: int) -> bytes:
        log = self._fanout.log
        copy = self._copy(log.at(self.cursor))
        if log.size > log.limit:
            self._fanout.soon()  # a rendering just made may be too much
        start = self._offset
        if len(copy) - start <= space:
            self._pass_batch()
            return copy[start:] if start else copy
        cut = copy.rfind(b"\n", start, start + space) + 1
        if not cut:
            cut = copy.find(b"\n", start + space) + 1
        if cut == len(copy):
            self._pass_batch()
            return copy[start:]
        self._offset = cut
        return copy[start:cut]

    def _copy(self, batch: Batch) -> bytes:
        rendering = self._fanout.log.rendering(batch, self.dialect)
        return rendering.copy_for(self.session_id, self.echo)

    def _keep_rest(self) -> None:
        """Put what is begun of a batch aside: its bytes are about to change."""
        if self._offset:
            self._tail += self._copy(self._fanout.log.at(self.cursor))[self._offset :]
            self._pass_batch()

    def _pass_batch(self) -> None:
        self._fanout.stats.deliveries += self._fanout.log.at(self.cursor).count
        self.cursor += 1
        self._offset = 0
