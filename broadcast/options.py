"""The settings, read from the command line and the INI file; the rows are in ``base``.

The same names stand on the command line (``--max-line``) and in the file (``max-line``
in ``[server]``). The command line wins. ``python -m broadcast.options`` prints
docs/options.md.
"""

import configparser
import difflib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from broadcast import limits
from broadcast.base import manual, values
from broadcast.base.files import read_text
from broadcast.base.rows import Group, Option, options_of
from broadcast.base.settings import Settings
from broadcast.protocol import origins, roles

OPTIONS: Final = options_of(Settings)
"""The options of the command line and of the file."""

CONFIG: Final = Option(
    values.some_text,
    "INI file that has options in its section [server], named as here.",
    Group.PROGRAM,
    "FILE",
    short="c",
    name="config",
)

PROGRAM: Final = (
    CONFIG,
    Option(
        values.flag, "Prints this and exits.", Group.PROGRAM, short="h", name="help"
    ),
    Option(
        values.flag,
        "Prints the daemon's version and Twisted's, and exits.",
        Group.PROGRAM,
        name="version",
    ),
)
"""The options of the command line alone."""

CHAT_RATE: Final = 10_000.0
"""Lines a second: ten times what a screen scrolls by, a hundredth of what a
runaway loop writes; a piped log passes unhindered."""

BURST_SECONDS: Final = 2.0

SECTION: Final = "server"

_ENDPOINTS: Final = ("listen", "ask", "listen-only", "speak-only")
"""The options that name endpoints, in place of ``port`` and ``host``."""

_LOGINS: Final = ("token-file", "users", "auth")

_PARSED: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "ask": values.several,
        "listen-only": values.several,
        "speak-only": roles.parse_speak_only,
        "web-origin": origins.parse_all,
        "web-embed": origins.parse_sites,
    }
)
"""Readers of options whose words are read once more: there may be spaces in each,
as there are in the file, or ``base`` knows too little."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

Given = Mapping[str, str | tuple[str, ...]]
"""Option name → value, from the command line; several where it may be repeated."""


class SettingError(ValueError):
    """A value is wrong; says which option's, why, and what to do, in one line."""


def settings_from(
    given: Given, config: Mapping[str, str] = _NOTHING, path: str = ""
) -> Settings:
    """Return the settings: the command line's, else the file's, else the default.

    Args:
        given: from the command line.
        config: option name → value, from the file.
        path: the file's.

    Raises:
        SettingError: a value is wrong, or would do nothing.
    """
    places = {name: f"--config: {path}: {name}" for name in config}
    places |= {name: f"--{name}" for name in given}
    found: dict[str, Any] = {}
    for option in OPTIONS:
        raw = given.get(option.name, config.get(option.name, option.default))
        try:
            found[option.field] = _value_of(option, raw)
        except ValueError as error:
            where = places.get(option.name, f"--{option.name}")
            raise SettingError(f"{where}: {error}") from None
    _complete(found)
    if found["relay"] and any(found[name.replace("-", "_")] for name in _LOGINS):
        named = ", ".join(f"--{name}" for name in _LOGINS if name in places)
        raise SettingError(f"--relay: a relay knows no login; leave out {named}")
    if found["relay"] and (found["ask"] or found["web_ask"]):
        named = "ask" if found["ask"] else "web-ask"
        raise SettingError(f"--relay: nobody has a name in it; leave out --{named}")
    _refuse_what_is_idle(given, config, places)
    return Settings(**found)


def _value_of(option: Option, raw: str | tuple[str, ...]) -> Any:
    """Return what an option's text means.

    Raises:
        ValueError: nothing; says why, and what to give.
    """
    _refuse_other_bytes(raw)
    value = option.read(raw)
    parse = _PARSED.get(option.name)
    return parse(" ".join(value)) if parse else value


def _refuse_other_bytes(raw: str | tuple[str, ...]) -> None:
    """Refuse words of the command line that are not UTF-8.

    Python lets half a character stand for each byte of them: no log and no member
    could be sent that.

    Raises:
        ValueError: one of them is not.
    """
    try:
        " ".join(raw).encode()
    except UnicodeEncodeError:
        raise ValueError("that is not UTF-8; give it as UTF-8") from None


