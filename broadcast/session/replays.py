"""``/history`` and ``/since``: old lines, a page at a time.

A page in the log's ring is the answer at once. One that has to be read is a place in
the member's output that is kept for it: all that is told later comes behind it.
"""

from collections.abc import Callable

from twisted.logger import Logger

from broadcast.base.hosts import host_of
from broadcast.protocol.dialects import Dialect
from broadcast.protocol.events import Replay, Replayed
from broadcast.room.output import MAX_BACKLOG, Output, Pending
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.store.archive import Archive, Question
from broadcast.store.base import Page as Kept
from broadcast.store.base import StoreError
from broadcast.store.log import Log, ReplayCursor
from broadcast.store.pages import MAX_LINES, Page

NOTHING = Kept((), 0, 0, more=False)

GoOn = Callable[[Page], str]
"""Returns the command that asks for the next page."""

_logger = Logger(namespace="broadcast")


def history(
    room: Room, subscription: Subscription, count: int, before: int | None
) -> None:
    """Answer with old lines: the last ones, or the last before a line's id."""

    def go_on(page: Page) -> str:
        return f"/history {min(count, MAX_LINES)} {room.store.epoch}:{page.first}"

    _replay(room, subscription, Question(before, count), go_on)


def since(room: Room, subscription: Subscription, epoch: str, id: int) -> None:
    """Answer with the lines after a position; which may be nobody's."""

    def go_on(page: Page) -> str:
        return f"/since {room.store.epoch}:{page.last}"

    known = id if epoch == room.store.epoch else None
    _replay(room, subscription, Question(known, None), go_on)


def _replay(
    room: Room, subscription: Subscription, question: Question, go_on: GoOn
) -> None:
    def answer() -> None:
        archive = Archive(room.store, room.log, room.settings.history)
        if archive.lacks(question):
            read = _Read(room, subscription, question, go_on)
            subscription.send(Pending(read.ask))
        else:
            dialect = subscription.next_dialect
            page = archive.in_ring(question, dialect)
            for output in _outputs(room, room.log, page, dialect, go_on):
                subscription.send(output)
        if not subscription.live:
            subscription.writer.wake()

    room.answer(subscription, answer, weight=MAX_BACKLOG + 1)


class _Read:
    """A page that is read from the store when its place in the output has come."""

    def __init__(
        self, room: Room, subscription: Subscription, question: Question, go_on: GoOn
    ) -> None:
        self._room = room
        self._subscription = subscription
        self._question = question
        self._go_on = go_on
        self._host = host_of(subscription.member.address)

    def ask(self, pending: Pending) -> None:
        """Have it read, in turn."""
        self._room.reads.add(self._host, lambda: self._do(pending))

    async def _do(self, pending: Pending) -> None:
        """Read, unless nobody is left who would read it."""
        room, subscription = self._room, self._subscription
        if subscription.is_gone:
            return
        archive = Archive(room.store, room.log, room.settings.history)
        kept = await read(archive, self._question)
        dialect = subscription.dialect
        log, page = archive.page(self._question, kept, dialect)
        if log is not room.log:
            room.reads.charge(self._host, log, log.size)
        pending.outputs = _outputs(room, log, page, dialect, self._go_on)
        subscription.work.add(subscription, is_fresh=True)


async def read(archive: Archive, question: Question) -> Kept:
    """Return what the store has; nothing if it can't be read."""
    try:
        return await archive.read(question)
    except StoreError as error:
        _logger.error(
            "old lines can't be had: {reason}",
            event="store-not-read",
            reason=str(error),
        )
        return NOTHING


def _outputs(
    room: Room, log: Log, page: Page, dialect: Dialect, go_on: GoOn
) -> list[Output]:
    """Return a page as it is written."""
    count, epoch = page.stretch.count, room.store.epoch
    first = None if page.first is None else f"{epoch}:{page.first}"
    position = f"{epoch}:{page.last}"
    end = Replayed(count, position, first, page.more, go_on(page))
    outputs: list[Output] = [
        dialect.told(Replay(count, page.missing)),
        dialect.told(end),
    ]
    if count:
        outputs.insert(1, ReplayCursor(log, page.stretch))
    return [output for output in outputs if output != b""]
