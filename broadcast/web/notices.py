"""Log lines about refusals, at a limited rate."""

from typing import Final

from twisted.logger import Logger

from broadcast.base.work import IReactorTime
from broadcast.protocol.sanitize import escape

INTERVAL: Final = 60.0
"""Seconds within which a kind has a single line, and a line that counts the rest."""

LONGEST: Final = 200
"""Characters of remote text in a line, at most."""


class Notices:
    """Logs the first notice of a kind at once, and the number of others after a minute.

    Args:
        clock: times the minutes.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._later = clock.callLater
        self._logger = Logger(namespace="broadcast")
        self._more: dict[str, int] = {}

    def tell(self, kind: str, message: str) -> None:
        """Log ``message``, unless a message of its ``kind`` is less than a minute old.

        Args:
            kind: a plural noun, as it is counted; there are only a few.
            message: the text, which may contain remote text: it is made safe.
        """
        if kind in self._more:
            self._more[kind] += 1
            return
        self._more[kind] = 0
        self._logger.warn(
            "{words}", event="http-refused", reason=kind, words=escape(message)
        )
        self._later(INTERVAL, lambda: self._count(kind))

    def _count(self, kind: str) -> None:
        """End the minute; begin another if there were more notices."""
        more = self._more.pop(kind)
        if more:
            self._more[kind] = 0
            self._logger.warn(
                "{count} more {reason} in the last minute",
                event="http-refused",
                count=more,
                reason=kind,
            )
            self._later(INTERVAL, lambda: self._count(kind))


def cut(text: str) -> str:
    """Return remote text truncated to ``LONGEST``."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
