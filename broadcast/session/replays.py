"""``/history`` and ``/since``: old lines, a page at a time.

A page in the log's ring is the answer at once. A page that has to be read keeps its
place in the member's output: all later output comes behind it.
"""

from collections.abc import Callable

from broadcast.protocol.dialects import Dialect
from broadcast.protocol.events import Replay, Replayed
from broadcast.room.output import MAX_BACKLOG, Output, Pending
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.session.oldlines import OldLines
from broadcast.store.archive import Question
from broadcast.store.log import Log, ReplayCursor
from broadcast.store.pages import MAX_LINES, Page

GoOn = Callable[[Page], str]
"""Returns the command that asks for the next page."""


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
    epoch = room.store.epoch

    def ask(lines: OldLines, pending: Pending) -> None:
        def found(log: Log, page: Page) -> None:
            dialect = subscription.dialect
            pending.outputs = _outputs(epoch, log, page, dialect, go_on(page))
            subscription.write_later(subscription)

        lines.read(question, found)

    def answer() -> None:
        lines = OldLines(room, subscription, room.settings.history)
        dialect = subscription.next_dialect
        page = lines.at_once(question, dialect)
        if page is None:
            subscription.send(Pending(lambda pending: ask(lines, pending)))
        else:
            for output in _outputs(epoch, room.log, page, dialect, go_on(page)):
                subscription.send(output)
        if not subscription.live:
            subscription.writer.wake()

    room.answer(subscription, answer, weight=MAX_BACKLOG + 1)


def _outputs(
    epoch: str, log: Log, page: Page, dialect: Dialect, command: str
) -> list[Output]:
    """Return a page as it is written.

    Args:
        epoch: the epoch of the log.
        log: the log in which the page is.
        page: the page.
        dialect: the dialect of the output.
        command: the command that asks for the next page.
    """
    count = page.stretch.count
    first = None if page.first is None else f"{epoch}:{page.first}"
    end = Replayed(count, f"{epoch}:{page.last}", first, page.more, command)
    outputs: list[Output] = [
        dialect.told(Replay(count, page.missing)),
        dialect.told(end),
    ]
    if count:
        outputs.insert(1, ReplayCursor(log, page.stretch))
    return [output for output in outputs if output != b""]