def _complete(found: dict[str, Any]) -> None:
    """Put in the defaults that depend on other options, or on the machine."""
    if found["rate"] is None:
        found["rate"] = 0.0 if found["relay"] else CHAT_RATE
    if found["burst"] is None:
        found["burst"] = max(1.0, BURST_SECONDS * found["rate"])
    if found["web_max_connections"] is None:
        found["web_max_connections"] = limits.web_share(4)
    if found["web_max_per_host"] is None:
        found["web_max_per_host"] = limits.web_share(16)
    if found["max_members"] is None:
        web = found["web_max_connections"] if found["web"] else 0
        found["max_members"] = limits.usual_members(web)


def _refuse_what_is_idle(
    ours: Given, config: Mapping[str, str], places: Mapping[str, str]
) -> None:
    """Refuse a port and a host that nothing listens on, since endpoints are named.

    Endpoints on the command line win over the file's port and host.

    Args:
        ours: from the command line.
        config: option name → value, from the file.
        places: option name → what a refusal calls it.

    Raises:
        SettingError: there is one.
    """
    is_named_here = any(ours.get(option) for option in _ENDPOINTS)
    chosen = ours if is_named_here else {**config, **ours}
    named = next((option for option in _ENDPOINTS if chosen.get(option)), None)
    if named is None:
        return
    web = str(ours.get("web", config.get("web", "")))
    for name in ("port",) if web.isdigit() else ("port", "host"):
        if name in chosen:
            instead = f"say --{named} tcp:PORT:interface=HOST"
            raise SettingError(
                f"{places[name]}: it does nothing beside --{named}; {instead}"
            )


class _Parser(configparser.ConfigParser):
    """INI without surprises: no interpolation, no section that fills all others.

    A comment begins at white space and ``#`` or ``;``.
    """

    def __init__(self) -> None:
        super().__init__(
            interpolation=None, inline_comment_prefixes=("#", ";"), default_section=""
        )

    def optionxform(self, optionstr: str) -> str:
        """Return an option's name as on the command line: none is there twice."""
        return optionstr.lower().replace("_", "-")


def read_config(path: str) -> dict[str, str]:
    """Return the values of section ``[server]`` in an INI file.

    Raises:
        SettingError: no such file, no INI, or an option that there isn't.
    """
    parser = _Parser()
    try:
        parser.read_string(read_text(_value_of(CONFIG, path)))
    except configparser.Error as error:
        raise SettingError(f"--config: {path}{_fault_of(error)}") from None
    except ValueError as error:
        raise SettingError(f"--config: {error}") from None
    for section in parser.sections():
        if section != SECTION:
            hint = f"put all options under [{SECTION}]"
            raise SettingError(f"--config: {path}: unknown section [{section}]; {hint}")
    found = dict(parser[SECTION]) if parser.has_section(SECTION) else {}
    known = [option.name for option in OPTIONS]
    for name in found:
        if name not in known:
            hint = hint_for(name, known)
            raise SettingError(f"--config: {path}: unknown option {name}; {hint}")
    return found


def hint_for(name: str, known: Iterable[str]) -> str:
    """Return what to do about an option that there isn't."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else "see --help"


def _fault_of(error: configparser.Error) -> str:
    """Return where a file is no INI, why, and what to do, to stand behind its path."""
    match error:
        case configparser.DuplicateOptionError():
            why = f"{error.option} is there already; keep one of them"
        case configparser.DuplicateSectionError():
            why = f"[{error.section}] is there already; put its options into one"
        case configparser.MissingSectionHeaderError():
            why = f"no section begins before it; put [{SECTION}] at the top"
        case configparser.ParsingError():
            line = error.errors[0][0]
            return f", line {line}: it is not NAME = VALUE; write it so"
        case _:
            return f": {values.reason_of(error)}; mend the file"
    return f", line {error.lineno}: {why}"


if __name__ == "__main__":
    print(manual.page((*OPTIONS, *PROGRAM)), end="")
