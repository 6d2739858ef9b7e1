"""A store that lasts, without a reactor: threads are waited for, and a room records."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from broadcast.protocol.dialects import Speaker
from broadcast.store.entries import Batch, Entry, Run, decides
from broadcast.store.journal import Retry
from broadcast.store.sqlite import SqliteStore

T = TypeVar("T")

DEADLINE = 20.0

SOON = Retry(0.01, 0.05)


class Loop:
    """A reactor that does nothing but what threads ask of it."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, callable: Callable[..., object], *args: Any) -> None:
        """Have something called by whoever waits."""
        self._calls.put(lambda: callable(*args))

    def poll(self) -> None:
        """Do what has been asked so far."""
        with suppress(Empty):
            while True:
                self._calls.get_nowait()()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Do what is asked until something is so."""
        end = time.monotonic() + DEADLINE
        while not is_so():
            try:
                self._calls.get(timeout=max(0.0, end - time.monotonic()))()
            except Empty:
                raise AssertionError("nothing more has come") from None

    def result(self, deferred: Deferred[T]) -> T:
        """Return what comes of ``deferred``, or raise it."""
        found: list[T | Failure] = []
        deferred.addBoth(found.append)
        self.wait_until(lambda: bool(found))
        if isinstance(found[0], Failure):
            found[0].raiseException()
        return found[0]


@dataclass
class Listener:
    """A room that records what it is told.

    Attributes:
        batches: what was handed in, and what was committed.
        told: how the writing went: ``stalled WHY``, ``flowing``, ``cut off WHY``.
    """

    batches: list[Batch] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def heard(self, batch: Batch) -> None:
        """Record what was handed in."""
        self.batches.append(batch)

    def stalled(self, why: str) -> None:
        """Record that it can't be written."""
        self.told.append(f"stalled {why}")

    def flowing(self) -> None:
        """Record that it can be written again."""
        self.told.append("flowing")

    def cut_off(self, why: str) -> None:
        """Record that it never will."""
        self.told.append(f"cut off {why}")

    def sending(self) -> Deferred[None] | None:
        """Have all sent."""
        return None

    def away(self, why: str) -> None:
        """Record that it can't be written just now."""
        self.told.append(f"away {why}")

    def back(self, epoch: str) -> None:
        """Record that it can."""
        self.told.append(f"back {epoch}")

    def renewed(self, last_id: int) -> None:
        """Record that the log begins anew."""
        self.told.append(f"renewed {last_id}")


class Kept:
    """A store that lasts, and its room.

    Args:
        path: where the file is.
        more: what the store is made with besides.
    """

    def __init__(self, path: Path | str, **more: Any) -> None:
        self.loop = Loop()
        self.room = Listener()
        self._has_stopped = False
        more = {"retry": SOON, **more}
        self.store = SqliteStore(str(path), self.loop, **more)

    def start(self) -> "Kept":
        """Open the file."""
        self.loop.result(self.store.start(self.room))
        return self

    def stop(self) -> None:
        """Close the file, if that was not done."""
        if not self._has_stopped:
            self._has_stopped = True
            self.loop.result(self.store.stop())

    def begin(self, *entries: Entry) -> list[Batch]:
        """Begin a commit; return the list to which its batch will be added."""
        done: list[Batch] = []
        decided = [entry for entry in entries if decides(entry)]
        self.store.commit(list(entries), done.append, decided)
        return done

    def commit(self, *entries: Entry) -> Batch:
        """Commit, and wait until it is on the disk."""
        done = self.begin(*entries)
        self.loop.wait_until(lambda: bool(done))
        self.room.batches += done
        return done[0]

    def say(self, *texts: str, name: str = "al", token: str = "", key: str = "") -> Run:
        """Say lines, and wait until they are on the disk."""
        run = run_of(*texts, name=name)
        if token:
            run.token = token
        if key:
            run.owner = self.store.owner(name, key)
        self.commit(run)
        return run

    @property
    def lines(self) -> list[tuple[int, str]]:
        """Each line that the room has, with its id."""
        return [line for batch in self.room.batches for line in lines_of(batch)]


def run_of(*texts: str, name: str = "al") -> Run:
    """Return a run of lines."""
    speaker = Speaker(name)
    text, count = speaker.text("".join(f"{text}\n" for text in texts).encode())
    return Run(7, speaker, text, count)


def lines_of(batch: Batch) -> list[tuple[int, str]]:
    """Return the lines of a batch, each with its id."""
    return [
        (id, line)
        for run in batch.entries
        if isinstance(run, Run)
        for id, line in enumerate(run.text.decode().split("\n")[:-1], run.first)
    ]


def store_command(*arguments: str) -> str:
    """Run ``bcast-store``, which must succeed; return what it prints."""
    code = "import sys; from broadcast.store.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        timeout=DEADLINE,
        check=True,
        text=True,
    )
    return done.stdout


Fault = Callable[[str], Exception | None]
"""Returns what a statement of SQL raises, or None."""


def no_fault(sql: str) -> None:
    """Raise nothing."""


def failing(before: Fault = no_fault, after: Fault = no_fault) -> Callable[..., Any]:
    """Return a ``sqlite3.connect`` whose statements fail.

    Args:
        before: what is raised in place of the statement.
        after: what is raised when the statement was done.
    """

    class Failing(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if (error := before(sql)) is not None:
                raise error
            cursor = super().execute(sql, *values)
            if (error := after(sql)) is not None:
                raise error
            return cursor

    def connect(*args: Any, **more: Any) -> sqlite3.Connection:
        return sqlite3.connect(*args, factory=Failing, **more)

    return connect
