"""A subscription: a member's place in a room's log, and its way to the writer.

It is *live* (nothing queued, cursor at the log's end: the fan-out sends to its writer
directly) or *behind* (its writer pulls ``next_chunk`` whenever there is space). There
is no socket here: bytes leave through the writer of the member's connection.
"""

from collections import deque

from broadcast.base.work import IJob, Work
from broadcast.protocol.dialects import TEXT, TEXT_CRLF, Dialect, Moment
from broadcast.protocol.events import Event
from broadcast.room.member import Member
from broadcast.room.output import (
    CHUNK,
    CLOSED_WRITER,
    MAX_BACKLOG,
    NEVER,
    IAnswers,
    IWriter,
    Last,
    Output,
    Pending,
    Switch,
    weight_of,
)
from broadcast.room.readers import Readers
from broadcast.store.entries import Batch
from broadcast.store.log import ReplayCursor


class Subscription:
    """A cursor in a room's log.

    Attributes:
        member: the reader.
        writer: the way out for all of its output.
        dialect: the dialect of the log at the cursor.
        next_dialect: the dialect once all queued answers are written.
        live: the queue is empty; ``cursor`` means nothing then.
        cursor: the batch to be read next, as a ``seq``.
        backlog: bytes of unwritten answers; answers still owed are estimated.
        asked: answers requested, and not given yet.
        is_sparse: its member has sent little of late, so its answers go first.
        answers: the queue of those answers whose turn has come, if there are any.
        waiter: a job that goes on once fewer answers are owed, or unwritten.
        has_lost_place: the log has moved past it, and no last words have come since.
        finished: the last words have been handed out.
    """

    __slots__ = (
        "_crlf",
        "_offset",
        "_output",
        "_readers",
        "_stop",
        "_tail",
        "answers",
        "asked",
        "backlog",
        "cursor",
        "dialect",
        "finished",
        "has_lost_place",
        "is_sparse",
        "live",
        "member",
        "next_dialect",
        "waiter",
        "writer",
    )

    def __init__(self, member: Member, readers: "Readers[Subscription]") -> None:
        self.member = member
        self._readers = readers
        self.writer: IWriter = CLOSED_WRITER
        self.dialect: Dialect = TEXT
        self.next_dialect: Dialect = TEXT
        self.live = False
        self.finished = False
        self.has_lost_place = False
        self.cursor = NEVER
        self.backlog = 0
        self.asked = 0
        self.is_sparse = True
        self.answers: IAnswers | None = None
        self.waiter: IJob | None = None
        self._stop: int | None = None  # the end of reading; None: there is none
        self._offset = 0
        self._crlf = False
        self._tail = b""
        self._output: deque[tuple[int, Output]] | None = None

    @property
    def work(self) -> Work:
        """The queue of jobs."""
        return self._readers.work

    @property
    def is_awaited(self) -> bool:
        """Its member waits for an answer, so its output is no background work."""
        return self.asked > 0 or bool(self._output)

    @property
    def is_urgent(self) -> bool:
        """Its member waits for an answer, and has sent little of late."""
        return self.is_sparse and self.is_awaited

    @property
    def has_started(self) -> bool:
        """The subscription reads the log, or has read it."""
        return self.cursor != NEVER or self.live or self.has_lost_place

    @property
    def is_gone(self) -> bool:
        """The connection is lost: nothing can be written any more."""
        return self.writer is CLOSED_WRITER

    @property
    def _is_over(self) -> bool:
        """The last words are queued, or nothing can be written: no answer follows."""
        return self.is_gone or self._stop is not None

    @property
    def oldest(self) -> int:
        """The oldest batch still to be read, replays included, as a ``seq``."""
        log = self._readers.log
        replays = (
            answer.seq
            for _, answer in self._output or ()
            if isinstance(answer, ReplayCursor) and answer.log is log
        )
        has_all = self._stop is not None and self.cursor >= self._stop
        return min(NEVER if has_all else self.cursor, *replays, NEVER)

    @property
    def reads_to(self) -> int:
        """The batch before which reading stops: the log's end, until ``end``."""
        return self._readers.log.end if self._stop is None else self._stop

    @property
    def is_stuffed(self) -> bool:
        """Too many answers are unwritten: input waits until the member reads."""
        return self.backlog > MAX_BACKLOG and not self.is_gone

    def start(self) -> None:
        """Read the log from its end on."""
        if self._output is not None or self._tail:
            self._fall_behind()
        else:
            self._listen()

    def stop(self) -> None:
        """Read and write no more: the connection is gone."""
        if self.live:
            self._unlisten()
        self._readers.behind.pop(self.member.session_id, None)
        self._readers.left.pop(self.member.session_id, None)
        self._stop = self.cursor = NEVER
        self.writer = CLOSED_WRITER
        self._output = None
        self.go_on()

    def write_later(self, job: IJob) -> None:
        """Queue a job that writes: in the background, unless its member waits."""
        if self.is_awaited:
            self.work.add(job, self.is_sparse)
        else:
            self.work.add_background(job)

    def step(self, until: float) -> bool:
        """Write on, after falling behind."""
        self.writer.wake()
        return False

    def abort(self) -> None:
        """Do nothing: a writer that fails loses its connection."""

    # Answers

    def tell(self, event: Event, when: Moment | None = None) -> None:
        """Answer with ``event``, after all that is queued."""
        if message := self.next_dialect.told(event, when):
            self.put(message)

    def put(self, data: bytes) -> None:
        """Send ``data``, whole lines, after all that is queued."""
        if self._is_over:
            return
        if self._readers.left:
            self.settle()
        if not self.live:
            self._queue(data)
            return
        taken = self.writer.send(data)
        self._readers.stats.bytes_out += taken
        if taken < len(data):
            self._fall_behind()
            self._tail = data[taken:]
            self.writer.wake()

    def speak(self, dialect: Dialect) -> None:
        """Set the dialect before anything is queued."""
        self.dialect = self.next_dialect = self._with_its_eol(dialect)

    def switch(self, dialect: Dialect) -> None:
        """Change the dialect after all that is queued."""
        self.next_dialect = self._with_its_eol(dialect)
        if self._is_over:
            return
        self.settle()
        if self.live:
            self._fall_behind()
        self._queue(Switch(dialect))

    def send(self, output: Output) -> None:
        """Send any answer after all that is queued."""
        if isinstance(output, bytes):
            self.put(output)
            return
        if self._is_over:
            return
        self.settle()
        if self.live:
            self._fall_behind()
        elif not self.has_started:
            self._readers.behind[self.member.session_id] = self
        if isinstance(output, ReplayCursor):
            self._readers.reads_from(output.seq)
        self._queue(output)

    @property
    def eol(self) -> bytes:
        """The line end that the member uses, in both directions."""
        return b"\r\n" if self._crlf else b"\n"

    def heard_crlf(self) -> None:
        """Write CRLF from now on, as the member does."""
        if self._crlf:
            return
        self._crlf = True
        self.settle()
        if self.dialect is TEXT:
            self._keep_rest()
            was_live = self.live
            if was_live:
                self._unlisten()
            self.dialect = TEXT_CRLF
            if was_live:
                self._listen()
        if self.next_dialect is TEXT:
            self.next_dialect = TEXT_CRLF

    # The cursor

    def settle(self) -> None:
        """Send the batch that the fan-out has left to its job, if there is one."""
        data, batch = self._readers.left.pop(self.member.session_id, (b"", None))
        if batch is None:
            return
        try:
            taken = self.writer.send_shared(data)
        except BlockingIOError:
            taken = 0
        except OSError:
            taken = 0
            self.writer.is_broken = True
        if taken < len(data):
            stats = self._readers.stats
            stats.deliveries -= batch.count
            stats.bytes_out -= len(data) - taken
            self.stop_at(batch, taken)

    def stop_at(self, batch: Batch, offset: int) -> None:
        """Fall behind: only ``offset`` bytes of ``batch`` have been taken."""
        if self.live:
            self._fall_behind()
            self.cursor = batch.seq
            self._offset = offset
            self._readers.reads_from(batch.seq)
            self.write_later(self)

    def end(self, last: bytes, now: bool = False) -> None:
        """Send the last words after all that is queued (``now``: instead of it)."""
        if self.is_gone:
            return
        if self.live or not self.has_started:
            self._fall_behind()
        self._stop = self._readers.log.end
        if now:
            self._keep_line()
            self.cursor = self._stop
            self._offset = 0
            self._output = None
            self.has_lost_place = False
        self._queue(last)
        self._queue(Last())
        self.writer.wake()

    def lose_place(self, batch: Batch | None) -> int:
        """Stop reading: the log has moved past the cursor.

        A line that is partly written is still completed.

        Args:
            batch: the batch at the cursor, which the log has dropped.

        Returns:
            The number of lines of that batch that were read.
        """
        read = self._lines_read(batch)
        self._keep_line(batch)
        self.has_lost_place = True
        self.cursor = self._stop = NEVER
        self._offset = 0
        self._output = None
        return read

    def next_chunk(self, space: int = CHUNK) -> bytes:
        """Return the next whole lines, about ``space`` bytes; empty if there are none.

        The rest of a batch or line comes first, then answers that are due, then the
        log. After the last byte the subscription is live again. A live subscription
        returns nothing, since its lines are sent directly, even to a push producer.
        """
        if self.live or self.is_gone or self.finished:
            return b""
        log = self._readers.log
        pieces = [self._tail] if self._tail else []
        space -= len(self._tail)
        self._tail = b""
        while space > 0 and not self.finished:
            if self._output and not self._offset and self._output[0][0] <= self.cursor:
                if isinstance(pending := self._output[0][1], Pending):
                    if not self._resolve(pending):
                        break
                    continue
                piece = self._next_output()
            elif self.cursor < log.end:
                piece = self._next_lines(space)
            else:
                break
            pieces.append(piece)
            space -= len(piece)
        chunk = b"".join(pieces)
        if not chunk and not self.finished and not self._output:
            self._catch_up()
        self._readers.stats.bytes_out += len(chunk)
        return chunk

    def _catch_up(self) -> None:
        self._output = None
        self._readers.behind.pop(self.member.session_id, None)
        if self.has_started and self._stop is None:
            self._listen()

    def _fall_behind(self) -> None:
        if self.live:
            self._unlisten()
        self.cursor = self._readers.log.end
        self._readers.behind[self.member.session_id] = self
        self._readers.reads_from(self.cursor)

    def _listen(self) -> None:
        session_id, writer = self.member.session_id, self.writer
        send = writer.send_shared
        self._readers.listen(session_id, self.dialect, writer.framing, send)
        self.live = True

    def _unlisten(self) -> None:
        framing = self.writer.framing
        self._readers.unlisten(self.member.session_id, self.dialect, framing)
        self.live = False

    def go_on(self) -> None:
        """Let what waits go on: less is owed, or unwritten."""
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            self._readers.work.add(waiter)

    def _with_its_eol(self, dialect: Dialect) -> Dialect:
        return TEXT_CRLF if dialect is TEXT and self._crlf else dialect

    def _queue(self, answer: Output) -> None:
        if self._output is None:
            self._output = deque()
        self._output.append((self._readers.log.end, answer))
        if self.is_sparse:
            self._readers.work.hasten(self)
            self._readers.work.hasten(self.writer)
        self.backlog += weight_of(answer)

    def _next_output(self) -> bytes:
        assert self._output is not None
        answer = self._output[0][1]
        if isinstance(answer, ReplayCursor) and (piece := answer.read(self.dialect)):
            return piece
        self._output.popleft()
        self.backlog -= weight_of(answer)
        if not self.is_stuffed:
            self.go_on()
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, Switch):
            self.dialect = self._with_its_eol(answer.dialect)
        self.finished = isinstance(answer, Last)
        return b""

    def _resolve(self, pending: Pending) -> bool:
        """Put an answer in the place that was kept for it; tell whether it has come."""
        pending.ask()
        if pending.outputs is None or self._output is None:
            return False
        at, _ = self._output.popleft()
        self.backlog -= weight_of(pending)
        for output in reversed(pending.outputs):
            if isinstance(output, ReplayCursor):
                self._readers.reads_from(output.seq)
            self._output.appendleft((at, output))
            self.backlog += weight_of(output)
        return True

    def _next_lines(self, space: int) -> bytes:
        log = self._readers.log
        copy = self._copy(log.at(self.cursor))
        if log.size > log.limit:
            self._readers.work.soon()  # a rendering just made may be too much
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
        rendering = self._readers.log.rendering(batch, self.dialect)
        return rendering.copy_for(self.member.session_id, self.member.echo)

    def _lines_read(self, batch: Batch | None) -> int:
        """Count the lines that were read of the batch at the cursor."""
        if not self._offset:
            return 0
        batch = batch or self._readers.log.at(self.cursor)
        copy = self._copy(batch)
        end = copy.find(b"\n", self._offset - 1) + 1
        return max(0, batch.count - copy.count(b"\n", end))

    def _keep_line(self, batch: Batch | None = None) -> None:
        """Keep the rest of a line that is partly written."""
        if self._offset:
            copy = self._copy(batch or self._readers.log.at(self.cursor))
            if copy[self._offset - 1 : self._offset] != b"\n":
                end = copy.find(b"\n", self._offset) + 1
                self._tail += copy[self._offset : end]

    def _keep_rest(self) -> None:
        """Keep the rest of a batch that is partly written: its bytes will change."""
        if self._offset:
            batch = self._readers.log.at(self.cursor)
            self._tail += self._copy(batch)[self._offset :]
            self._pass_batch()

    def _pass_batch(self) -> None:
        self._readers.stats.deliveries += self._readers.log.at(self.cursor).count
        self.cursor += 1
        self._offset = 0
