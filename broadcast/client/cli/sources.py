"""Settings from the config file and the environment, as one flat mapping.

The file is INI: `[client]` for all servers, one section per server. A comment begins
at white space and `#` or `;`. Values here are texts; `broadcast.client.options` turns
them into what they mean.
"""

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

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


class ConfigError(ValueError):
    """The config file is wrong; says where."""


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
