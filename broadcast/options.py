"""The settings, chosen from what the admin gives; the rows are in ``base``.

The command line wins over the environment, and that over the INI file:
``broadcast.sources`` reads these. ``python -m broadcast.options`` prints
docs/options.md.
"""

import os
import re
import socket
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from broadcast import __version__, limits
from broadcast.base import manual, values
from broadcast.base.endpoints import Place, place_of
from broadcast.base.rows import Group, Option, options_of
from broadcast.base.settings import SCRAPERS, Settings
from broadcast.protocol import origins, roles
from broadcast.sources import SettingError, refuse_other_bytes, variable_of

OPTIONS: Final = options_of(Settings)
"""The options of the command line, the environment and the file."""

CONFIG: Final = Option(
    values.some_text,
    "INI file with options in its section [server], under the names listed here.",
    Group.PROGRAM,
    "FILE",
    short="c",
    name="config",
)

CHECK: Final = Option(
    values.flag,
    "Checks the options and the files that they name, and exits without listening: with"
    " 0, or with 1 and a line for each fault.",
    Group.PROGRAM,
    name="check",
)

PROGRAM: Final = (
    CONFIG,
    Option(
        values.flag, "Prints this and exits.", Group.PROGRAM, short="h", name="help"
    ),
    CHECK,
    Option(
        values.flag,
        "Prints the daemon's version and Twisted's, and exits.",
        Group.PROGRAM,
        name="version",
    ),
)
"""The options of the command line alone."""

LONGEST_SHARED: Final = 128 * 1024
"""Bytes that a line may have with ``--nats``: mended, it is up to three times as long,
and a server takes messages of 1 MiB."""

CHAT_RATE: Final = 10_000.0
"""Lines a second: ten times what a screen scrolls by, a hundredth of what a
runaway loop writes; a piped log passes unhindered."""

BURST_SECONDS: Final = 2.0

_ENDPOINTS: Final = ("listen", "ask", "listen-only", "speak-only")
"""The options that name endpoints, in place of ``port`` and ``host``."""

_LOGINS: Final = ("token-file", "users", "auth")

_SHARED: Final = ("nats-creds", "nats-ca", "room", "node", "nats-replicas", "cut-off")
"""The options that say nothing without ``--nats``."""

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


def settings_from(
    given: Given,
    config: Mapping[str, str] = _NOTHING,
    path: str = "",
    variables: Mapping[str, str] = _NOTHING,
) -> Settings:
    """Return the settings: the command line's, else the environment's, else the file's.

    Args:
        given: from the command line.
        config: option name → value, from the file.
        path: the file's.
        variables: option name → value, from the environment.

    Raises:
        SettingError: a value is wrong, or would do nothing.
    """
    settings, faults = choose(given, config, path, variables)
    if faults:
        raise SettingError(*faults)
    return settings


def choose(
    given: Given,
    config: Mapping[str, str] = _NOTHING,
    path: str = "",
    variables: Mapping[str, str] = _NOTHING,
) -> tuple[Settings, list[str]]:
    """Return the settings, and a line for each fault: the default stands in for it.

    Args:
        given, config, path, variables: as for ``settings_from``.
    """
    places = {name: f"--config: {path}: {name}" for name in config}
    places |= {name: variable_of(name) for name in variables}
    places |= {name: f"--{name}" for name in given}
    raw = {**config, **variables, **given}
    found: dict[str, Any] = {}
    faults: list[str] = []
    wrong: set[str] = set()
    for option in OPTIONS:
        try:
            value = _value_of(option, raw.get(option.name, option.default))
        except ValueError as error:
            faults.append(f"{places.get(option.name, f'--{option.name}')}: {error}")
            value = _value_of(option, option.default)
            wrong.add(option.name)
        found[option.field] = value
    _complete(found)
    good = {name: place for name, place in places.items() if name not in wrong}
    faults += _contradictions(found, good)
    faults += _taken_twice(found, places)
    faults += _idle((given, variables, config), places)
    return Settings(**found), faults


