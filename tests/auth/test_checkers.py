"""Hashing happens in few threads, with a short queue before them; and what checks."""

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broadcast.auth.checkers import (
    MAX_WAITING,
    AuthError,
    BusyError,
    Pool,
    checker_for,
)


class Reactor:
    """The callbacks of threads, kept until they are run here."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def run(self, count: int) -> None:
        """Run the next so many calls, waiting for them."""
        for _ in range(count):
            self.calls.get(timeout=20)()


def test_the_queue_is_bounded() -> None:
    """One check more than there is room for is refused; then there is room again."""
    reactor, gate = Reactor(), threading.Event()
    pool = Pool(reactor.calls.put)
    results: list[bool] = []
    for _ in range(MAX_WAITING):
        pool.run(lambda: gate.wait(20)).addCallback(results.append)
    with pytest.raises(BusyError):
        pool.run(lambda: True)
    gate.set()
    reactor.run(MAX_WAITING)
    assert results == [True] * MAX_WAITING
    pool.run(lambda: True).addCallback(results.append)
    reactor.run(1)
    assert len(results) == MAX_WAITING + 1
    assert pool.waiting == 0
    pool.stop()


def test_an_error_comes_back() -> None:
    """An exception of a check is its result; checks that wait at the end fail."""
    reactor, gate, begun = Reactor(), threading.Event(), threading.Event()
    pool = Pool(reactor.calls.put, threads=1)
    errors: list[type] = []

    def note(failure: Any) -> None:
        errors.append(failure.type)

    pool.run(lambda: 1 / 0).addErrback(note)
    reactor.run(1)

    def work() -> None:
        begun.set()
        gate.wait(20)

    pool.run(work).addErrback(note)
    assert begun.wait(20)
    pool.run(lambda: True).addErrback(note)
    pool.stop()
    gate.set()
    reactor.run(2)
    assert errors == [ZeroDivisionError, BusyError]


def test_a_file_of_passwords_is_there_from_the_start(tmp_path: Path) -> None:
    """Twisted's checker would go on without it, and wait for a pipe at each login."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_text("alice:secret\n")
    for path in (pipe, tmp_path, tmp_path / "none"):
        with pytest.raises(AuthError, match="there is no such file; name a regular"):
            checker_for(f"file:{path}")
    checker_for(f"file:{file}")
