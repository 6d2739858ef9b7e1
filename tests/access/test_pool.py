"""Hashing happens in few threads, with a short queue before them."""

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
from twisted.cred.credentials import IUsernamePassword
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from broadcast.auth.authenticator import Authenticator, Refusal
from broadcast.auth.checkers import MAX_WAITING, BusyError, Pool
from hostile.rooms import Failures


class Reactor:
    """What a thread calls back is kept until it is run here."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def run(self, count: int) -> None:
        """Run the next so many calls, waiting for them."""
        for _ in range(count):
            self.calls.get(timeout=20)()


def test_the_queue_is_bounded() -> None:
    """One check more than there is room for is refused; then there is room again."""
    reactor, authenticator = Reactor(), threading.Event()
    pool = Pool(reactor.calls.put)
    results: list[bool] = []
    for _ in range(MAX_WAITING):
        pool.run(lambda: authenticator.wait(20)).addCallback(results.append)
    with pytest.raises(BusyError):
        pool.run(lambda: True)
    authenticator.set()
    reactor.run(MAX_WAITING)
    assert results == [True] * MAX_WAITING
    pool.run(lambda: True).addCallback(results.append)
    reactor.run(1)
    assert len(results) == MAX_WAITING + 1
    assert pool.waiting == 0
    pool.stop()


def test_an_error_comes_back() -> None:
    """What a check raises is its result; what waits at the end is told so."""
    reactor, authenticator, begun = Reactor(), threading.Event(), threading.Event()
    pool = Pool(reactor.calls.put, threads=1)
    errors: list[type] = []

    def note(failure: Any) -> None:
        errors.append(failure.type)

    pool.run(lambda: 1 / 0).addErrback(note)
    reactor.run(1)

    def work() -> None:
        begun.set()
        authenticator.wait(20)

    pool.run(work).addErrback(note)
    assert begun.wait(20)
    pool.run(lambda: True).addErrback(note)
    pool.stop()
    authenticator.set()
    reactor.run(2)
    assert errors == [ZeroDivisionError, BusyError]


class Checker:
    """Takes every name and password, and raises."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, error: Exception) -> None:
        self.error = error

    def requestAvatarId(self, credentials: object) -> bytes:
        raise self.error


def _try(error: Exception) -> tuple[Authenticator, object]:
    clock = Clock()
    authenticator = Authenticator([Checker(error)], clock.seconds, clock.callLater)
    results: list[object] = []
    coroutine = authenticator.admit(["alice", "password"], "192.0.2.1:1")
    Deferred.fromCoroutine(coroutine).addCallback(results.append)
    return authenticator, results[0]


def test_a_busy_daemon_counts_no_try() -> None:
    """Who could not be checked may try again, and loses nothing."""
    authenticator, result = _try(BusyError())
    assert isinstance(result, Refusal)
    assert result.code == "login-throttled"
    assert len(authenticator.throttle) == 0


def test_a_broken_checker_opens_nothing() -> None:
    """If a checker fails, that is logged, and nobody gets in."""
    with Failures() as failures:
        _, result = _try(ValueError("broken"))
    assert isinstance(result, Refusal)
    assert result.code == "login-failed"
    assert len(failures.found) == 1
