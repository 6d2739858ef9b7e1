"""Lines of the log about what is refused: some each minute, however much there is."""

from typing import Final

from twisted.logger import Logger

from broadcast.base.work import IReactorTime
from broadcast.protocol.sanitize import escape

INTERVAL: Final = 60.0
"""Seconds in which there is one line of a kind, and one that counts the rest."""

LONGEST: Final = 200
"""Characters of remote text that a line holds."""


class Notices:
    """Tells the log; the first of a kind at once, how many more after a minute.

    Args:
        clock: for the minutes.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._later = clock.callLater
        self._logger = Logger(namespace="broadcast")
        self._more: dict[str, int] = {}

    def tell(self, kind: str, message: str) -> None:
        """Log ``message``, unless one of its ``kind`` was less than a minute ago.

        Args:
            kind: in the plural, as it is counted: one of a few.
            message: may hold what came from outside: it is cut and made safe.
        """
        if kind in self._more:
            self._more[kind] += 1
            return
        self._more[kind] = 0
        self._logger.warn("{message}", message=escape(message))
        self._later(INTERVAL, lambda: self._count(kind))

    def _count(self, kind: str) -> None:
        """End the minute; if there was more in it, begin another."""
        more = self._more.pop(kind)
        if more:
            self._more[kind] = 0
            self._logger.warn(
                "{more} more {kind} in the last minute", more=more, kind=kind
            )
            self._later(INTERVAL, lambda: self._count(kind))


def cut(text: str) -> str:
    """Return remote text as it stands in such a line: not without end."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
