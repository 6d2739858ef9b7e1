"""The options: what each is called, its default, how it is read, and the settings.

The same names stand on the command line (``--max-line``) and in the INI file
(``max-line`` in ``[server]``). The command line wins.
"""

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from broadcast import limits
from broadcast.base import values
from broadcast.base.settings import Settings
from broadcast.base.values import Option, reason_of
from broadcast.protocol import origins, roles

OPTIONS: Final = (
    Option(
        "port",
        "8000",
        values.whole(0, 65535, ""),
        "TCP port; 0 takes any free one",
        "p",
    ),
    Option(
        "host",
        "127.0.0.1",
        values.text,
        "address to listen on; 0.0.0.0 lets other machines in",
    ),
    Option(
        "welcome",
        "",
        values.text_or_file,
        "words that greet who comes, or @FILE that holds them",
        is_live=True,
    ),
    Option(
        "max-line",
        "8192",
        values.whole(64, 1 << 20, "of bytes"),
        "most bytes in a line",
    ),
    Option(
        "log-size",
        "16M",
        values.size(64 * 1024),
        "most bytes of memory for what was said",
    ),
    Option(
        "history",
        "1000",
        values.whole(0, 1_000_000, "of lines"),
        "most lines that may be asked back",
        is_live=True,
    ),
    Option(
        "idle-timeout",
        "90",
        values.seconds,
        "seconds after which one who pinged and fell silent is closed; 0: never",
        is_live=True,
    ),
    Option(
        "stall-timeout",
        "120",
        values.seconds,
        "seconds after which one who reads nothing is closed; 0: never",
        is_live=True,
    ),
    Option(
        "greeting-delay",
        "0.25",
        values.seconds,
        "seconds a newcomer has to introduce itself before it is greeted",
    ),
    Option(
        "flush-partial",
        "off",
        values.off_or_seconds,
        "seconds of silence that end an unfinished line, or off",
        is_live=True,
    ),
    Option(
        "drain",
        "10",
        values.seconds,
        "seconds to deliver what was said, when stopping",
        is_live=True,
    ),
    Option(
        "rate",
        "",
        values.rate,
        "lines a second a member may say; 0: any (default: 10000, with --relay 0)",
        is_live=True,
    ),
    Option(
        "burst",
        "",
        values.rate,
        "lines a member may say at once beyond --rate (default: 2 s of it)",
        is_live=True,
    ),
    Option(
        "max-members",
        "",
        limits.members,
        "most members (default: 64 fewer than files may be open)",
    ),
    Option(
        "max-per-host",
        "0",
        values.whole(0, 1_000_000, "of members"),
        "most members from one host; 0: any number",
    ),
    Option("log-file", "", values.text_or_none, "log to this file as well"),
    Option(
        "log-file-size",
        "10M",
        values.size(4096),
        "bytes at which --log-file is rotated",
    ),
    Option(
        "log-file-count",
        "5",
        values.whole(1, 1000, "of files"),
        "rotated files that are kept",
    ),
    Option(
        "tls-cert",
        "",
        values.text_or_none,
        "PEM file with the certificate and its chain",
    ),
    Option(
        "tls-key",
        "",
        values.text_or_none,
        "PEM file with its key (default: in --tls-cert)",
    ),
    Option(
        "tls-client-ca",
        "",
        values.text_or_none,
        "PEM file of the authority that signs members' own certificates",
    ),
    Option("tls-handshake", "10", values.seconds, "seconds a TLS handshake may take"),
    Option(
        "tls-recheck",
        "10",
        values.seconds,
        "seconds between looks whether those files changed; 0: never",
    ),
    Option(
        "token-file",
        "",
        values.text_or_none,
        "file of secrets to log in with, one a line",
    ),
    Option(
        "users",
        "",
        values.text_or_none,
        "file of names and passwords, written by bcast-passwd",
    ),
    Option(
        "auth", "", values.text_or_none, "another checker of logins: TYPE:ARGUMENTS"
    ),
    Option("login-timeout", "30", values.seconds, "seconds a newcomer has to log in"),
    Option("ban-file", "", values.text_or_none, "file that remembers who is banned"),
    Option("admin", "", values.unix_path, "unix:/PATH of the socket for bcast-admin"),
    Option(
        "web",
        "",
        values.text_or_none,
        "port or Twisted endpoint of the page, WebSocket and metrics",
    ),
    Option(
        "web-metrics",
        "loopback",
        values.one_of("off", "loopback", "on"),
        "who may read /metrics: off (nobody), loopback (this machine), on (everybody)",
    ),
    Option(
        "web-max-connections",
        "",
        limits.web_connections,
        "most HTTP connections, WebSockets not counted (default: from the open files)",
    ),
    Option(
        "web-max-per-host",
        "",
        limits.web_connections_per_host,
        "most of them from one host; 0: any number (default: a quarter)",
    ),
)

