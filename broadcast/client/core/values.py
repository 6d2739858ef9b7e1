"""Readers of the options' values: each makes one of a text, or says why it is none.

They raise a ``ValueError`` in words for a person.
"""

import os
import re
import shlex
from pathlib import Path

from broadcast.client.core.words import why_no_name
from broadcast.client.events import Position
from broadcast.protocol.names import is_word

MOST = 1_000_000_000

READABLE = "name a file that can be read"


def whole(text: str) -> int:
    """A number of things; ``MOST`` stands for all that are more."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a whole number; give 0 or more")
    digits = text.lstrip("0")
    return MOST if len(digits) > len(str(MOST)) else min(int(text[-20:]), MOST)


def counted(text: str) -> int:
    """A number of things, one at least."""
    if not whole(text):
        raise ValueError(f"{text!r} is out of range; give 1 or more")
    return whole(text)


def pattern(text: str) -> re.Pattern[str]:
    """A regular expression."""
    try:
        return re.compile(text)
    except re.error as problem:
        raise ValueError(
            f"{text!r} is not a regular expression: {problem}; correct it"
        ) from None


def command(text: str) -> str:
    """A command with its arguments, quoted as in a shell."""
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise ValueError(f"{text!r} is not a command: {problem}; correct it") from None
    if not words:
        raise ValueError("the command is empty; give one, or leave the option out")
    return text


def seconds(text: str) -> float:
    """A time."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e9:
        raise ValueError(f"{text!r} is not a number of seconds; give 0 or more")
    return number


def patience(text: str) -> float | None:
    """A time, or None for ``forever``."""
    return None if text == "forever" else seconds(text)


def yes_or_no(text: str) -> bool:
    """A flag in a config file."""
    value = text.lower()
    if value not in ("yes", "no", "true", "false", "on", "off", "1", "0"):
        raise ValueError(f"{text!r} is neither yes nor no; give one of them")
    return value in ("yes", "true", "on", "1")


def port(text: str) -> int:
    """A TCP port."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{text!r} is not a port; give 1 to 65535")
    return int(text)


def name(text: str) -> str:
    """A member's name."""
    if not is_word(text):
        raise ValueError(why_no_name(text))
    return text


def position(text: str) -> Position:
    """A place in a server's log."""
    try:
        return Position.parse(text)
    except ValueError as problem:
        raise ValueError(f"{text!r}: {problem}") from None


def file(text: str) -> str:
    """The path of a file; ``~`` is a home."""
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise ValueError(f"{text}: no such home; give the whole path") from None


def readable_file(text: str) -> str:
    """The path of a file that is there."""
    path = file(text)
    if not os.access(path, os.R_OK):
        raise ValueError(f"can't read {path}; {READABLE}")
    return path
