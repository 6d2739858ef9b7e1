"""Removing the text of lines from the file of a ``SqliteStore``."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from broadcast.store.base import StoreError
from broadcast.store.codec import Body, Speakers, encode
from broadcast.store.entries import is_run
from broadcast.store.rows import Row, Rows
from broadcast.store.tools import changing

MARK: Final = b"[removed]"
"""The text of a line whose own was removed."""


def redact(path: str, ids: Iterable[int]) -> int:
    """Put a mark in place of the text of some lines, all of them or none.

    The lines keep their ids, times and names, and the log is the same one. The text is
    nowhere in the file any more, nor in what SQLite keeps beside it.

    Args:
        path: the path of the file.
        ids: the ids of the lines.

    Returns:
        The number of these lines.

    Raises:
        StoreError: there is no such line, a daemon uses the file, or it can't be
            changed. Where the disk is full, the text may still be in free pages.
    """
    wanted = sorted(set(ids))
    with changing(path) as database:
        database.rewrite(_redacted(database, wanted))
    return len(wanted)


def _redacted(rows: Rows, ids: list[int]) -> Iterator[Row]:
    """Yield the rows with some lines, these without their text; ``ids`` is sorted."""
    gone, speakers = frozenset(ids), Speakers()
    at = 0
    while at < len(ids):
        row = next(rows.after(ids[at] - 1), None)
        if row is None or row.first > ids[at]:
            raise StoreError(
                f"{rows.path} has no line {ids[at]}; see the ids in bcast-store dump"
                " --format ndjson"
            )
        entries = rows.whole(row, speakers).entries
        for run in filter(is_run, entries):
            mark = run.speaker.prefix + MARK
            lines = enumerate(run.text.split(b"\n")[:-1], run.first)
            kept = [mark if id in gone else line for id, line in lines]
            run.text = b"\n".join([*kept, b""])
        yield replace(row, body=encode(Body(entries)))
        at = bisect_left(ids, row.next_id, at)
