"""The lines in the body of a post."""

import json
import re
from collections.abc import Iterator
from typing import Final

from broadcast.protocol import sanitize
from broadcast.session.speech import BOM
from broadcast.web.door import RefusedError

MAX_LINES: Final = 1000
"""Lines of a post, at most."""

_LONE: Final = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which json can have and UTF-8 can't."""


def is_json(kinds: list[str]) -> bool:
    """Tell whether the Content-Type headers of a request say json."""
    return [kind.partition(";")[0].strip().lower() for kind in kinds] == [
        "application/json"
    ]


def fields_of(body: bytes) -> tuple[bytes, str | None]:
    """Return the text and the name in a body of json.

    Raises:
        RefusedError: it is no such json.
    """
    try:
        fields = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise RefusedError(400, "that is no json") from None
    text = fields.get("text") if isinstance(fields, dict) else None
    if not isinstance(text, str):
        raise RefusedError(400, 'json is {"text": "…"}, maybe with a "name"')
    name = fields.get("name")
    if name is not None and not isinstance(name, str):
        raise RefusedError(400, "a name is a text")
    return _LONE.sub("\ufffd", text).encode(), name


def lines_of(text: bytes, longest: int) -> list[bytes]:
    """Return the lines of ``text``, without their ends and the blank ones.

    Args:
        text: as it came; its last line needs no end.
        longest: bytes that a line may have.

    Raises:
        RefusedError: there is no line, or one too many, or one too long.
    """
    ended = (text.removeprefix(BOM) + b"\n").replace(b"\r\n", b"\n")
    lines = [line for line in ended.split(b"\n") if line]
    if not lines:
        raise RefusedError(400, "there is no line in that")
    if len(lines) > MAX_LINES:
        raise RefusedError(413, f"a post has {MAX_LINES} lines at most")
    if any(len(line) > longest for line in lines):
        raise RefusedError(413, f"a line has {longest} bytes at most")
    return lines


def mended(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines as they may be said, in pieces of whole lines.

    ``lines`` is emptied meanwhile, so that what is yielded takes its place.
    """
    if sanitize.is_clean(b"\n".join(lines)):
        yield b"\n".join([*lines, b""])
        return
    lines.reverse()
    while lines:
        yield sanitize.mend_line(lines.pop()) + b"\n"
