"""``/history`` and ``/since``: old lines, a page at a time."""

from collections.abc import Callable

from broadcast.protocol.events import Replay, Replayed
from broadcast.room.output import MAX_BACKLOG
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.store.log import ReplayCursor
from broadcast.store.pages import MAX_LINES, Page, Pages

Find = Callable[[Pages], Page]
"""Finds the page that answers a question."""


def history(
    room: Room, subscription: Subscription, count: int, before: int | None
) -> None:
    """Answer with old lines: the last ones, or the last before a line's id."""

    def find(pages: Pages) -> Page:
        return pages.newest(count) if before is None else pages.before(before, count)

    def go_on(page: Page) -> str:
        return f"/history {min(count, MAX_LINES)} {room.store.epoch}:{page.first}"

    _replay(room, subscription, find, go_on)


def since(room: Room, subscription: Subscription, epoch: str, id: int) -> None:
    """Answer with the lines after a position; which may be nobody's."""

    def find(pages: Pages) -> Page:
        return pages.after(id) if epoch == room.store.epoch else pages.all()

    def go_on(page: Page) -> str:
        return f"/since {room.store.epoch}:{page.last}"

    _replay(room, subscription, find, go_on)


def _replay(
    room: Room, subscription: Subscription, find: Find, go_on: Callable[[Page], str]
) -> None:
    def answer() -> None:
        dialect = subscription.next_dialect
        page = find(Pages(room.log, room.settings.history, dialect))
        count, epoch = page.stretch.count, room.store.epoch
        subscription.tell(Replay(count, page.missing))
        if count:
            subscription.replay(ReplayCursor(room.log, page.stretch))
        first = None if page.first is None else f"{epoch}:{page.first}"
        position, command = f"{epoch}:{page.last}", go_on(page)
        subscription.tell(Replayed(count, position, first, page.more, command))
        if not subscription.live:
            subscription.writer.wake()

    room.answer(subscription, answer, weight=MAX_BACKLOG + 1)
