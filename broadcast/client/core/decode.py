"""Bytes into lines, and a line of the json dialect into an event. No connection."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from broadcast.client import events as ev
from broadcast.client.errors import BadLineError, BrokenServerError
from broadcast.protocol.sanitize import is_safe, mend

MAX_LINE = 4 * 1024 * 1024
_Fields = Mapping[str, Any]


class LineSplitter:
    """The lines of a connection; an incomplete line is kept for the next piece."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now, without their ends; bad UTF-8 repaired.

        Raises:
            BrokenServerError: a line is longer than ``MAX_LINE`` bytes.
        """
        whole, end, rest = data.rpartition(b"\n")
        if not end:
            rest = data
        else:
            whole = b"".join((*self._rest, whole))
            self._rest, self._size = [], 0
        self._rest.append(rest)
        self._size += len(rest)
        if self._size > MAX_LINE:
            raise BrokenServerError("the server sends a line without end")
        if not end:
            return []
        lines = whole.decode(errors="replace").split("\n")
        return [line.removesuffix("\r") for line in lines] if b"\r" in whole else lines

    @property
    def has_binary(self) -> bool:
        """Whether the bytes after the last line end are no text at all."""
        return any(b"\0" in piece for piece in self._rest)

    def rest(self) -> str:
        """The bytes after the last line end."""
        rest, self._rest, self._size = b"".join(self._rest), [], 0
        return rest.decode(errors="replace")


def decode(line: str) -> ev.Event | None:
    """The event in a line, or None for one that this client does not know.

    Raises:
        BadLineError: not a JSON object, or a field missing or of another type than
            the protocol says.
    """
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLineError("not JSON") from None
    if not isinstance(fields, dict):
        raise BadLineError("not a JSON object")
    if "\\" in line or not is_safe(line):
        fields = {key: _made_safe(value) for key, value in fields.items()}
    build = _BUILDERS.get(str(fields.get("event", "")))
    if build is None:
        return None
    try:
        return build(fields, line)
    except (KeyError, TypeError, ValueError) as problem:
        raise BadLineError(f"a field is missing or wrong: {problem}") from None


def _made_safe(value: Any) -> Any:
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, list):
        return [_made_safe(item) for item in value]
    return value


def _text(fields: _Fields, key: str, default: str | None = None) -> str:
    value = fields[key] if default is None else fields.get(key, default)
    if type(value) is not str:
        raise TypeError(key)
    return value


def _number(fields: _Fields, key: str, default: int | None = None) -> int:
    value = fields[key] if default is None else fields.get(key, default)
    if type(value) is not int:
        raise TypeError(key)
    return value


def _message(fields: _Fields, raw: str) -> ev.Event:
    return ev.Message(
        _number(fields, "id"),
        _text(fields, "at"),
        _text(fields, "name"),
        _text(fields, "text"),
        bool(fields.get("replayed", False)),
        raw=raw,
    )


def _joined(fields: _Fields, raw: str) -> ev.Event:
    at, name = _text(fields, "at"), _text(fields, "name")
    return ev.Joined(at, name, _number(fields, "count"), _is_quiet(fields), raw=raw)


def _left(fields: _Fields, raw: str) -> ev.Event:
    at, name = _text(fields, "at"), _text(fields, "name")
    count, reason = _number(fields, "count"), _text(fields, "reason", "")
    return ev.Left(at, name, count, reason, _is_quiet(fields), raw=raw)


def _renamed(fields: _Fields, raw: str) -> ev.Event:
    at, name = _text(fields, "at"), _text(fields, "name")
    return ev.Renamed(at, name, _text(fields, "to"), _is_quiet(fields), raw=raw)


def _is_quiet(fields: _Fields) -> bool:
    return bool(fields.get("quiet", False))


def _presence(fields: _Fields, raw: str) -> ev.Event:
    return ev.Presence(
        _text(fields, "at"),
        _number(fields, "joined"),
        _number(fields, "left"),
        _number(fields, "count"),
        raw=raw,
    )


def _welcome(fields: _Fields, raw: str) -> ev.Event:
    return ev.Welcome(
        server=_text(fields, "server", ""),
        name=_text(fields, "name"),
        epoch=_text(fields, "epoch"),
        id=_number(fields, "id"),
        count=_number(fields, "count"),
        max_line=_number(fields, "max_line", 8192),
        text=_paragraph(raw),
        protocol=_number(fields, "protocol", 1),
        raw=raw,
    )


def _login(fields: _Fields, raw: str) -> ev.Event:
    return ev.LoginNeeded(_paragraph(raw), raw=raw)


def _who(fields: _Fields, raw: str) -> ev.Event:
    names = tuple(name for name in fields["names"] if isinstance(name, str))
    quiet = tuple(name for name in fields.get("quiet", ()) if isinstance(name, str))
    more = bool(fields.get("more", False))
    return ev.Who(names, _number(fields, "count"), more, quiet, raw=raw)


def _replay(fields: _Fields, raw: str) -> ev.Event:
    missing = fields.get("missing", 0)
    if missing is not None:
        missing = _number(fields, "missing", 0)
    return ev.Replay(_number(fields, "count"), missing, raw=raw)


def _replayed(fields: _Fields, raw: str) -> ev.Event:
    position, first = _text(fields, "position"), _text(fields, "first", "")
    return ev.Replayed(position, first, bool(fields.get("more", False)), raw=raw)


def _ack(fields: _Fields, raw: str) -> ev.Event:
    double = bool(fields.get("double", False))
    return ev.Ack(_text(fields, "token"), _number(fields, "id"), double, raw=raw)


def _pong(fields: _Fields, raw: str) -> ev.Event:
    return ev.Pong(_text(fields, "token", ""), raw=raw)


def _notice(fields: _Fields, raw: str) -> ev.Event:
    return ev.Notice(_paragraph(raw), raw=raw)


def _paragraph(raw: str) -> str:
    """The text of a notice or welcome: there, line ends are meant."""
    text = json.loads(raw).get("text", "")
    if not isinstance(text, str):
        raise TypeError("text")
    return "\n".join(mend(line.removesuffix("\r")) for line in text.split("\n"))


def _problem(fields: _Fields, raw: str) -> ev.Event:
    return ev.Problem(
        _text(fields, "code", ""),
        _text(fields, "command", "").lstrip("/"),
        _text(fields, "text", ""),
        _text(fields, "token", ""),
        raw=raw,
    )


def _bye(fields: _Fields, raw: str) -> ev.Event:
    return ev.Bye(
        _text(fields, "code", ""),
        _text(fields, "text", ""),
        bool(fields.get("reconnect", False)),
        _number(fields, "missed", 0),
        raw=raw,
    )


_BUILDERS: Mapping[str, Callable[[_Fields, str], ev.Event]] = MappingProxyType(
    {
        "message": _message,
        "join": _joined,
        "leave": _left,
        "rename": _renamed,
        "presence": _presence,
        "welcome": _welcome,
        "login": _login,
        "who": _who,
        "replay": _replay,
        "replayed": _replayed,
        "ack": _ack,
        "pong": _pong,
        "notice": _notice,
        "error": _problem,
        "bye": _bye,
    }
)
