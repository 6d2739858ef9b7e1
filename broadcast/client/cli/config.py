"""The command line, the environment and the config file, as one frozen ``Options``.

The file is INI: ``[client]`` for all servers, one section per server. A comment begins
at white space and ``#`` or ``;``. The settings of the three are layers of texts, of
which the later ones win; their values are read once they are one.
"""

import argparse
import codecs
import configparser
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broadcast.client.address import DEFAULT_ADDRESS, Address, is_likely, parse_address
from broadcast.client.cli import arguments
from broadcast.client.core.option import SEND
from broadcast.client.core.options import Options, all_options
from broadcast.client.core.values import READABLE
from broadcast.client.errors import AddressError, ConfigError

Settings = dict[str, str]

KEYS = MappingProxyType(
    {each.key: each.variable for each in all_options() if each.option.is_setting}
)


def config_path(
    environ: Mapping[str, str], platform: str = sys.platform
) -> Path | None:
    """Where the config file is expected on this platform; None: there is no home."""
    if platform == "darwin":
        return _folder(environ, "", "Library/Application Support", "config.ini")
    if platform == "win32":
        return _folder(environ, "APPDATA", "AppData/Roaming", "config.ini")
    return _folder(environ, "XDG_CONFIG_HOME", ".config", "config.ini")


def file_for(kind: str, address: Address, folder: Path | None) -> Path | None:
    """The file in which something is kept of a server, in the folder of all such."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", str(address))
    return folder and folder / f"{kind}-{name}"


def state_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The folder for what is kept of each server; None: there is no home."""
    if platform == "darwin":
        return _folder(environ, "", "Library/Application Support")
    if platform == "win32":
        return _folder(environ, "LOCALAPPDATA", "AppData/Local")
    return _folder(environ, "XDG_STATE_HOME", ".local/state")


def _folder(
    environ: Mapping[str, str], variable: str, default: str, *file: str
) -> Path | None:
    """Our folder in the one that a variable names, or else in the home."""
    if base := environ.get(variable):
        return Path(base, "bcast", *file)
    home = environ.get("HOME") or environ.get("USERPROFILE")
    try:
        return Path(home or Path.home(), default, "bcast", *file)
    except RuntimeError:  # this account has no entry, as in some containers
        return None


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
            raise ConfigError(f"{path}: no such file; name one that exists") from None
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as problem:
        if not must_exist and not os.path.exists(path):
            return {}  # the home is another account's, or no folder
        raise ConfigError(f"{path}: {_reason(problem)}") from None
    sections = {name: dict(parser[name]) for name in parser.sections()}
    for name, settings in sections.items():
        for key in settings:
            if key not in KEYS:
                raise ConfigError(
                    f"{path}: [{name}] has an unknown setting {key!r}; leave it out"
                )
    return sections


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings that environment variables give; an empty one gives none."""
    found = {key: environ.get(variable, "") for key, variable in KEYS.items()}
    return {key: value for key, value in found.items() if value}


def merge(*layers: Settings) -> Settings:
    """The layers put together; later ones win.

    A url replaces the host and port of the layers below it, and they replace a url;
    so do quiet and presence.
    """
    merged: Settings = {}
    for layer in layers:
        if "url" in layer:
            merged.pop("host", None)
            merged.pop("port", None)
        elif "host" in layer or "port" in layer:
            merged.pop("url", None)
        for one, other in (("quiet", "presence"), ("presence", "quiet")):
            if one in layer and other not in layer:
                merged.pop(other, None)
        merged |= layer
    return merged


def name_on_this_machine(environ: Mapping[str, str] = os.environ) -> str:
    """The name of this account, as one that a server takes.

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
        SystemExit: with 2 after one line on stderr that names the wrong option or key;
            with 0 after help.
    """
    parser = arguments.make_parser()
    given = arguments.parse(parser, argv)
    if given.command == "completion":
        return Options("completion", shell=given.shell)
    try:
        _check_encoding(given, environ)
        if "--" not in argv:
            _check_words(given)
        return _options(given, environ)
    except (AddressError, ConfigError) as problem:
        parser.exit(2, f"bcast-client: {problem}\n")


def _options(given: argparse.Namespace, environ: Mapping[str, str]) -> Options:
    sections = _sections(given, environ)
    settings, line = _settings(given, environ, sections)
    values = _values(given, settings)
    address = _address(values)
    secret = _secret(values.get("token_file"), environ)
    if secret and not address.is_private and not given.plaintext_login:
        raise ConfigError(
            f"the secret would travel unencrypted to {address.where}; use tls://, "
            "or give --plaintext-login"
        )
    names = tuple(name for name in sections if name != "client")
    return Options(
        given.command,
        address=address,
        secret=secret,
        sections=names,
        given=frozenset(line),
        **values,
    )


def _values(given: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """The value of each field that was set, or that the command has its own for.

    Raises:
        ConfigError: a value is invalid; the message names it.
    """
    values: dict[str, Any] = {}
    for each in all_options():
        if not each.option.is_setting:
            value = getattr(given, each.field.strip("_"), None)
            if value is not None:
                values[each.field] = tuple(value) if each.field == "text" else value
            continue
        text = settings.get(each.key, each.option.defaults.get(given.command))
        if text is not None:
            try:
                values[each.field] = each.option.value(text)
            except ValueError as problem:
                raise ConfigError(f"--{each.key}: {problem}") from None
    return values


def _check_encoding(given: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """See that the text and the secret are what their bytes mean."""
    for word in getattr(given, "text", ()):
        if not _is_unicode(word):
            raise ConfigError(
                f"{word!r} is not in the encoding of this locale; use UTF-8"
            )
    if not _is_unicode(environ.get("BCAST_TOKEN", "")):
        raise ConfigError(
            "BCAST_TOKEN is not in the encoding of this locale; use UTF-8"
        )


def _is_unicode(text: str) -> bool:
    """Whether no byte of an argument or a variable was left undecoded."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _check_words(given: argparse.Namespace) -> None:
    """See that no server stands where ``send`` takes its text."""
    if given.command != SEND or len(given.text) < 2:
        return
    first = given.text[0]
    named = given.server or given.url or given.host or given.port
    if not named and is_likely(first):
        raise ConfigError(
            f"{first!r} looks like a server; give -s {first}, or put -- before "
            "the text to say it"
        )


