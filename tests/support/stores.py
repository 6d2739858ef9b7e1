"""What a store that lasts is tested with: lines, and statements that fail."""

import sqlite3
from collections.abc import Callable
from typing import Any

from broadcast.protocol.dialects import Speaker
from broadcast.protocol.events import Join
from broadcast.store.entries import Batch, Run, Told


def run_of(*texts: str, name: str = "al") -> Run:
    """Return a run of lines."""
    speaker = Speaker(name)
    text, count = speaker.text("".join(f"{text}\n" for text in texts).encode())
    return Run(7, speaker, text, count)


def joined(name: str = "bo") -> Told:
    """Return an event of somebody who joined."""
    return Told(None, Join(name, 1))


def lines_of(batch: Batch) -> list[tuple[int, str]]:
    """Return the lines of a batch, each with its id."""
    return [
        (id, line)
        for run in batch.entries
        if isinstance(run, Run)
        for id, line in enumerate(run.text.decode().split("\n")[:-1], run.first)
    ]


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