def _contradictions(
    found: Mapping[str, Any], places: Mapping[str, str]
) -> Iterator[str]:
    """Yield a line for each two options that can't be together."""
    if found["relay"] and any(found[name.replace("-", "_")] for name in _LOGINS):
        named = ", ".join(f"--{name}" for name in _LOGINS if name in places)
        yield f"--relay: a relay knows no login; leave out {named}"
    if found["relay"] and (found["ask"] or found["web_ask"]):
        named = "ask" if found["ask"] else "web-ask"
        yield f"--relay: nobody has a name in it; leave out --{named}"
    if found["nats"]:
        for name in ("store", "relay"):
            if found[name]:
                yield f"--nats: the room is kept in NATS; leave out --{name}"
        if found["max_line"] > LONGEST_SHARED and "max-line" in places:
            hint = f"with --nats give {LONGEST_SHARED} at most"
            yield f"{places['max-line']}: a NATS message has no room for it; {hint}"
    else:
        for name in _SHARED:
            if name in places:
                yield f"{places[name]}: it does nothing without --nats; leave it out"
    for name in ("tls-key", "tls-client-ca"):
        if found[_field(name)] and not found["tls_cert"]:
            yield f"{places[name]}: it does nothing without --tls-cert; give that, too"
    if found["metrics"] and "web-metrics" in places:
        hint = "it does nothing beside --metrics; leave it out"
        yield f"{places['web-metrics']}: {hint}"


def _taken_twice(found: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each listener where another one listens already."""
    taken: list[tuple[str, Place]] = []
    for name, place in _listeners(found):
        for other, there in taken:
            if place.is_taken_by(there):
                first, second = (places.get(n, f"--{n}") for n in (other, name))
                yield f"{second}: {first} has {place} already; name another"
                break
        taken.append((name, place))


def _listeners(found: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """Yield the option and the place of each listener, as far as they can be told."""
    host = found["host"]
    named = [(name, text) for name in _ENDPOINTS[:3] for text in found[_field(name)]]
    named += [("speak-only", text) for _, text in found["speak_only"]]
    if not named:
        yield "port", Place(host, found["port"])
    named += [(name, found[name]) for name in ("web", "metrics") if found[name]]
    for name, text in named:
        if (place := place_of(text, host)) is not None:
            yield name, place
    if found["admin"]:
        yield "admin", Place(found["admin"])


def _field(name: str) -> str:
    return name.replace("-", "_")


def _value_of(option: Option, raw: str | tuple[str, ...]) -> Any:
    """Return what an option's text means.

    Raises:
        ValueError: nothing; says why, and what to give.
    """
    refuse_other_bytes(raw)
    value = option.read(raw)
    parse = _PARSED.get(option.name)
    return parse(" ".join(value)) if parse else value


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
    if found["node"] is None:
        host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname().partition(".")[0])
        found["node"] = f"{host[:21]}-{os.getpid()}"
    if found["max_members"] is None:
        others = found["web_max_connections"] if found["web"] else 0
        others += SCRAPERS if found["metrics"] else 0
        found["max_members"] = limits.usual_members(others)


def _idle(layers: Sequence[Given], places: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for a port and a host that nothing listens on.

    They do nothing beside endpoints, unless these are of a stronger layer: endpoints on
    the command line win over the file's port.

    Args:
        layers: option name → value; the command line's, the environment's, the file's.
        places: option name → what a refusal calls it.
    """
    chosen: dict[str, Any] = {}
    named = None
    for layer in layers:
        chosen = {**layer, **chosen}
        named = next((option for option in _ENDPOINTS if layer.get(option)), None)
        if named is not None:
            break
    else:
        return
    faces = ChainMap(*map(dict, layers))
    is_host_used = any(str(faces.get(n, "")).isdigit() for n in ("web", "metrics"))
    for name in ("port",) if is_host_used else ("port", "host"):
        if name in chosen:
            instead = f"say --{named} tcp:PORT:interface=HOST"
            yield f"{places[name]}: it does nothing beside --{named}; {instead}"


def manual_of(words: Sequence[str]) -> str:
    """Return docs/options.md, or with ``--man`` docs/man/bcastd.8."""
    rows = (*OPTIONS, *PROGRAM)
    return manual.man(rows, __version__) if "--man" in words else manual.page(rows)


if __name__ == "__main__":
    print(manual_of(sys.argv[1:]), end="")
