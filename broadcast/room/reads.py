"""Reads of the store: bounded, and in turn.

One host has one read at a time, and hosts have theirs in turn; four go on in all. A
member has one page at most, since its next read begins when that is written
(``output.Pending``). The pages that a host's members have not read yet are bounded by
bytes: the host's next read waits for them.
"""

import weakref
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

Read = Callable[[], Coroutine[Deferred[Any], Any, None]]

MOST: Final = 4
"""Reads that go on at once."""

MAX_UNREAD: Final = 4 << 20
"""Bytes of pages, not yet read by the members of a host, above which it gets none."""


class ReadQueue:
    """The reads that wait for their turn."""

    _logger = Logger(namespace="broadcast")

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Read]] = {}
        self._running: set[str] = set()
        self._unread: Counter[str] = Counter()

    def add(self, host: str, read: Read) -> None:
        """Begin a read in turn.

        Args:
            host: where its member is.
            read: does it.
        """
        self._waiting.setdefault(host, deque()).append(read)
        self._go_on()

    def charge(self, host: str, page: object, size: int) -> None:
        """Count the bytes of a page until nobody refers to it any more."""
        self._unread[host] += size
        weakref.finalize(page, self._read, host, size).atexit = False

    def _go_on(self) -> None:
        """Begin what may begin."""
        for host in tuple(self._waiting):
            if len(self._running) >= MOST:
                return
            if host not in self._running and self._unread[host] < MAX_UNREAD:
                self._begin(host)

    def _begin(self, host: str) -> None:
        waiting = self._waiting.pop(host)
        read = waiting.popleft()
        if waiting:
            self._waiting[host] = waiting
        self._running.add(host)
        done = Deferred.fromCoroutine(read())
        done.addErrback(
            lambda failure: self._logger.failure(
                "a read has failed", failure, event="fault"
            )
        )
        done.addCallback(lambda _: self._ended(host))

    def _ended(self, host: str) -> None:
        self._running.discard(host)
        if waiting := self._waiting.pop(host, None):
            self._waiting[host] = waiting  # behind the other hosts
        self._go_on()

    def _read(self, host: str, size: int) -> None:
        """Forget a page: it has been read, or its reader has gone."""
        self._unread[host] -= size
        if not self._unread[host]:
            del self._unread[host]
        self._go_on()
