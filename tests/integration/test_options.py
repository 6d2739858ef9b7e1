"""Options, on the command line and in the file: a wrong one is one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast import __version__
from broadcast.options import FLAGS, LISTS, OPTIONS, SettingError
from broadcast.tap import Options
from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient


def _settings(*words: str) -> object:
    options = Options()
    options.parent = None
    options.parseOptions(list(words))
    return options.settings


def _refusal(*words: str) -> str:
    with pytest.raises(SystemExit) as refused:
        _settings(*words)
    return str(refused.value)


WRONG = [
    ("port", "eighty"),
    ("port", "65536"),
    ("port", "-1"),
    ("max-line", "63"),
    ("max-line", "8k"),
    ("log-size", "1"),
    ("log-size", "big"),
    ("log-size", "2000G"),
    ("history", "-5"),
    ("idle-timeout", "soon"),
    ("idle-timeout", "-1"),
    ("stall-timeout", "1e99"),
    ("greeting-delay", "nan"),
    ("flush-partial", "on"),
    ("drain", ""),
    ("rate", "fast"),
    ("rate", "0.01"),
    ("burst", "x"),
    ("log-file-size", "1"),
    ("log-file-count", "0"),
    ("welcome", "@/nonexistent/words"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line(name: str, value: str) -> None:
    """It names the option, on the command line."""
    words = _refusal(f"--{name}", value)
    assert words.startswith(f"broadcast: --{name}: ")
    assert "\n" not in words


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_in_the_file(tmp_path: Path, name: str, value: str) -> None:
    """And in the file: which file, and the name as it stands there."""
    path = tmp_path / "config"
    path.write_text(f"[server]\n{name} = {value}\n")
    words = _refusal("--config", str(path))
    assert words.startswith(f"broadcast: --config: {path}: {name}: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[server]\nprot = 1\n", "unknown option prot"),
        ("[sever]\nport = 1\n", "unknown section [sever]"),
        ("port = 1\n", "no section headers"),
        ("[server]\nport = 1\nport = 2\n", "already exists"),
        ("[server]\necho = maybe\n", "neither yes nor no"),
        ("[server]\nport\n", "parsing errors"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, told: str) -> None:
    """One line, that says what is wrong in it."""
    path = tmp_path / "config"
    path.write_text(text)
    words = _refusal("--config", str(path))
    assert told in words.replace("file contains ", "")
    assert "\n" not in words


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Named, with the system's own reason."""
    path = tmp_path / "none"
    told = f"broadcast: --config: can't read {path}: no such file or directory"
    assert _refusal("--config", str(path)) == told


def test_the_command_line_wins(tmp_path: Path) -> None:
    """Over the file, option by option; the file wins over the default."""
    path = tmp_path / "config"
    path.write_text(
        "[server]\n"
        "port = 9000      # for the class\n"
        "max_line = 1000  ; either comment\n"
        "# a line of its own\n"
        "welcome = Hi; no # here\n"
        "echo = yes\n"
        "log-size = 1 MiB\n"
    )
    settings = _settings("--config", str(path), "--port", "9001")
    wanted = {
        "port": 9001,
        "max_line": 1000,
        "welcome": "Hi; no",
        "echo": True,
        "relay": False,
        "log_size": 1 << 20,
        "listen": (),
        "history": 1000,
        "rate": 10_000.0,
    }
    assert {name: getattr(settings, name) for name in wanted} == wanted


@pytest.mark.parametrize("place", ["port", "host"])
@pytest.mark.parametrize("door", ["listen", "listen-only", "speak-only"])
def test_no_place_is_ignored(tmp_path: Path, place: str, door: str) -> None:
    """A port or host beside an endpoint would do nothing: it is refused."""
    told = f"it does nothing beside --{door}: say --{door} tcp:PORT:interface=HOST"
    here, there = (f"--{door}", "tcp:1"), (f"--{place}", "2")
    words = _refusal(*here, *there)
    assert words == f"broadcast: --{place}: {told}"
    path = tmp_path / "config"
    path.write_text(f"[server]\n{door} = tcp:1\n")
    words = _refusal("--config", str(path), *there)
    assert words == f"broadcast: --{place}: {told}"
    path.write_text(f"[server]\n{door} = tcp:1\n{place} = 2\n")
    words = _refusal("--config", str(path))
    assert words == f"broadcast: --config: {path}: {place}: {told}"


