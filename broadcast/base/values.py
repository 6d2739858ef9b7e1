"""Options, and how the value of one is read: text in, a value out, or why not.

A converter raises ``ValueError`` with words that fit behind the option's name.
"""

import configparser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name, default as text, how it is read and explained.

    Attributes:
        is_live: SIGHUP changes it; any other needs a restart.
    """

    name: str
    default: str
    read: Callable[[str], Any]
    help: str
    short: str | None = None
    is_live: bool = False

    @property
    def description(self) -> str:
        """What ``--help`` says: the explanation, and the default if there is one."""
        if self.default in ("", "no"):
            return self.help
        return f"{self.help} (default: {self.default})"

    @property
    def field(self) -> str:
        """The name of the field in ``Settings``."""
        return self.name.replace("-", "_")


def text(value: str) -> str:
    """Return any text as it is."""
    return value


def text_or_none(value: str) -> str | None:
    """Return any text; None for none."""
    return value or None


def text_or_file(value: str) -> str:
    """Return the text, or after ``@`` what is in the file of that name."""
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"can't read {value[1:]}: {reason_of(error)}") from None


def flag(value: str) -> bool:
    """Return yes or no, in one of INI's words for them."""
    state = configparser.ConfigParser.BOOLEAN_STATES.get(value.lower())
    if state is None:
        raise ValueError(f"{value!r} is neither yes nor no")
    return state


def whole(least: int, most: int, unit: str) -> Callable[[str], int]:
    """Return a converter to whole numbers, ``least`` and ``most`` among them.

    Args:
        unit: what is counted, for the refusal: ``of lines``; may be empty.
    """

    def read(value: str) -> int:
        digits = value.removeprefix("-")
        if not digits.isascii() or not digits.isdigit():
            raise ValueError(f"{value!r} is not a whole number {unit}".rstrip())
        if not least <= int(value) <= most:
            raise ValueError(f"{value} is not between {least} and {most}")
        return int(value)

    return read


def size(least: int) -> Callable[[str], int]:
    """Return a converter to sizes, from ``least`` bytes to 1 TiB; it returns bytes.

    ``K``, ``M`` and ``G`` are powers of 1024; ``MB`` and ``MiB`` are the same.
    """

    def read(value: str) -> int:
        number = value.upper().removesuffix("IB").removesuffix("B").strip()
        unit = number[-1:] if number[-1:] in _UNITS else ""
        digits = number.removesuffix(unit).strip()
        if not digits.isascii() or not digits.isdigit():
            raise ValueError(f"{value!r} is no size: bytes, or a number and K, M or G")
        size = int(digits) * _UNITS[unit]
        if not least <= size <= 1 << 40:
            raise ValueError(f"{value} is not between {least} bytes and 1024 G")
        return size

    return read


def seconds(value: str) -> float:
    """Return a number of seconds, 0 to 10,000,000."""
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number of seconds") from None
    if not 0 <= seconds <= 1e7:
        raise ValueError(f"{value} is not between 0 and 10000000 seconds")
    return seconds


def off_or_seconds(value: str) -> float | None:
    """Return a number of seconds, as ``seconds`` does; None for ``off``."""
    return None if value.lower() in ("", "off") else seconds(value)


def rate(value: str) -> float | None:
    """Return a number of lines (a second, or at once), 0 or from 0.1 to 10⁹.

    None if none is given.
    """
    if value == "":
        return None
    try:
        rate = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number of lines") from None
    if not (rate == 0 or 0.1 <= rate <= 1e9):
        raise ValueError(f"{value} is neither 0 nor between 0.1 and 1000000000 lines")
    return rate


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a converter to one of ``choices``, in any case; it returns lower case."""

    def read(value: str) -> str:
        if value.lower() not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return value.lower()

    return read


def reason_of(error: Exception) -> str:
    """Return why something failed, in the system's own words, as one line."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        message = error.strerror.lower()
    return " ".join(message.split())


def plural(count: int, noun: str) -> str:
    """Return ``1 ban``, ``2 bans``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def several(value: str) -> tuple[str, ...]:
    """Return several words, separated by white space."""
    return tuple(value.split())


def unix_path(value: str) -> str | None:
    """Return the path of a unix socket, given as ``unix:/PATH``; None for none."""
    if not value:
        return None
    path = value.removeprefix("unix:")
    if path == value or not path:
        raise ValueError(f"{value!r} is not unix:/PATH")
    return path
