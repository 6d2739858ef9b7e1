"""A few threads for slow checks, and a short queue before them.

The reactor's own pool resolves names too; a storm of logins must not hold that
up, nor pile up without end.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from twisted.cred.error import LoginFailed
from twisted.internet.defer import Deferred

THREADS = 2
"""Checks made at once: 16 MiB each."""

MAX_WAITING = 64
"""Checks under way or waiting; one more is refused."""

T = TypeVar("T")


class BusyError(LoginFailed):
    """Too many logins are being checked: try again."""


class Pool:
    """Runs functions in threads of its own.

    Args:
        from_thread: calls a function in the reactor's thread
            (``reactor.callFromThread``).
    """

    def __init__(
        self,
        from_thread: Callable[[Callable[[], None]], object],
        threads: int = THREADS,
    ) -> None:
        self._from_thread = from_thread
        self._executor = ThreadPoolExecutor(threads, "broadcast-login")
        self.waiting = 0

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        """Return what ``work()`` returns, in time.

        Raises:
            BusyError: the queue is full.
        """
        if self.waiting >= MAX_WAITING:
            raise BusyError("too many logins at once")
        self.waiting += 1
        done: Deferred[T] = Deferred()
        future = self._executor.submit(work)
        future.add_done_callback(
            lambda future: self._from_thread(lambda: self._finish(future, done))
        )
        return done

    def stop(self) -> None:
        """Take no more; what waits is forgotten."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _finish(self, future: "Future[Any]", done: "Deferred[Any]") -> None:
        self.waiting -= 1
        if future.cancelled():
            done.errback(BusyError("shutting down"))
        elif (error := future.exception()) is not None:
            done.errback(error)
        else:
            done.callback(future.result())
