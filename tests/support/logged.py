"""What our own code logs meanwhile, as a person reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.logger import LogEvent, formatEvent, globalLogPublisher


@contextmanager
def logged() -> Iterator[list[str]]:
    """Give the list to which the lines go while the block runs."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    observer: Any = observe  # zope knows it as one
    globalLogPublisher.addObserver(observer)
    try:
        yield lines
    finally:
        globalLogPublisher.removeObserver(observer)
