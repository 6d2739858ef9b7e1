"""The way out: a batch sent to all who are live, and the cursors of the rest.

The loop that sends never waits. Who can't take all of a batch keeps a cursor
(``member`` reads on from it); who is behind what is left of the log is given
up on.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from broadcast.protocol.dialects import Dialect
from broadcast.room.member import Member
from broadcast.room.stats import Stats
from broadcast.room.subscription import CHUNK, CLOSED_WRITER, Standing
from broadcast.store.entries import Batch, Framing
from broadcast.store.log import Log

STEPS = 4
"""Chunks that a member who is behind may be given in one turn of the reactor, besides
twice what a turn of late has added: else who reads fast enough would never catch up."""


class Audience(NamedTuple):
    """Live members who are sent the same bytes: session id → how to send."""

    dialect: Dialect
    framing: Framing | None
    sends: dict[int, Callable[[bytes], int]]


class Overtaken(NamedTuple):
    """A member that the log has moved past, and how many lines it missed."""

    member: Member
    missed: int


class Fanout:
    """Who reads the log, and from where.

    Attributes:
        members: all who are here, by session id; kept by the room.
        steps: chunks that one who is behind may be given in one turn.

    Args:
        log: what is read.
        soon: asks for a turn soon, so that the log is trimmed.
        stats: counts what is sent.
    """

    def __init__(self, log: Log, soon: Callable[[], None], stats: Stats) -> None:
        self.log = log
        self.stats = stats
        self.soon = soon
        self.steps = STEPS
        self.members: dict[int, Member] = {}
        self._audiences: dict[tuple[Dialect, Framing | None], Audience] = {}
        self._behind: dict[int, Member] = {}
        self._oldest = 0  # no cursor of anybody behind is older than this

    def start(self, member: Member) -> None:
        """Let ``member`` read the log from its end on."""
        member.standing = Standing.HERE
        if member.has_queued:
            self.fell_behind(member)
        else:
            self._listen(member)

    def stop(self, member: Member) -> None:
        """Forget ``member``: its connection is gone."""
        if member.live:
            self._unlisten(member)
        self._behind.pop(member.session_id, None)
        member.standing = Standing.GONE
        member.writer = CLOSED_WRITER

    def caught_up(self, member: Member) -> None:
        """Send to ``member`` directly from now on."""
        self._behind.pop(member.session_id, None)
        if member.standing is Standing.HERE:
            self._listen(member)

    def fell_behind(self, member: Member) -> None:
        """Let ``member`` read from its own cursor, which is at the end now."""
        if member.live:
            self._unlisten(member)
        member.cursor = self.log.end
        self._behind[member.session_id] = member
        self.reads_from(member.cursor)

    def reads_from(self, seq: int) -> None:
        """Note that somebody behind reads the log from ``seq`` on."""
        self._oldest = min(self._oldest, seq)

    def send(self, batch: Batch) -> None:
        """Append ``batch`` to the log and send it to all who are live."""
        self.log.append(batch)
        short: list[tuple[Member, int]] = []
        for audience in self._audiences.values():
            if audience.sends:
                self._send_to(audience, batch, short)
        for member, taken in short:
            member.stop_at(batch, taken)

    def trim(self) -> Iterator[Overtaken]:
        """Trim the log, which is too long; yield who has lost its place in it."""
        dropped = self.log.trim()
        if not dropped or self._oldest >= self.log.start:
            return
        for member in tuple(self._behind.values()):
            if member.oldest < self.log.start and not member.finished:
                missed = self._unread(member, dropped)
                member.lose_place()
                yield Overtaken(member, missed)
        oldest = (member.oldest for member in self._behind.values())
        self._oldest = min(oldest, default=self.log.end)

    @property
    def behind(self) -> Collection[Member]:
        """Who reads from a cursor of its own."""
        return self._behind.values()

    def lag(self, member: Member) -> int:
        """Return how many lines ``member`` has still to read."""
        return 0 if member.live else self.log.total - self._before(member.cursor, [])

    def _send_to(
        self, audience: Audience, batch: Batch, short: list[tuple[Member, int]]
    ) -> None:
        rendering = self.log.rendering(batch, audience.dialect)
        data = self.log.framed(batch, rendering, audience.framing)
        size = len(data)
        if not size:
            return
        self.steps = STEPS + 2 * size // CHUNK
        sends = audience.sends.copy()  # a write may call back and change it
        self.stats.deliveries += batch.count * len(sends)
        for session_id in (*rendering.own, *rendering.private):
            if sends.pop(session_id, None) is not None:
                member = self.members[session_id]
                if copy := rendering.copy_for(session_id, member.echo):
                    member.put(copy)
        self.stats.bytes_out += size * len(sends)
        for session_id, send in sends.items():
            try:
                taken = send(data)
            except OSError:
                taken = 0
            if taken != size:
                lagging = self.members.get(session_id)
                if lagging is not None and lagging.live:
                    self.stats.deliveries -= batch.count
                    self.stats.bytes_out -= size - taken
                    short.append((lagging, taken))

    def _unread(self, member: Member, dropped: list[Batch]) -> int:
        """Count the lines from the member's cursor to where it stops reading."""
        stop = self._before(member.reads_to, dropped)
        return stop - self._before(member.cursor, dropped)

    def _before(self, seq: int, dropped: list[Batch]) -> int:
        """Count the lines before the batch at ``seq``, which may be a dropped one."""
        if seq >= self.log.end:
            return self.log.total
        if seq < self.log.start:
            return dropped[seq - dropped[0].seq].before
        return self.log.at(seq).before

    def _listen(self, member: Member) -> None:
        key = (member.dialect, member.writer.framing)
        audience = self._audiences.get(key)
        if audience is None:
            audience = self._audiences[key] = Audience(*key, {})
        audience.sends[member.session_id] = member.writer.send_shared
        member.live = True

    def _unlisten(self, member: Member) -> None:
        key = (member.dialect, member.writer.framing)
        del self._audiences[key].sends[member.session_id]
        member.live = False
