"""The command line, the environment and the config file."""

import os
import sys
from pathlib import Path

import pytest

from broadcast import __version__
from broadcast.client.cli.arguments import make_parser
from broadcast.client.cli.completion import find_words
from broadcast.client.cli.config import (
    KEYS,
    config_path,
    name_on_this_machine,
    parse_options,
    state_path,
)
from broadcast.client.core.options import Options
from broadcast.client.events import Lost
from broadcast.client.io.runner import reason_for

ROOT = Path(__file__).parents[3]


CONFIG = """\
[client]
name = alice   # a comment
bell = mention

[work]
url = tls://work.example:8001
name = anna
"""


def options(home: Path, *argv: str, **environ: str) -> Options:
    return parse_options(argv, {"HOME": str(home)} | environ)


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A home with a config file."""
    path = config_path({"HOME": str(tmp_path)})
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_defaults(tmp_path: Path) -> None:
    """Without anything it is this machine, port 8000."""
    found = options(tmp_path, "connect")
    assert str(found.address) == "tcp://127.0.0.1:8000"
    assert (found.name, found.bell, found.retry) == (None, "off", None)
    assert options(tmp_path, "send", "x").retry == 60


def test_sections(configured: Path) -> None:
    """``[client]`` is for all; a section named on the command line is over it."""
    found = options(configured, "connect")
    assert (found.name, found.bell) == ("alice", "mention")
    found = options(configured, "connect", "work")
    assert (str(found.address), found.name) == ("tls://work.example:8001", "anna")
    assert found.bell == "mention"
    assert options(configured, "send", "-s", "work", "x").name == "anna"


def test_what_wins(configured: Path) -> None:
    """Command line, then the section named, then the environment, then ``[client]``."""
    env = {"BCAST_NAME": "env", "BCAST_URL": "tcp://env:1", "BCAST_QUIET": ""}
    assert options(configured, "tail", **env).name == "env"
    assert options(configured, "tail", **env).address.where == "env:1"
    assert options(configured, "tail", "work", **env).name == "anna"
    found = options(configured, "tail", "work", "--name", "me", "-p", "7", **env)
    assert (found.name, str(found.address)) == ("me", "tcp://127.0.0.1:7")
    assert options(configured, "tail", "other:9", **env).address.where == "other:9"
    found = options(configured, "tail", "--host", "::1", BCAST_CONFIG="")
    assert found.address.where == "[::1]:8000"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["connect", "-p", "0"], "--port: '0'"),
        (["connect", "-p", "x"], "--port: 'x'"),
        (
            ["send", "-s", "h:abc", "x"],
            "'h:abc': no such port; give a number from 1 to 65535",
        ),
        (
            ["send", "-s", "h:70000", "x"],
            "'h:70000': no such port; give a number from 1 to 65535",
        ),
        (["send", "-s", "[::1", "x"], "'[::1' is not an address; give tcp://host:port"),
        (["connect", "--url", "http://x"], "'http://x'"),
        (["connect", "--bell", "loud"], "--bell: 'loud'"),
        (["connect", "--color", "blue"], "--color: 'blue'"),
        (
            ["connect", "--history", "x"],
            "--history: 'x' is not a whole number; give 0 or more",
        ),
        (
            ["send", "-n", "has space", "x"],
            "'has space': a name has no spaces; has-space would do",
        ),
        (["connect", "--name", ""], "--name: a name can't be empty"),
        (["tail", "--name", "two\nlines"], "--name: "),
        (["connect", "--away", "-1"], "--away: '-1'"),
        (["connect", "--retry", "soon"], "--retry: 'soon'"),
        (["connect", "--ca", "{missing}"], "--ca: can't read {missing}; name a file"),
        (
            ["connect", "--url", "tcp://h", "--ca", __file__],
            "--ca does nothing with tcp://h:8000; use tls://",
        ),
        (["connect", "--token-file", "{missing}"], "--token-file: {missing}"),
        (["connect", "--config", "{missing}"], "{missing}: no such file"),
        (["tail", "h:8000", "8001"], "'h:8000' and a port 8001; write h:8000, or HOST"),
        (["connect", "ws://h", "80"], "'ws://h' and a port 80; write ws://h, or HOST"),
    ],
)
def test_wrong_values(
    argv: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong value is one line that names the option, and exit code 2."""
    missing = tmp_path / "missing"
    with pytest.raises(SystemExit) as exit_:
        options(tmp_path, *(word.format(missing=missing) for word in argv))
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words.format(missing=missing) in line


