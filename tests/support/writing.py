"""A process that commits as fast as it can, and tells of each commit: to be killed.

``python -m tests.support.writing PATH`` writes on stdout ``ready EPOCH LAST-ID`` once
it is open, ``said FIRST COUNT NUMBER`` for each commit that was acknowledged, and what
its room is told otherwise. It ends when stdin does.
"""

import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet import selectreactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO

from broadcast.store.entries import Batch
from broadcast.store.journal import Retry
from broadcast.store.sqlite import SqliteStore
from tests.support.stores import run_of

ROOT = Path(__file__).resolve().parents[2]

DEADLINE = 30.0


def texts_of(number: int) -> list[str]:
    """Return the lines of a commit: one to five, of up to 2 KiB."""
    size = number * 37 % 2048
    return [f"{number}/{n} {'x' * size}" for n in range(1 + number % 5)]


class Writing:
    """A room that commits again as soon as it may.

    Args:
        store: what it writes to.
        number: of the first commit.
    """

    def __init__(self, store: SqliteStore, number: int) -> None:
        self._store = store
        self._number = number

    def heard(self, batch: Batch) -> None:
        """Do nothing with what was there before."""

    def stalled(self, why: str) -> None:
        """Tell that it can't be written."""
        tell("stalled", why)

    def flowing(self) -> None:
        """Tell that it can be written again."""
        tell("flowing")

    def cut_off(self, why: str) -> None:
        """Tell that it never will."""
        tell("cut off", why)

    def sending(self) -> Deferred[None] | None:
        """Have all sent."""
        return None

    def away(self, why: str) -> None:
        """Record that it can't be written just now."""
        tell(f"away {why}")

    def back(self, epoch: str) -> None:
        """Record that it can."""
        tell(f"back {epoch}")

    def renewed(self, last_id: int) -> None:
        """Record that the log begins anew."""
        tell(f"renewed {last_id}")

    def say(self) -> None:
        """Commit once, and again after that."""
        run = run_of(*texts_of(self._number))
        run.token, run.owner = f"t{self._number}", "0" * 32
        self._store.commit([run], self._said, [run])

    def _said(self, batch: Batch) -> None:
        tell("said", batch.first, batch.count, self._number)
        self._number += 1
        self.say()


def tell(*words: object) -> None:
    """Write a line on stdout, at once."""
    print(*words, flush=True)


class _Stdin(Protocol):
    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def connectionLost(self, reason: Any = None) -> None:
        self._reactor.stop()


class Process:
    """Such a process, and what it has told.

    Args:
        path: where the file is.
        number: of its first commit.
        more: what ``subprocess.Popen`` is given besides.

    Attributes:
        told: its lines, each as words.
    """

    def __init__(self, path: Path, number: int = 0, **more: Any) -> None:
        self.told: list[list[str]] = []
        self._rest = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(path), str(number)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            **more,
        )
        self._until("ready")

    def wait_for(self, word: str, count: int = 1) -> None:
        """Read on until it has told so many lines that begin with ``word``."""
        wanted = self._count(word) + count
        while self._count(word) < wanted:
            self._until(word)

    def kill(self) -> None:
        """Kill it, and read what it has told to the end."""
        self.process.kill()
        self._finish()

    def stop(self) -> None:
        """End it well."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self._finish()
        assert self.process.returncode == 0

    def _finish(self) -> None:
        while self._read():
            pass
        self.process.wait(DEADLINE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def _count(self, word: str) -> int:
        return sum(words[0] == word for words in self.told)

    def _until(self, word: str) -> None:
        seen = self._count(word)
        while self._count(word) == seen:
            if not self._read():
                raise AssertionError(f"it has ended; it told {self.told[-3:]}")

    def _read(self) -> bool:
        """Read some; tell whether there may be more."""
        stdout = self.process.stdout
        assert stdout is not None
        end = time.monotonic() + DEADLINE
        ready = select.select([stdout], [], [], max(0.0, end - time.monotonic()))[0]
        assert ready, f"nothing more is told: {self.told[-3:]}"
        data = stdout.read(65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.told += [line.decode().split(" ") for line in lines]
        return bool(data)


def main(path: str, number: str) -> None:
    """Commit until stdin ends."""
    reactor: Any = selectreactor.SelectReactor()
    store = SqliteStore(path, reactor, retry=Retry(0.01, 0.05))
    room = Writing(store, int(number))

    def begin(_: None) -> None:
        tell("ready", store.epoch, store.last_id)
        room.say()

    StandardIO(_Stdin(reactor), reactor=reactor)
    reactor.addSystemEventTrigger("before", "shutdown", store.stop)
    store.start(room).addCallback(begin)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