FLAGS: Final = (
    Option("echo", "no", values.flag, "send people their own lines as well"),
    Option(
        "relay",
        "no",
        values.flag,
        "pass bytes on as they are: no names, notices or commands",
    ),
    Option(
        "allow-plaintext-login",
        "no",
        values.flag,
        "take unencrypted logins from other machines",
    ),
)

LISTS: Final = (
    Option(
        "listen-only",
        "",
        values.several,
        "like --listen, but members hear there and never speak",
    ),
    Option(
        "speak-only",
        "",
        roles.parse_speak_only,
        "like --listen, as [NAME=]ENDPOINT; who comes there only speaks, as NAME",
    ),
    Option(
        "web-origin",
        "",
        origins.parse_all,
        "origin (https://example.org) whose pages may use the WebSocket too",
    ),
)
"""What may be given several times; in the file, several values with spaces."""

LIVE: Final = frozenset(o.field for o in OPTIONS + FLAGS + LISTS if o.is_live)
"""The fields of ``Settings`` that SIGHUP changes."""

CHAT_RATE: Final = 10_000.0
"""Lines a second: ten times what a screen scrolls by, a hundredth of what a
runaway loop writes; a piped log passes unhindered."""

BURST_SECONDS: Final = 2.0

_ENDPOINTS: Final = ("listen", "listen-only", "speak-only")
"""The options that name endpoints, in place of ``port`` and ``host``."""


class SettingError(ValueError):
    """A value is wrong; says which option's, and why, in one line."""


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
    found: dict[str, Any] = {}
    for option in OPTIONS + FLAGS + LISTS:
        raw = given.get(option.name, config.get(option.name, option.default))
        try:
            found[option.field] = option.read(raw)
        except ValueError as error:
            where = places.get(option.name, f"--{option.name}")
            raise SettingError(f"{where}: {error}") from None
    if found["rate"] is None:
        found["rate"] = 0.0 if found["relay"] else CHAT_RATE
    if found["burst"] is None:
        found["burst"] = max(1.0, BURST_SECONDS * found["rate"])
    logins = [found[name] for name in ("token_file", "users", "auth")]
    if found["relay"] and any(logins):
        raise SettingError("--relay: a relay knows no login")
    ours = {**given, "listen": " ".join(listen)} if listen else given
    _refuse_what_is_idle(ours, config, places)
    from_file = tuple(config.get("listen", "").split())
    return Settings(listen=listen or from_file, **found)


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
    is_named_here = any(ours.get(option) for option in _ENDPOINTS)
    chosen = ours if is_named_here else {**config, **ours}
    named = next((option for option in _ENDPOINTS if chosen.get(option)), None)
    if named is None:
        return
    web = ours.get("web", config.get("web", ""))
    for name in ("port",) if web.isdigit() else ("port", "host"):
        if name in chosen:
            instead = f"say --{named} tcp:PORT:interface=HOST"
            raise SettingError(
                f"{places[name]}: it does nothing beside --{named}: {instead}"
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
