"""What the admin chose: one frozen dataclass, and how each value is read.

The same names stand on the command line (``--max-line``) and in the INI file
(``max-line`` in ``[server]``); the command line wins.
"""

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final


class SettingError(ValueError):
    """A value is wrong; says which option's, and why, in one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All options of ``twist broadcast``, checked. Times in seconds."""

    port: int
    host: str
    listen: tuple[str, ...]
    echo: bool
    relay: bool
    welcome: str
    max_line: int
    log_size: int
    history: int
    idle_timeout: float
    stall_timeout: float
    greeting_delay: float
    flush_partial: float | None
    drain: float
    rate: float
    burst: float
    log_file: str | None
    log_file_size: int
    log_file_count: int


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name, default as text, how it is read and explained."""

    name: str
    default: str
    read: Callable[[str], Any]
    help: str
    short: str | None = None

    @property
    def field(self) -> str:
        """The name of the field in ``Settings``."""
        return self.name.replace("-", "_")


_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def _text(value: str) -> str:
    return value


def _welcome(value: str) -> str:
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"can't read {value[1:]}: {reason_of(error)}") from None


def _flag(value: str) -> bool:
    state = configparser.ConfigParser.BOOLEAN_STATES.get(value.lower())
    if state is None:
        raise ValueError(f"{value!r} is neither yes nor no")
    return state


def _whole(least: int, most: int, unit: str) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit():
            raise ValueError(f"{value!r} is not a whole number {unit}".rstrip())
        if not least <= int(value) <= most:
            raise ValueError(f"{value} is not between {least} and {most}")
        return int(value)

    return read


def _size(least: int) -> Callable[[str], int]:
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


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number of seconds") from None
    if not 0 <= seconds <= 1e7:
        raise ValueError(f"{value} is not between 0 and 10000000 seconds")
    return seconds


def _off_or_seconds(value: str) -> float | None:
    return None if value.lower() in ("", "off") else _seconds(value)


def _rate(value: str) -> float | None:
    if value == "":
        return None
    try:
        rate = float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number of lines") from None
    if not (rate == 0 or 0.1 <= rate <= 1e9):
        raise ValueError(f"{value} is neither 0 nor between 0.1 and 1000000000 lines")
    return rate


CHAT_RATE: Final = 10_000.0
"""Lines a second: ten times what a screen scrolls by, a hundredth of what a
runaway loop writes; a piped log passes unhindered."""

BURST_SECONDS: Final = 2.0

OPTIONS: Final = (
    Option("port", "8000", _whole(0, 65535, ""), "TCP port; 0: any free one", "p"),
    Option("host", "127.0.0.1", _text, "address to listen on; 0.0.0.0: all of IPv4"),
    Option("welcome", "", _welcome, "words of greeting, or @FILE that holds them"),
    Option("max-line", "8192", _whole(64, 1 << 20, "of bytes"), "bytes in a line"),
    Option("log-size", "16M", _size(64 * 1024), "bytes of memory for what was said"),
    Option(
        "history", "1000", _whole(0, 1_000_000, "of lines"), "lines to be asked back"
    ),
    Option(
        "idle-timeout", "90", _seconds, "seconds of silence of one who pings; 0: any"
    ),
    Option("stall-timeout", "120", _seconds, "seconds of reading nothing; 0: any"),
    Option("greeting-delay", "0.25", _seconds, "seconds to introduce oneself"),
    Option(
        "flush-partial", "off", _off_or_seconds, "seconds of silence that end a line"
    ),
    Option("drain", "10", _seconds, "seconds to deliver what was said, when stopping"),
    Option("rate", "", _rate, "lines a second one may say; 0: any (10000; relay: 0)"),
    Option("burst", "", _rate, "lines one may say at once beyond (2 s of the rate)"),
    Option("log-file", "", lambda value: value or None, "file to log to as well"),
    Option("log-file-size", "10M", _size(4096), "bytes at which that file is rotated"),
    Option("log-file-count", "5", _whole(1, 1000, "of files"), "rotated files kept"),
)

FLAGS: Final = (
    Option("echo", "no", _flag, "send members of the text dialect their own lines"),
    Option("relay", "no", _flag, "bytes in, bytes out: no names, notices, commands"),
)


def settings_from(
    given: Mapping[str, str], listen: tuple[str, ...], config: Mapping[str, str]
) -> Settings:
    """Return the settings: the command line's, else the file's, else the default.

    Args:
        given: option name → value, from the command line.
        listen: endpoints from the command line.
        config: option name → value, from the file.

    Raises:
        SettingError: a value is wrong.
    """
    values: dict[str, Any] = {}
    for option in OPTIONS + FLAGS:
        raw = given.get(option.name, config.get(option.name, option.default))
        try:
            values[option.field] = option.read(raw)
        except ValueError as error:
            raise SettingError(f"--{option.name}: {error}") from None
    if values["rate"] is None:
        values["rate"] = 0.0 if values["relay"] else CHAT_RATE
    if values["burst"] is None:
        values["burst"] = max(1.0, BURST_SECONDS * values["rate"])
    from_file = tuple(config.get("listen", "").split())
    return Settings(listen=listen or from_file, **values)


def read_config(path: str) -> dict[str, str]:
    """Return the values of section ``[server]`` in an INI file.

    A comment begins at white space and ``#`` or ``;``.

    Raises:
        SettingError: no such file, no INI, or an option that there isn't.
    """
    parser = configparser.ConfigParser(
        interpolation=None, inline_comment_prefixes=("#", ";")
    )
    try:
        with Path(path).open(encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"--config: can't read {path}: {reason_of(error)}") from None
    except configparser.Error as error:
        message = " ".join(str(error).split())
        raise SettingError(f"--config: {path}: {message}") from None
    known = {option.name for option in OPTIONS + FLAGS} | {"listen"}
    for section in parser.sections():
        if section != "server":
            raise SettingError(f"--config: {path}: unknown section [{section}]")
    found = dict(parser["server"]) if parser.has_section("server") else {}
    found = {name.replace("_", "-"): value for name, value in found.items()}
    for name in found:
        if name not in known:
            raise SettingError(f"--config: {path}: unknown option {name}")
    return found


def reason_of(error: Exception) -> str:
    """Return why something failed, in the system's own words, as one line."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else error
    return " ".join(str(words).split()).lower()