def test_a_listen_wins_over_the_files_port(tmp_path: Path) -> None:
    """On the command line; over the file's host and endpoints as well."""
    path = tmp_path / "config"
    path.write_text("[server]\nport = 9000\nhost = ::1\n")
    words = ("--config", str(path), "--listen", "tcp:3")
    assert getattr(_settings(*words), "listen", None) == ("tcp:3",)
    path.write_text("[server]\nlisten = tcp:1 tcp:2\n")
    assert getattr(_settings(*words), "listen", None) == ("tcp:3",)
    assert getattr(_settings(*words[:2]), "listen", None) == ("tcp:1", "tcp:2")


def test_the_host_of_the_page_goes_with_a_listen() -> None:
    """A bare port of --web is one on --host; an endpoint is not."""
    words = ("--listen", "tcp:3", "--host", "::1", "--web")
    assert getattr(_settings(*words, "80"), "host", None) == "::1"
    assert "it does nothing beside --listen" in _refusal(*words, "tcp:80")


def test_a_word_too_many_is_named() -> None:
    """What is neither an option nor an option's value."""
    assert _refusal("extra") == "broadcast: 'extra' is no option: see --help"


def test_a_whole_number_below_the_least(tmp_path: Path) -> None:
    """It is told the least, not that it is no number."""
    told = "broadcast: --max-per-host: -3 is not between 0 and 1000000"
    assert _refusal("--max-per-host", "-3") == told


def test_values_that_are_right(tmp_path: Path) -> None:
    """Sizes with units, off, zero, words from a file."""
    path = tmp_path / "words"
    path.write_text("Grüße\n", "utf-8")
    settings = _settings(
        *("--log-size", "2g", "--flush-partial", "0.05", "--idle-timeout", "0"),
        *("--welcome", f"@{path}", "--rate", "5", "--relay", "--listen", "tcp:3"),
    )
    wanted = {
        "log_size": 2 << 30,
        "flush_partial": 0.05,
        "idle_timeout": 0.0,
        "welcome": "Grüße",
        "rate": 5.0,
        "burst": 10.0,
        "relay": True,
        "listen": ("tcp:3",),
    }
    assert {name: getattr(settings, name) for name in wanted} == wanted
    assert getattr(_settings("--relay"), "rate", None) == 0.0


def test_the_real_daemon_refuses_in_one_line() -> None:
    """No traceback, no usage text of screens: one line and a non-zero exit."""
    for wrong in (["--port", "x"], ["--nonsense"], ["--config", "/nonexistent"]):
        code, out, err = refused_start(*wrong)
        assert code > 0
        assert (out, len(err.splitlines())) == ("", 1)
        assert err.startswith("broadcast: ")


def test_a_config_file_for_the_real_daemon(
    daemon: Callable[..., Daemon],
    connect: Callable[[Daemon], LineClient],
    tmp_path: Path,
) -> None:
    """The file alone is enough to run it."""
    path = tmp_path / "config"
    path.write_text("[server]\nport = 0\nwelcome = from the file\n")
    client = connect(daemon("--config", str(path)))
    assert client.line() == "* from the file"


def test_setting_errors_are_value_errors() -> None:
    """So that one except clause is enough for who reads settings."""
    assert issubclass(SettingError, ValueError)


def test_help_explains_each_option() -> None:
    """With its default, in words without a gap wherever the source breaks."""
    told = Options().docs
    shown = " ".join(str(Options()).split())
    for name in [o.name for o in OPTIONS + FLAGS + LISTS] + ["listen", "config"]:
        assert told[name]
        assert "\n" not in told[name]
        assert "  " not in told[name]
        assert f"--{name}" in shown
    assert "TCP port; 0 takes any free one (default: 8000)" in shown


def test_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` tells the daemon's version first, then Twisted's."""
    with pytest.raises(SystemExit) as exit_:
        _settings("--version")
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith(f"broadcast {__version__}, Twisted ")
