"""The command line, the environment and the config file, as one frozen `Options`.

The file is INI: `[client]` for all servers, one section per server. A comment begins
at white space and `#` or `;`. The settings of the three are layers of texts, of which
the later ones win; their values are read once they are one.
"""

import argparse
import configparser
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from broadcast.client.address import Address, is_likely, parse_address
from broadcast.client.cli import arguments
from broadcast.client.core.options import BELLS, COLORS, Options
from broadcast.client.errors import AddressError, ConfigError
from broadcast.protocol.names import RULE, is_word

Settings = dict[str, str]

KEYS = MappingProxyType(
    {
        "url": "BCAST_URL",
        "host": "BCAST_HOST",
        "port": "BCAST_PORT",
        "name": "BCAST_NAME",
        "ca": "BCAST_CA",
        "token-file": "BCAST_TOKEN_FILE",
        "retry": "BCAST_RETRY",
        "bell": "BCAST_BELL",
        "quiet": "BCAST_QUIET",
        "history": "BCAST_HISTORY",
        "away": "BCAST_AWAY",
        "color": "BCAST_COLOR",
    }
)


def config_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Where the config file is expected on this platform."""
    if platform == "win32":
        return _folder(environ, "APPDATA", "AppData/Roaming") / "config.ini"
    if platform == "darwin":
        return _home(environ) / "Library/Application Support/bcast/config.ini"
    return _folder(environ, "XDG_CONFIG_HOME", ".config") / "config.ini"


def state_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The folder for what the client remembers: the typed lines of each server."""
    if platform == "win32":
        return _folder(environ, "LOCALAPPDATA", "AppData/Local")
    if platform == "darwin":
        return _home(environ) / "Library/Application Support/bcast"
    return _folder(environ, "XDG_STATE_HOME", ".local/state")


def _home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else Path.home()


def _folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    base = environ.get(variable)
    return (Path(base) if base else _home(environ) / default) / "bcast"


