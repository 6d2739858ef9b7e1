"""Old lines for a subscription: from the log's ring at once, or read in turn."""

from collections.abc import Callable
from dataclasses import replace

from twisted.logger import Logger

from broadcast.base.hosts import host_of
from broadcast.protocol.dialects import Dialect
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.store.archive import Archive, Question
from broadcast.store.base import Page as Kept
from broadcast.store.base import StoreError
from broadcast.store.log import Log
from broadcast.store.pages import Page

_NOTHING = Kept((), 0, 0, more=False)

Found = Callable[[Log, Page], None]
"""Takes a page, and the log that has its lines."""


class OldLines:
    """The past lines that a subscription may ask for.

    Args:
        room: the room of the lines.
        subscription: the subscription that asks.
        depth: number of past lines that it may ask for; None: any number.
    """

    __slots__ = ("_depth", "_room", "_subscription")

    _logger = Logger(namespace="broadcast")

    def __init__(
        self, room: Room, subscription: Subscription, depth: int | None
    ) -> None:
        self._room = room
        self._subscription = subscription
        self._depth = depth

    def at_once(self, question: Question, dialect: Dialect) -> Page | None:
        """Return a page of the room's log; None if it has to be read, or waited for."""
        if self._is_ahead(question):
            return None
        archive = self._archive()
        return None if archive.lacks(question) else archive.in_ring(question, dialect)

    def read(self, question: Question, found: Found) -> None:
        """Read a page in turn, and hand it out; to nobody if nobody is left."""
        if self._is_ahead(question):
            self._wait(question, found)
            return
        host = host_of(self._subscription.member.address)
        self._room.reads.add(host, lambda: self._read(host, question, found))

    def _is_ahead(self, question: Question) -> bool:
        """Tell whether others may have said what is not here yet."""
        room = self._room
        is_beyond = question.id is not None and question.id > room.log.last_id
        return is_beyond and room.store.patience > 0

    def _wait(self, question: Question, found: Found) -> None:
        room, subscription = self._room, self._subscription

        def answer() -> None:
            if not subscription.is_gone:
                page = self._archive().in_ring(question, subscription.dialect)
                found(room.log, page)

        room.ahead.wait(question.id or 0, room.store.patience, answer)

    async def _read(self, host: str, question: Question, found: Found) -> None:
        room, subscription = self._room, self._subscription
        if subscription.is_gone:
            return
        archive = self._archive()
        try:
            kept = await archive.read(question)
        except StoreError as error:
            self._logger.error(
                "old lines can't be had: {reason}",
                event="store-not-read",
                reason=str(error),
            )
            kept = _NOTHING
        log, page = archive.page(question, kept, subscription.dialect)
        if kept is _NOTHING and room.store.is_shared:
            page = replace(
                page, missing=None
            )  # others have it: everybody is sent there
        if log is not room.log:
            room.reads.charge(host, log, log.size)
        found(log, page)

    def _archive(self) -> Archive:
        return Archive(self._room.store, self._room.log, self._depth)
