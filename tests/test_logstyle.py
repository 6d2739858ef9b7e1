"""The lines of the log: what each of the two styles shows, and what it keeps out."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogEvent, Logger, LogLevel, capturedLogs
from twisted.python.failure import Failure

from broadcast.logstyle import FIELDS, LineFormat, format_json, format_text

ROOT = Path(__file__).parent.parent
ADMIN = (ROOT / "docs/admin.md").read_text("utf-8")
EVERYWHERE = {"time", "level", "event", "message"}
FORWARDERS = {("note", "room.py"), ("note", "retention.py"), ("_log", "drain.py")}
"""Methods that log the event that they are given as their first argument."""

LOG_METHODS = {"debug", "info", "warn", "error", "critical", "failure"}


def _event(text: str, **more: Any) -> LogEvent:
    """Return an event of ours as it reaches an observer."""
    with capturedLogs() as events:
        Logger(namespace="broadcast").info(text, **more)
    return events[0]


def _parsed(event: LogEvent) -> dict[str, Any]:
    line = format_json(event)
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    record: dict[str, Any] = json.loads(line)
    return record


def test_json_has_the_message_and_its_parts() -> None:
    """The message is that of the text style; fields that don't apply are left out."""
    about = {"name": "al", "address": "127.0.0.1:5", "reason": "quit", "count": 3}
    event = _event("{name} left ({reason})", event="left", to=None, who=1, **about)
    event["log_time"] = 1792353600.0625
    assert _parsed(event) == {
        "time": "2026-10-18T20:00:00.062Z",
        "level": "info",
        "event": "left",
        "message": "al left (quit)",
        **about,
    }
    assert format_text(event).endswith(" [INFO] al left (quit)\n")


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (LogLevel.debug, "debug"),
        (LogLevel.info, "info"),
        (LogLevel.warn, "warning"),
        (LogLevel.error, "error"),
        (LogLevel.critical, "critical"),
    ],
)
def test_levels_have_the_same_names_in_both_styles(level: Any, name: str) -> None:
    event = _event("x") | {"log_level": level}
    assert _parsed(event)["level"] == name
    assert f" [{name.upper()}] x" in format_text(event)


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "a\nb", "\r", "\x00", "\x9b", "\u2028", "\u202e", "\ud800"]
)
def test_no_control_character_is_in_a_line_or_in_a_value(hostile: str) -> None:
    """Neither in the bytes of the line, nor in what a parser makes of it."""
    event = _event("{name}", name=hostile, reason=hostile, event="left")
    line = format_json(event)
    for text in (line[:-1], *map(str, json.loads(line).values()), format_text(event)):
        assert hostile not in text.rstrip("\n")
    line.encode()


def test_a_fault_is_one_line_with_its_traceback() -> None:
    """Its name is ``fault``, where the call gives none."""
    with capturedLogs() as events:
        try:
            raise ValueError("odd\x1b")
        except ValueError:
            Logger(namespace="twisted").failure("it failed")
    record = _parsed(events[0])
    assert isinstance(events[0]["log_failure"], Failure)
    assert (record["event"], record["level"]) == ("fault", "critical")
    assert re.fullmatch(
        r"it failed \| Traceback.* \| builtins\.ValueError: odd\\x1b", record["message"]
    )


def test_what_others_log_is_other() -> None:
    """Fields of a library's event that happen to be called as ours are not shown."""
    record = _parsed(_event("x", name="y", count=1))
    assert record.keys() == EVERYWHERE
    assert record["event"] == "other"


def test_lines_that_are_lost_have_one_too() -> None:
    """In the style of the others, so that a parser reads it."""
    lines = LineFormat()
    assert lines.lost_line(3) == "3 lines could not be written here"
    lines.is_json = True
    record = json.loads(lines.lost_line(3))
    assert record.keys() == EVERYWHERE | {"count"}
    assert (record["event"], record["count"]) == ("log-lines-lost", 3)


def test_the_style_follows_the_level() -> None:
    """What is below the level, and what Twisted says by the way, is in neither."""
    lines = LineFormat()
    for lines.is_json in (False, True):
        lines.set("info")
        assert lines.format_line(_event("x") | {"log_level": LogLevel.debug}) is None
        assert lines.format_line(_event("x") | {"log_namespace": "twisted"}) is None
        lines.set("debug")
        assert lines.format_line(_event("x") | {"log_namespace": "twisted"})
        lines.set("error")
        assert lines.format_line(_event("x")) is None


def _log_calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls that log something in the daemon, each with its place."""
    for path in sorted((ROOT / "broadcast").rglob("*.py")):
        if "client" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(
                node.func, ast.Attribute
            ):
                continue
            receiver = node.func.value
            owner = getattr(receiver, "attr", getattr(receiver, "id", ""))
            if isinstance(receiver, ast.Call):  # Logger(namespace=…).info(…)
                owner = str(getattr(receiver.func, "id", "")).lower()
            is_log = owner.endswith(("logger", "log")) and owner != "_log"
            if is_log and node.func.attr in LOG_METHODS:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node
            if (node.func.attr, path.name) in FORWARDERS:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _names_in(call: ast.Call) -> list[str]:
    """Return the names of events that a call can log."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "event"]
    if not given and getattr(call.func, "attr", "") not in LOG_METHODS:
        given = call.args[:1]
    return [
        str(node.value)
        for value in given
        for node in ast.walk(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _documented() -> dict[str, set[str]]:
    """Return the events of docs/admin.md, each with its fields."""
    table = ADMIN.partition("| `event` | fields |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if "`" in line]
    found: dict[str, set[str]] = {}
    for names, fields in rows:
        for name in re.findall(r"`([a-z-]+)`", names):
            found[name] = set(re.findall(r"`([a-z]+)`", fields))
    return found


def test_each_line_of_ours_has_a_documented_event() -> None:
    """And no event is documented that there isn't; nor a field."""
    known = _documented()
    logged = {"other"}
    for place, call in _log_calls():
        names = _names_in(call)
        forwards = any(
            keyword.arg == "event" and isinstance(keyword.value, ast.Name)
            for keyword in call.keywords
        )
        assert names or forwards, f"{place}: no event"
        logged |= set(names)
        fields = {keyword.arg for keyword in call.keywords} & set(FIELDS)
        if getattr(call.func, "attr", "") not in LOG_METHODS:
            continue
        for name in names:
            assert fields <= known.get(name, set()), (place, name, fields)
    assert logged == known.keys()
    assert set().union(*known.values()) == set(FIELDS)