@pytest.mark.parametrize(
    "word",
    ["127.0.0.1:8000", "chat:8000", "[::1]:8000", "wss://h/ws", "tls://h", "unix:/s"],
)
def test_server_among_the_words_to_say(
    word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``send SERVER TEXT`` is refused; alone, or after an option or --, it is said."""
    with pytest.raises(SystemExit) as exit_:
        options(tmp_path, "send", word, "hello")
    assert exit_.value.code == 2
    assert f"give -s {word}, or put --" in capsys.readouterr().err
    for before in (["--"], ["-s", "h"], ["-p", "7"], ["--host", "h"]):
        assert options(tmp_path, "send", *before, word, "x").text == (word, "x")
    assert options(tmp_path, "send", word).text == (word,)


@pytest.mark.parametrize(
    "word", ["foo.py:12", "error:404", "at:", "https://x/", "12:30"]
)
def test_words_that_are_no_server(word: str, tmp_path: Path) -> None:
    """A word that may well be meant as text is said."""
    assert options(tmp_path, "send", word, "hello").text == (word, "hello")


def test_section_that_is_not_there(configured: Path, tmp_path: Path) -> None:
    """A name that is neither a host nor a section is said so, with those there are."""

    def words_for(config: Path, server: str) -> str:
        given = options(config, "tail", server)
        lost = Lost("no such host", None, "cannot-connect")
        return reason_for(lost, given.address, given.sections)

    words = words_for(configured, "wrk")
    assert words.endswith("the config file has no [wrk] either, but [work]")
    words = words_for(configured, "wrk.example")
    assert words == "can't connect to wrk.example:8000: no such host; correct the name"
    words = words_for(tmp_path / "none", "wrk")
    assert words == "can't connect to wrk:8000: no such host; correct the name"


def test_version_says_of_what(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` names the program as well."""
    with pytest.raises(SystemExit) as exit_:
        parse_options(["--version"], {})
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bcast-client {__version__}\n"


@pytest.mark.parametrize(
    "text", ["name = x", "[client]\nnom = x", "[client\n", "[client]\nquiet = perhaps"]
)
def test_wrong_files(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A config file that is wrong is one line, and exit code 2."""
    path = tmp_path / "c.ini"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as exit_:
        options(tmp_path, "connect", "--config", str(path))
    assert exit_.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a file or the environment; unencrypted to another machine only if meant."""
    path = tmp_path / "token"
    path.write_text("\n s3cret \nolder\n", encoding="utf-8")
    argv = ("send", "--token-file", str(path), "x")
    assert options(tmp_path, *argv).secret == "s3cret"
    assert options(tmp_path, "send", "x", BCAST_TOKEN="t").secret == "t"
    assert "s3cret" not in repr(options(tmp_path, *argv))
    with pytest.raises(SystemExit):
        options(tmp_path, *argv, "--host", "h.example")
    assert "would travel unencrypted to h.example:8000" in capsys.readouterr().err
    assert options(tmp_path, *argv, "--host", "h", "--plaintext-login").secret
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        options(tmp_path, *argv)
    path.write_bytes(b"\xff")
    with pytest.raises(SystemExit):
        options(tmp_path, *argv)


@pytest.mark.parametrize(
    ("platform", "environ", "config", "state"),
    [
        ("linux", {}, "/h/.config/bcast/config.ini", "/h/.local/state/bcast"),
        (
            "linux",
            {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"},
            "/c/bcast/config.ini",
            "/s/bcast",
        ),
        (
            "darwin",
            {},
            "/h/Library/Application Support/bcast/config.ini",
            "/h/Library/Application Support/bcast",
        ),
        (
            "win32",
            {"APPDATA": "/a", "LOCALAPPDATA": "/l"},
            "/a/bcast/config.ini",
            "/l/bcast",
        ),
    ],
)
def test_platforms_places(
    platform: str, environ: dict[str, str], config: str, state: str
) -> None:
    """Files are where the platform expects them."""
    environ = {"HOME": "/h"} | environ
    assert config_path(environ, platform) == Path(config)
    assert state_path(environ, platform) == Path(state)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"USER": "ann"}, "ann"),
        ({"USERNAME": "Ann Lee"}, "Ann-Lee"),
        ({"LOGNAME": "_x"}, "x"),
        ({"USER": "---"}, "guest"),
    ],
)
def test_default_name(environ: dict[str, str], name: str) -> None:
    """The name one has on this machine, made into one that a server takes."""
    assert name_on_this_machine(environ) == name


def test_default_name_without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under cron it is the account's; guest only where there are no accounts."""
    pwd = pytest.importorskip("pwd", reason="this system has no accounts database")
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = "guest"
    assert name_on_this_machine({}) == name_on_this_machine({"USER": account})
    monkeypatch.setitem(sys.modules, "pwd", None)
    assert name_on_this_machine({}) == "guest"


def no_account(number: int) -> None:
    raise KeyError(f"uid not found: {number}")


def test_account_without_a_home(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no home, as in some containers, there is no file; all else is."""
    pwd = pytest.importorskip("pwd", reason="this system has no accounts database")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", no_account)
    for platform in ("linux", "darwin", "win32"):
        assert config_path({}, platform) is None
        assert state_path({}, platform) is None
    assert str(parse_options(["connect"], {}).address) == "tcp://127.0.0.1:8000"
    assert name_on_this_machine({}) == "guest"
    for option in ("--token-file", "--ca", "--config"):
        with pytest.raises(SystemExit) as exit_:
            parse_options(["tail", option, "~/file"], {})
        assert exit_.value.code == 2
        *_, line = capsys.readouterr().err.splitlines()
        assert line.endswith("~/file: no such home; give the whole path")


def test_every_option_is_documented() -> None:
    """The man page, docs/client.md and the completions know every option and key."""
    page = (ROOT / "docs/man/bcast-client.1").read_text(encoding="utf-8")
    page = page.replace("\\-", "-")
    text = (ROOT / "docs/client.md").read_text(encoding="utf-8")
    words = {w for words in find_words().after.values() for w in words if w[:2] == "--"}
    for word in words - {"--help", "--follow"}:
        assert word in page, word
    for key, variable in KEYS.items():
        assert key in text
        assert variable in page
    assert "examples:" in make_parser().format_help()
    assert "130" in make_parser().format_help()
