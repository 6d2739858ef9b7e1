"""The fan-out: a batch is sent to all live subscriptions; the others have cursors.

The loop that sends never blocks. A reader that can't take all of a batch gets a cursor
(``subscription`` reads on from it). A reader whose cursor is older than the log's
retention is closed.

Thousands of readers take long. After some milliseconds the rest is left for a job, so
that input is read and answered meanwhile. The room commits no further batch before the
last one has been sent to all.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from broadcast.base.work import Work
from broadcast.room.ahead import Ahead
from broadcast.room.readers import Audience, Readers
from broadcast.room.stats import Stats
from broadcast.room.subscription import Subscription
from broadcast.store.entries import Batch
from broadcast.store.log import Log

MUCH: Final = 4 << 20
"""Bytes to all together that may take long to send."""

MANY: Final = 500
"""Readers that may take long to send to, however little it is."""

LOOK_AFTER: Final = 32
"""Sends between two looks at the clock, where there is much."""

LONGEST: Final = 0.01
"""Seconds of a fan-out after which the rest is left to the job."""

PIECE: Final = 0.001
"""Seconds of a step of that job: the others of a turn are shorter."""

BROKEN: Final = -1
"""The bytes that a lost connection has taken. Its error is not told to reads, too."""

Sends = dict[int, Callable[[bytes], int]]
"""Session id → how to send."""


class Overtaken(NamedTuple):
    """A reader that the log has moved past, and the number of lines it missed."""

    subscription: Subscription
    missed: int


class Fanout:
    """Sends a room's batches.

    Args:
        log: the log that batches are appended to.
        stats: counts the output.
        work: the queue of jobs.

    Attributes:
        log: the log.
        ahead: questions about lines that are not in it yet.
        subscriptions: those of all members, by session id; kept by the room.
        readers: the registry of the log's readers.
    """

    def __init__(self, log: Log, stats: Stats, work: Work) -> None:
        self.log = log
        self.ahead = Ahead(log, work.clock)
        self.subscriptions: dict[int, Subscription] = {}
        self.readers = Readers[Subscription](log, stats, work)
        self._stats = stats

    def send(self, batch: Batch) -> None:
        """Append ``batch`` to the log and send it to all live subscriptions.

        Some may be left to ``send_rest``: ``readers.left``.
        """
        self.log.append(batch)
        short: list[tuple[Subscription, int]] = []
        for audience in self.readers.audiences.values():
            if audience.sends:
                self._send_to(audience, batch, short)
        for subscription, taken in short:
            subscription.stop_at(batch, taken)
        if self.ahead.waiting:
            self.ahead.look()

    def trim(self) -> Iterator[Overtaken]:
        """Trim the log to its limit; yield the readers that have lost their place."""
        dropped = self.log.trim()
        readers = self.readers
        if not dropped or readers.oldest >= self.log.start:
            return
        for subscription in tuple(readers.behind.values()):
            if subscription.oldest < self.log.start and not subscription.finished:
                missed = self._unread(subscription, dropped)
                at = subscription.cursor - dropped[0].seq
                batch = dropped[at] if 0 <= at < len(dropped) else None
                missed -= subscription.lose_place(batch)
                yield Overtaken(subscription, missed)
        cursors = (subscription.oldest for subscription in readers.behind.values())
        readers.oldest = min(cursors, default=self.log.end)

    @property
    def behind(self) -> Collection[Subscription]:
        """The subscriptions that read from a cursor of their own."""
        return self.readers.behind.values()

    def lag(self, subscription: Subscription) -> int:
        """Return the number of lines that ``subscription`` has still to read."""
        if subscription.live:
            return 0
        return self.log.total - self._before(subscription.cursor, [])

    def _send_to(
        self, audience: Audience, batch: Batch, short: list[tuple[Subscription, int]]
    ) -> None:
        rendering, data = self.log.shared(batch, audience.dialect, audience.framing)
        size = len(data)
        if not size:
            return
        sends = audience.sends.copy()  # a write may call back and change it
        stats = self._stats
        stats.deliveries += batch.count * len(sends)
        for session_id in (*rendering.own, *rendering.private):
            if sends.pop(session_id, None) is not None:
                speaker = self.subscriptions[session_id]
                if rendering.is_single and not speaker.member.echo:
                    continue  # the whole batch is its own
                if copy := rendering.copy_for(session_id, speaker.member.echo):
                    speaker.put(copy)
        stats.bytes_out += size * len(sends)
        if len(sends) < MANY and size * len(sends) < MUCH:
            lagging = _send_all(sends.items(), data)
        else:
            lagging = self._send_in_time(sends, data, batch)
        for session_id, taken in lagging:
            behind = self.subscriptions.get(session_id)
            if behind is not None and behind.live:
                if taken == BROKEN:
                    behind.writer.is_broken = True
                taken = max(0, taken)
                stats.deliveries -= batch.count
                stats.bytes_out -= size - taken
                short.append((behind, taken))

    def _send_in_time(
        self, sends: Sends, data: bytes, batch: Batch
    ) -> list[tuple[int, int]]:
        """Send to as many as there is time for, and leave the others for later."""
        seconds = self.readers.work.clock.seconds
        waiting = iter(sends.items())
        lagging: list[tuple[int, int]] = []
        end = seconds() + LONGEST
        while some := tuple(islice(waiting, LOOK_AFTER)):
            lagging += _send_all(some, data)
            if seconds() > end:
                left = self.readers.left
                left.update((session_id, (data, batch)) for session_id, _ in waiting)
        return lagging

    def send_rest(self, until: float) -> bool:
        """Send on for a piece of time; tell whether there are more to send to."""
        left = self.readers.left
        seconds = self.readers.work.clock.seconds
        until = max(until, seconds() + PIECE)
        while left:
            session_id = next(reversed(left))
            subscription = self.subscriptions.get(session_id)
            if subscription is None:
                del left[session_id]  # it has left, and been sent all before
            else:
                subscription.settle()
            if seconds() >= until:
                break
        return bool(left)

    def _unread(self, subscription: Subscription, dropped: list[Batch]) -> int:
        """Count the lines from the cursor, or a first replay, to the end of reading."""
        stop = self._before(subscription.reads_to, dropped)
        begin = subscription.cursor if subscription.has_started else subscription.oldest
        return stop - self._before(begin, dropped)

    def _before(self, seq: int, dropped: list[Batch]) -> int:
        """Count the lines before the batch at ``seq``, which may be a dropped one."""
        if seq >= self.log.end:
            return self.log.total
        if seq < self.log.start:
            return dropped[seq - dropped[0].seq].before
        return self.log.at(seq).before


def _send_all(
    sends: Iterable[tuple[int, Callable[[bytes], int]]], data: bytes
) -> list[tuple[int, int]]:
    """Send ``data``; return who has not taken all of it, and how much it has.

    A lost connection has taken ``BROKEN``.
    """
    lagging = []
    size = len(data)
    for session_id, send in sends:
        try:
            taken = send(data)
        except BlockingIOError:
            taken = 0
        except OSError:
            taken = BROKEN
        if taken != size:
            lagging.append((session_id, taken))
    return lagging
