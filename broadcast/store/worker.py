"""A thread that does one thing after another, and tells of each in the reactor's."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


class IReactorFromThreads(Protocol):
    """Twisted's interface of that name, as a type that can be checked."""

    def callFromThread(self, callable: Callable[..., object], *args: Any) -> object:
        """Call ``callable`` in the reactor's thread. May be called in any."""


class Worker:
    """A thread of its own, begun when there is something to do.

    It is not one of the reactor's pool, where passwords are checked and jobs wait for
    others. It doesn't keep the process alive: a caller that needs its results waits.

    Args:
        reactor: the reactor, in whose thread results are given.
        name: the name of the thread.
    """

    def __init__(self, reactor: IReactorFromThreads, name: str) -> None:
        self._reactor = reactor
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._is_running = False

    def do(
        self, function: Callable[[], T], then: Callable[[], object] | None = None
    ) -> Deferred[T]:
        """Have ``function`` called after all earlier ones.

        Args:
            function: the function.
            then: called in the thread when the reactor has been told. It may not raise.

        Returns:
            The result or the error of ``function``, in the reactor's thread.
        """
        if not self._is_running:
            self._is_running = True
            self._thread.start()
        done: Deferred[T] = Deferred()
        self._jobs.put(lambda: self._do(function, done))
        if then is not None:
            self._jobs.put(then)
        return done

    def end(self, function: Callable[[], T]) -> Deferred[T]:
        """Have ``function`` called as the last thing, and let the thread end."""
        done = self.do(function)
        self._jobs.put(None)
        return done

    def tell(self, function: Callable[..., object], *args: object) -> None:
        """Have ``function`` called in the reactor's thread: from within a job."""
        self._reactor.callFromThread(function, *args)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _do(self, function: Callable[[], T], done: Deferred[T]) -> None:
        try:
            found = function()
        except BaseException:
            self.tell(done.errback, Failure())
        else:
            self.tell(done.callback, found)
