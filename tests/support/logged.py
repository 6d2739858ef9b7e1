"""What is logged meanwhile: as a person reads it, and failures."""

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


@contextmanager
def failures(kind: type[Exception]) -> Iterator[None]:
    """Demand that one failure of that ``kind`` is logged meanwhile, and no other."""
    events: list[LogEvent] = []
    observer: Any = events.append
    globalLogPublisher.addObserver(observer)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(observer)
    failed = [event["log_failure"] for event in events if "log_failure" in event]
    assert [failure.type for failure in failed] == [kind], list(
        map(formatEvent, events)
    )