def read_config(path: Path, *, must_exist: bool) -> dict[str, Settings]:
    """Each section's settings, by the section's name.

    Raises:
        ConfigError: it can't be read, or has a key that is none.
    """
    parser = configparser.ConfigParser(
        interpolation=None,
        inline_comment_prefixes=("#", ";"),
        default_section="\n",  # no section is everybody's default
    )
    try:
        with path.open(encoding="utf-8-sig") as file:
            parser.read_file(file)
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{path}: no such file") from None
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem).splitlines()[0]
        raise ConfigError(f"{path}: {reason}") from None
    sections = {name: dict(parser[name]) for name in parser.sections()}
    for name, settings in sections.items():
        for key in settings:
            if key not in KEYS:
                raise ConfigError(f"{path}: [{name}] has {key!r}, which is no setting")
    return sections


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings that environment variables give; an empty one gives none."""
    found = {key: environ.get(variable, "") for key, variable in KEYS.items()}
    return {key: value for key, value in found.items() if value}


def merge(*layers: Settings) -> Settings:
    """The layers put together; later ones win.

    A url replaces the host and port of the layers below it, and they replace a url.
    """
    merged: Settings = {}
    for layer in layers:
        if "url" in layer:
            merged.pop("host", None)
            merged.pop("port", None)
        elif "host" in layer or "port" in layer:
            merged.pop("url", None)
        merged |= layer
    return merged


def name_on_this_machine(environ: Mapping[str, str] = os.environ) -> str:
    """What this person is called here, as a name that a server takes.

    Where no variable tells (cron, containers), the system's accounts do.
    """
    variables = ("USER", "LOGNAME", "USERNAME")
    name = next((environ[v] for v in variables if environ.get(v)), "") or _account()
    kept = "".join(c if c.isalnum() or c in "_-." else "-" for c in name)[:32]
    return kept.lstrip("_-.") or "guest"


def _account() -> str:
    """The name of the account that we run as; empty where there is none."""
    try:
        import pwd
    except ImportError:  # Windows
        return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""


def parse_options(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """The options in a command line.

    Raises:
        SystemExit: with 2 after one line on stderr that names what is wrong; with 0
            after help.
    """
    parser = arguments.make_parser()
    given = parser.parse_args(argv)
    if given.command == "completion":
        return Options("completion", shell=given.shell)
    try:
        if "--" not in argv:
            _check_words(given)
        return _options(given, environ)
    except (AddressError, ConfigError) as problem:
        parser.exit(2, f"bcast-client: {problem}\n")


def _options(given: argparse.Namespace, environ: Mapping[str, str]) -> Options:
    sections = _sections(given, environ)
    settings = _settings(given, environ, sections)
    address = _address(settings)
    secret = _secret(settings, environ)
    if secret and not address.is_private and not given.plaintext_login:
        raise ConfigError(
            f"the secret would travel unencrypted to {address.where}: use tls://, "
            "or --plaintext-login if that is meant"
        )
    since = getattr(given, "since", None)
    return Options(
        command=given.command,
        address=address,
        name=_name(settings),
        secret=secret,
        retry=_retry(settings, given.command),
        bell=_choice(settings, "bell", BELLS),
        quiet=_flag(settings, "quiet"),
        history=_whole(settings, "history", 20),
        away=_seconds(settings, "away", 60.0),
        color=_choice(settings, "color", COLORS),
        text=tuple(getattr(given, "text", ())),
        json=getattr(given, "json", False),
        since=since,
        lines=getattr(given, "lines", 10),
        follow=getattr(given, "follow", True),
        sections=tuple(name for name in sections if name != "client"),
    )


def _check_words(given: argparse.Namespace) -> None:
    """See that no server stands where `send` takes its text."""
    words: Sequence[str] = getattr(given, "text", ())
    named = given.server or given.url or given.host or given.port
    if len(words) > 1 and not named and is_likely(words[0]):
        raise ConfigError(
            f"{words[0]!r} looks like a server: write -s {words[0]}, or -- in front of "
            "the text if it is to be said"
        )


def _sections(
    given: argparse.Namespace, environ: Mapping[str, str]
) -> dict[str, Settings]:
    """What the config file says."""
    chosen = given.config or environ.get("BCAST_CONFIG")
    path = Path(chosen) if chosen else config_path(environ)
    return read_config(path, must_exist=bool(chosen))


def _settings(
    given: argparse.Namespace,
    environ: Mapping[str, str],
    sections: Mapping[str, Settings],
) -> Settings:
    line = {
        key: str(value)
        for key in KEYS
        if (value := getattr(given, key.replace("-", "_"), None)) is not None
    }
    server = given.server
    named: Settings = {}
    if server in sections and server != "client":
        named = sections[server]
    elif server:
        line = {"url": server} | line
    common = sections.get("client", {})
    return merge(common, from_environment(environ), named, line)


def _address(settings: Settings) -> Address:
    ca = settings.get("ca")
    ca = str(Path(ca).expanduser()) if ca is not None else None
    if ca is not None and not os.access(ca, os.R_OK):
        raise ConfigError(f"--ca: {ca}: no such file, or not readable")
    if "url" in settings:
        address = parse_address(settings["url"], ca)
    else:
        host, port = settings.get("host", "127.0.0.1"), settings.get("port", "8000")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError(f"--port: {port!r} is no port: 1 to 65535")
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        address = parse_address(f"{'tls' if ca else 'tcp'}://{host}:{port}", ca)
    if ca is not None and not address.is_tls:
        raise ConfigError(f"--ca goes with tls:// or wss://, not with {address}")
    return address


def _name(settings: Settings) -> str | None:
    name = settings.get("name")
    if name is not None and not is_word(name):
        raise ConfigError(f"--name: {name!r} is none: {RULE}")
    return name


def _secret(settings: Settings, environ: Mapping[str, str]) -> str | None:
    """The secret: from the file named, or from BCAST_TOKEN."""
    path = settings.get("token-file")
    if path is None:
        return environ.get("BCAST_TOKEN") or None
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "not UTF-8"
        raise ConfigError(f"--token-file: {path}: {reason}") from None
    secret = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not secret:
        raise ConfigError(f"--token-file: {path}: nothing in it")
    return secret


def _choice(settings: Settings, key: str, choices: Sequence[str]) -> str:
    value = settings.get(key, choices[0])
    if value not in choices:
        raise ConfigError(f"--{key}: {value!r} is none of {', '.join(choices)}")
    return value


def _flag(settings: Settings, key: str) -> bool:
    value = settings.get(key, "no").lower()
    if value not in ("yes", "no", "true", "false", "on", "off", "1", "0"):
        raise ConfigError(f"--{key}: {value!r} is neither yes nor no")
    return value in ("yes", "true", "on", "1")


def _whole(settings: Settings, key: str, default: int) -> int:
    value = settings.get(key, str(default))
    if not (value.isascii() and value.isdigit()):
        raise ConfigError(f"--{key}: {value!r} is no whole number, 0 or more")
    return int(value)


def _seconds(settings: Settings, key: str, default: float) -> float:
    try:
        seconds = float(settings.get(key, default))
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 1e9:
        raise ConfigError(
            f"--{key}: {settings[key]!r} is no number of seconds, 0 or more"
        )
    return seconds


def _retry(settings: Settings, command: str) -> float | None:
    """How long to try to come back: a person and a follower for ever."""
    if settings.get("retry", "") == "forever":
        return None
    if "retry" not in settings:
        return 60.0 if command == "send" else None
    return _seconds(settings, "retry", 60.0)
