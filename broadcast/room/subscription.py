"""Old lines for one member: the log read from an earlier cursor."""

from collections.abc import Iterator

from broadcast.protocol.dialects import Dialect
from broadcast.store.entries import Run
from broadcast.store.log import Log, Stretch

PIECE = 256
"""Lines that one step renders; with 64 KiB runs, a step stays near 64 KiB."""


class Replay:
    """A cursor of its own, moved back; rendered piece by piece, kept nowhere.

    ``seq`` is where it reads: the hub counts it among the cursors that the log
    must not move past.
    """

    __slots__ = ("_log", "_pieces", "seq")

    def __init__(self, log: Log, stretch: Stretch) -> None:
        self._log = log
        self.seq = stretch.seq
        self._pieces = self._split(stretch.skip, stretch.count)

    def read(self, dialect: Dialect) -> bytes:
        """Return some more lines in ``dialect``; empty when there are no more."""
        for run, text, first in self._pieces:
            when = self._log.at(self.seq).when
            return dialect.replayed(run.speaker, text, first, when)
        return b""

    def _split(self, skip: int, count: int) -> Iterator[tuple[Run, bytes, int]]:
        """Yield texts of at most 256 lines, with the first one's id."""
        while count > 0:
            for run in self._log.at(self.seq).entries:
                if not isinstance(run, Run):
                    continue
                if skip >= run.count:
                    skip -= run.count
                    continue
                lines = run.text.split(b"\n")
                stop = min(run.count, skip + count)
                for at in range(skip, stop, PIECE):
                    piece = lines[at : min(stop, at + PIECE)]
                    yield run, b"\n".join([*piece, b""]), run.first + at
                count -= stop - skip
                skip = 0
                if not count:
                    return
            self.seq += 1
