"""The query of a request, and the headers that stand for parts of it."""

from typing import Any, Final

from broadcast.protocol import names
from broadcast.session import commands
from broadcast.web.door import RefusedError
from broadcast.web.http import headers

NOWHERE: Final = ("", 0)
"""The position of a log that is not this one: no epoch is empty."""


def last_of(request: Any, name: bytes) -> str | None:
    """Return the value of a parameter; the last one, if there are several.

    Raises:
        RefusedError: it is not UTF-8.
    """
    values = request.args.get(name)
    if not values:
        return None
    try:
        text: str = values[-1].decode()
    except UnicodeDecodeError:
        raise RefusedError(400, f"{name.decode()} is no UTF-8") from None
    return text


def number_in(request: Any, name: bytes) -> int | None:
    """Return the number that a parameter is.

    Raises:
        RefusedError: it is no number.
    """
    text = last_of(request, name)
    if text is None:
        return None
    try:
        return commands.number_of(text, f"{name.decode()} is a number of lines")
    except commands.CommandError as refused:
        raise RefusedError(400, refused.message) from None


def name_in(request: Any) -> str:
    """Return the name that a reader wants; "" for none.

    Raises:
        RefusedError: it can't be a name.
    """
    name = last_of(request, b"name")
    if name is not None and names.clean(name) is None:
        raise RefusedError(400, names.RULE)
    return name or ""


def position_in(text: str) -> tuple[str, int] | None:
    """Return epoch and id of a position; None if ``text`` is none."""
    try:
        return commands.position_of(text, "")
    except commands.CommandError:
        return None


def accepts(request: Any, kind: str) -> bool:
    """Tell whether a request names ``kind`` in its Accept headers."""
    for value in ",".join(headers(request, "Accept")).lower().split(","):
        found, *parameters = (part.strip() for part in value.split(";"))
        if found == kind:
            return not any(one in ("q=0", "q=0.0") for one in parameters)
    return False