def _sections(
    given: argparse.Namespace, environ: Mapping[str, str]
) -> dict[str, Settings]:
    """The sections of the config file."""
    chosen = given.config or environ.get("BCAST_CONFIG")
    path = Path(chosen) if chosen else config_path(environ)
    return read_config(path, must_exist=bool(chosen)) if path else {}


def _settings(
    given: argparse.Namespace,
    environ: Mapping[str, str],
    sections: Mapping[str, Settings],
) -> tuple[Settings, Settings]:
    """All settings, and those of them that stand in the command line itself."""
    line = {
        key: str(value)
        for key in KEYS
        if (value := getattr(given, key.replace("-", "_"), None)) is not None
    }
    server, given_port = given.server, getattr(given, "server_port", None)
    named: Settings = {}
    if server in sections and server != "client":
        named = sections[server]
    elif server and given_port is not None:
        if "/" in server or server.count(":") == 1:
            raise ConfigError(
                f"{server!r} and a port {given_port}; write {server}, or HOST PORT"
            )
        line = {"host": server, "port": str(given_port)} | line
    elif server:
        line = {"url": server} | line
    common = sections.get("client", {})
    return merge(common, from_environment(environ), named, line), line


def _address(values: Mapping[str, Any]) -> Address:
    """The server that the url means, or else the host and the port."""
    ca: str | None = values.get("ca")
    if "url" in values:
        address = parse_address(values["url"], ca)
    else:
        host = values.get("host", DEFAULT_ADDRESS.host)
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        port = values.get("port", DEFAULT_ADDRESS.port)
        address = parse_address(f"{'tls' if ca else 'tcp'}://{host}:{port}", ca)
    if ca is not None and not address.is_tls:
        raise ConfigError(
            f"--ca does nothing with {address}; use tls:// or wss://, or leave it out"
        )
    return address


def _secret(path: str | None, environ: Mapping[str, str]) -> str | None:
    """The secret: from the file named, or from ``BCAST_TOKEN``."""
    if path is None:
        return environ.get("BCAST_TOKEN") or None
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"--token-file: {path}: {_reason(problem)}") from None
    secret = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not secret:
        raise ConfigError(f"--token-file: {path} is empty; put the secret in it")
    return secret


def _reason(problem: Exception) -> str:
    """Why a file can't be read, in a few words."""
    if isinstance(problem, UnicodeDecodeError):
        start = bytes(problem.object[:2])
        is_wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return (
            "it is UTF-16; convert it to UTF-8"
            if is_wide
            else "it is not UTF-8; convert it"
        )
    if isinstance(problem, OSError):
        reason = problem.strerror.lower() if problem.strerror else str(problem)
        return f"{reason}; {READABLE}"
    return f"{str(problem).splitlines()[0]}; correct it"
