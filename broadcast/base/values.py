"""Converters of option values: from text to a value.

A converter raises ``ValueError`` with a line that fits behind the option's name: the
fault, then a remedy.
"""

import configparser
import os
import re
from collections.abc import Callable
from string import Formatter
from typing import Final, TypeVar

_FACTORS: Final = {None: 1, "K": 1024, "M": 1024**2, "G": 1024**3}
_SIZE: Final = re.compile(r"([0-9]+)\s*(?:([KMG])(?:I?B)?|B)?", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE
)

_ACTIVE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Characters that act on a terminal, or reorder text; TAB too."""

_NATS_URL: Final = re.compile(
    r"(?:nats|tls)://(?:[^@/\s]+@)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?",
    re.ASCII,
)
_WITH_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):([0-9]+)", re.ASCII)
_CALL: Final = re.compile(r"\[Errno ([0-9]+)\] Connect call failed", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")

MOST_DIGITS: Final = 20
"""Digits beyond which no number is in range. Python itself parses 4300 at most."""

MOST_SECONDS: Final = 10_000_000
MOST_LINES: Final = 1_000_000_000
SHOWN: Final = 60
"""Characters of a wrong value that a refusal shows."""

T = TypeVar("T")


def text(value: str) -> str:
    """Return any text as it is."""
    return value


def some_text(value: str) -> str:
    """Return any text that is not blank."""
    if not value.strip():
        raise ValueError(f"{_shown(value)} is empty; give a value, or leave it out")
    return value


def host(value: str) -> str:
    """Return an address or the name of a host, without a port."""
    some_text(value)
    if (found := _WITH_PORT.fullmatch(value)) is not None:
        given = f"give {found[1].strip('[]') or 'the host'} alone"
        raise ValueError(f"{_shown(value)} has a port; {given}, and --port {found[2]}")
    if value.startswith("["):
        raise ValueError(f"{_shown(value)} has brackets; leave them out")
    return value


def one_line(value: str) -> str:
    """Return text to be sent unchanged: no control character, no leading ``{``."""
    if value.startswith("{"):
        hint = "begin with another character, since json begins so"
        raise ValueError(f"{_shown(value)} begins with {{; {hint}")
    if (found := _ACTIVE.search(value)) is not None:
        raise ValueError(f"{_shown(value)} has {found[0]!r} in it; leave it out")
    return value


def template(*names: str) -> Callable[[str], str]:
    """Return a converter to a line in which only the fields ``{NAME}`` are allowed."""
    fields = " and ".join(f"{{{name}}}" for name in names)
    hint = f"only {fields} are filled in, and {{{{ stands for {{"

    def read(value: str) -> str:
        one_line(value)
        try:
            parts = list(Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"{_shown(value)}: {reason_of(error)}; {hint}") from None
        for _, name, format, conversion in parts:
            if name is not None and (name not in names or format or conversion):
                raise ValueError(f"{_shown(value)} has another field; {hint}")
        return value

    return read


def text_or_none(value: str) -> str | None:
    """Return any text; None for the empty text."""
    return value or None


def port_or_endpoint(value: str) -> str | None:
    """Return a port of TCP, or any other text; None for the empty text.

    Raises:
        ValueError: there is no such port.
    """
    if value.isdigit():
        whole(0, 65535)(value)
    return value or None


def nats_urls(value: str) -> tuple[str, ...]:
    """Return the addresses of NATS servers; none for an empty text.

    Raises:
        ValueError: there is one that is none.
    """
    urls = [url.strip() for url in value.split(",")] if value else []
    found = [url if "://" in url else f"nats://{url}" for url in urls]
    for url in found:
        if not _NATS_URL.fullmatch(url):
            raise ValueError(f"{_shown(url)} is no address; give nats://HOST:PORT")
        port = url.rpartition(":")[2]
        if port.isdigit() and not 1 <= int(port) <= 65535:
            raise ValueError(f"{port} is no port; give nats://HOST:PORT")
    return tuple(found)


def token(value: str) -> str:
    """Return a name for machines.

    Raises:
        ValueError: it has other characters.
    """
    if not _TOKEN.fullmatch(value):
        rule = "1 to 32 letters, digits, - and _"
        raise ValueError(f"{_shown(value)} is no name; give {rule}")
    return value


def optional(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a converter that returns None for the empty text, else as ``read``."""
    return lambda value: read(value) if value else None


def flag(value: str) -> bool:
    """Return the boolean that one of INI's words means."""
    state = configparser.ConfigParser.BOOLEAN_STATES.get(value.lower())
    if state is None:
        raise ValueError(f"{_shown(value)} is neither yes nor no; give one of them")
    return state


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a converter to whole numbers from ``least`` to ``most`` inclusive."""

    def read(value: str) -> int:
        hint = f"from {least} to {most}"
        if not _WHOLE.fullmatch(value):
            raise ValueError(f"{_shown(value)} is not a whole number; give one {hint}")
        if len(value) > MOST_DIGITS or not least <= int(value) <= most:
            raise ValueError(f"{_shown(value)} is out of range; give a number {hint}")
        return int(value)

    return read


def whole_or_all(most: int) -> Callable[[str], int | None]:
    """Return a converter to whole numbers, 0 to ``most``; None for ``all``."""
    read_whole = whole(0, most)

    def read(value: str) -> int | None:
        if value.lower() == "all":
            return None
        try:
            return read_whole(value)
        except ValueError as error:
            raise ValueError(f"{error}, or all") from None

    return read


def size(least: int) -> Callable[[str], int]:
    """Return a converter to sizes in bytes, from ``least`` to 1 TiB.

    ``K``, ``M`` and ``G`` are powers of 1024; ``MB`` and ``MiB`` are the same.
    """

    def read(value: str) -> int:
        found = _SIZE.fullmatch(value.strip().upper())
        if found is None:
            hint = "give bytes, or a number and K, M or G"
            raise ValueError(f"{_shown(value)} is not a size; {hint}")
        digits, unit = found.groups()
        size = int(digits) * _FACTORS[unit] if len(digits) <= MOST_DIGITS else -1
        if not least <= size <= 1 << 40:
            hint = f"give {least} bytes to 1024 G"
            raise ValueError(f"{_shown(value)} is out of range; {hint}")
        return size

    return read


def seconds(value: str) -> float:
    """Return a number of seconds, 0 to 10,000,000."""
    return _seconds(value, "")


def off_or_seconds(value: str) -> float | None:
    """Return a number of seconds, as ``seconds`` does; None for ``off``."""
    return None if value.lower() in ("", "off") else _seconds(value, ", or off")


def rate(value: str) -> float:
    """Return a number of lines (per second, or in a burst): 0, or 0.1 to 10⁹."""
    rate = _number(value)
    hint = f"give 0, or 0.1 to {MOST_LINES}"
    if rate is None:
        raise ValueError(f"{_shown(value)} is not a number of lines; {hint}")
    if not (rate == 0 or 0.1 <= rate <= MOST_LINES):
        raise ValueError(f"{_shown(value)} is out of range; {hint}")
    return rate


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a converter to one of ``choices``, without regard to case."""

    def read(value: str) -> str:
        if value.lower() not in choices:
            hint = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise ValueError(f"{_shown(value)} is none of the choices; give {hint}")
        return value.lower()

    return read


def several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a text, separated by white space; a tuple stays as it is."""
    return tuple(value.split()) if isinstance(value, str) else value


def unix_path(value: str) -> str | None:
    """Return the path of a unix socket, given as ``unix:/PATH``; None for ""."""
    if not value:
        return None
    path = value.removeprefix("unix:")
    if path == value or not path.startswith("/"):
        hint = "give unix: and an absolute path"
        raise ValueError(f"{_shown(value)} is not unix:/PATH; {hint}")
    return path


def reason_of(error: BaseException) -> str:
    """Return the reason of a failure, in the system's own words, as a single line.

    asyncio has words of its own where it can't connect, for one address or several. The
    numbers in them are the system's.
    """
    message = str(error)
    if numbers := _CALL.findall(message):
        reasons = (os.strerror(int(number)).lower() for number in numbers)
        message = ", ".join(dict.fromkeys(reasons))
    elif fault := getattr(error, "verify_message", ""):
        message = f"its certificate is not accepted: {fault}"
    elif isinstance(error, OSError) and error.strerror:
        message = error.strerror.lower()
    return " ".join(message.split())


def plain(number: float) -> str:
    """Return a number in plain decimals: no exponent, no trailing zeros."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def plural(number: float, noun: str) -> str:
    """Return a number with its noun: ``1 line``, ``0.5 lines``, ``2 lines``.

    Args:
        number: the number.
        noun: the noun in the singular; its plural ends in ``s``.
    """
    return f"{plain(number)} {noun}" if number == 1 else f"{plain(number)} {noun}s"


def _number(value: str) -> float | None:
    """Return a number of plain ASCII digits; None for anything else."""
    digits = value.strip()
    return float(digits) if _NUMBER.fullmatch(digits) else None


def _seconds(value: str, more: str) -> float:
    number = _number(value)
    hint = f"give 0 to {MOST_SECONDS}{more}"
    if number is None:
        raise ValueError(f"{_shown(value)} is not a number of seconds; {hint}")
    if not 0 <= number <= MOST_SECONDS:
        raise ValueError(f"{_shown(value)} is out of range; {hint}")
    return number


def _shown(value: str) -> str:
    """Return a wrong value in quotes, on a single line, truncated to ``SHOWN``."""
    cut = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    return repr(cut)
