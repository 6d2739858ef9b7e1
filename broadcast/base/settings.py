"""What the admin chose: one frozen dataclass, from the command line and the file.

The command line wins. The options themselves are in ``options``.
"""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from broadcast.base.values import reason_of
from broadcast.options import FLAGS, LISTS, OPTIONS
from broadcast.protocol.origins import Origin
from broadcast.protocol.roles import Door


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
    max_members: int
    max_per_host: int
    log_file: str | None
    log_file_size: int
    log_file_count: int
    tls_cert: str | None
    tls_key: str | None
    tls_client_ca: str | None
    tls_handshake: float
    tls_recheck: float
    token_file: str | None
    users: str | None
    auth: str | None
    login_timeout: float
    allow_plaintext_login: bool
    ban_file: str | None
    admin: str | None
    listen_only: tuple[str, ...]
    speak_only: tuple[tuple[Door, str], ...]
    web: str | None
    web_metrics: str
    web_origin: frozenset[Origin]


CHAT_RATE: Final = 10_000.0
"""Lines a second: ten times what a screen scrolls by, a hundredth of what a
runaway loop writes; a piped log passes unhindered."""

BURST_SECONDS: Final = 2.0

_DOORS: Final = ("listen", "listen-only", "speak-only")
"""The options that name endpoints, in place of ``port`` and ``host``."""


def settings_from(
    given: Mapping[str, str],
    listen: tuple[str, ...],
    config: Mapping[str, str],
    path: str = "",
) -> Settings:
    """Return the settings: the command line's, else the file's, else the default.

    Args:
        given: option name → value, from the command line.
        listen: endpoints from the command line.
        config: option name → value, from the file.
        path: the file's.

    Raises:
        SettingError: a value is wrong, or would do nothing.
    """
    places = {name: f"--config: {path}: {name}" for name in config}
    places |= {name: f"--{name}" for name in given}
    values: dict[str, Any] = {}
    for option in OPTIONS + FLAGS + LISTS:
        raw = given.get(option.name, config.get(option.name, option.default))
        try:
            values[option.field] = option.read(raw)
        except ValueError as error:
            where = places.get(option.name, f"--{option.name}")
            raise SettingError(f"{where}: {error}") from None
    if values["rate"] is None:
        values["rate"] = 0.0 if values["relay"] else CHAT_RATE
    if values["burst"] is None:
        values["burst"] = max(1.0, BURST_SECONDS * values["rate"])
    logins = [values[name] for name in ("token_file", "users", "auth")]
    if values["relay"] and any(logins):
        raise SettingError("--relay: a relay knows no login")
    ours = {**given, "listen": " ".join(listen)} if listen else given
    _refuse_what_is_idle(ours, config, places)
    from_file = tuple(config.get("listen", "").split())
    return Settings(listen=listen or from_file, **values)


def _refuse_what_is_idle(
    ours: Mapping[str, str], config: Mapping[str, str], places: Mapping[str, str]
) -> None:
    """Refuse a port and a host that nothing listens on, since endpoints are named.

    Endpoints on the command line win over the file's port and host.

    Args:
        ours: option name → value, from the command line.
        config: the same, from the file.
        places: option name → what a refusal calls it.

    Raises:
        SettingError: there is one.
    """
    is_named_here = any(ours.get(door) for door in _DOORS)
    chosen = ours if is_named_here else {**config, **ours}
    door = next((door for door in _DOORS if chosen.get(door)), None)
    if door is None:
        return
    web = ours.get("web", config.get("web", ""))
    for name in ("port",) if web.isdigit() else ("port", "host"):
        if name in chosen:
            instead = f"say --{door} tcp:PORT:interface=HOST"
            raise SettingError(
                f"{places[name]}: it does nothing beside --{door}: {instead}"
            )


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
    known = {option.name for option in OPTIONS + FLAGS + LISTS} | {"listen"}
    for section in parser.sections():
        if section != "server":
            raise SettingError(f"--config: {path}: unknown section [{section}]")
    found = dict(parser["server"]) if parser.has_section("server") else {}
    found = {name.replace("_", "-"): value for name, value in found.items()}
    for name in found:
        if name not in known:
            raise SettingError(f"--config: {path}: unknown option {name}")
    return found
