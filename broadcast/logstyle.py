"""The lines of the log: one event, one line, in the style that the admin chose.

Text is for people: ``YYYY-MM-DD HH:MM:SS [LEVEL] message``, local time. Json is for
programs: an object with the same message, and what it is about in fields. Its schema is
in docs/admin.md. Where the lines go is the business of ``logfile`` and ``logqueue``.

Each of the daemon's own events has a field ``event``, which is its name, and those of
``FIELDS`` that apply to it.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from twisted.logger import FileLogObserver, LogEvent, LogLevel, formatEvent
from twisted.python.failure import Failure

from broadcast.protocol.sanitize import escape

_LEVELS: Final = {LogLevel.warn: "warning"}
_BY_NAME: Final = {
    "debug": LogLevel.debug,
    "info": LogLevel.info,
    "warning": LogLevel.warn,
    "error": LogLevel.error,
}
_QUIET: Final = (LogLevel.debug, LogLevel.info)

FIELDS: Final = ("name", "to", "subject", "address", "reason", "count")
"""The fields of an event that json shows, in this order: a member's name, its new name,
the option or file in question, a peer or a listener, why, and how many."""

FAULT: Final = "fault"
"""The name of an event with a traceback: a defect of the daemon."""

OTHER: Final = "other"
"""The name of an event that has none: Twisted's, or a library's."""

LOST: Final = "log-lines-lost"


def format_text(event: LogEvent) -> str:
    """Return the line of text for ``event``."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["log_time"]))
    return f"{stamp} [{_level_of(event).upper()}] {_message_of(event)}\n"


def format_json(event: LogEvent) -> str:
    """Return the line with the object for ``event``."""
    failed = isinstance(event.get("log_failure"), Failure)
    record: dict[str, str | int] = {
        "time": _timestamp(event["log_time"]),
        "level": _level_of(event),
        "event": event.get("event", FAULT if failed else OTHER),
        "message": _message_of(event),
    }
    for name in FIELDS if "event" in event else ():
        if (value := event.get(name)) is not None:
            record[name] = value if isinstance(value, int) else escape(str(value))
    return json.dumps(record, ensure_ascii=False) + "\n"


def _level_of(event: LogEvent) -> str:
    level = event.get("log_level", LogLevel.info)
    name: str = _LEVELS.get(level, level.name)
    return name


def _message_of(event: LogEvent) -> str:
    message = formatEvent(event)
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        trace = failure.getTraceback().strip().split("\n")
        message = " | ".join([message, *(line.strip() for line in trace)])
    return escape(message)


def _timestamp(seconds: float) -> str:
    """Return a time as in RFC 3339, UTC, with milliseconds."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


class LineFormat:
    """The level and the style of the log.

    The level can change while the daemon runs. At ``debug`` Twisted's own info and
    debug events are logged too.

    Attributes:
        name: the name of the level.
        is_json: each line is a json object.
    """

    def __init__(self) -> None:
        self.name = "info"
        self.is_json = False
        self._level = LogLevel.info

    def set(self, name: str) -> bool:
        """Set the level: ``debug``, ``info``, ``warning`` or ``error``.

        Returns:
            Whether ``name`` is one of these; otherwise nothing has changed.
        """
        if name not in _BY_NAME:
            return False
        self.name, self._level = name, _BY_NAME[name]
        return True

    def line_observer(self, out: Any) -> Callable[[LogEvent], None]:
        """Return an observer that writes the daemon's lines to a text file."""
        return FileLogObserver(out, self.format_line)

    def format_line(self, event: LogEvent) -> str | None:
        """Return the line for ``event``; None if it is not to be logged."""
        level = event.get("log_level", LogLevel.info)
        if level < self._level:
            return None
        is_ours = event.get("log_namespace", "").startswith("broadcast")
        if level in _QUIET and not is_ours and self._level is not LogLevel.debug:
            return None
        return format_json(event) if self.is_json else format_text(event)

    def lost_line(self, count: int) -> str:
        """Return the line, without its end, for lines that a file could not take."""
        message = f"{count} lines could not be written here"
        if not self.is_json:
            return message
        record = {
            "time": _timestamp(time.time()),
            "level": "error",
            "event": LOST,
            "message": message,
            "count": count,
        }
        return json.dumps(record)
