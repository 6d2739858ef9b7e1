"""The command line of ``twist broadcast``: what is taken, refused and explained."""

import sys
from pathlib import Path
from typing import Any, Final

import pytest
from twisted.application.twist._options import TwistOptions
from twisted.logger import jsonFileLogObserver, textFileLogObserver

from broadcast import __version__
from broadcast.command_line import Options
from broadcast.options import OPTIONS
from tests.support.settings import refusal_of, settings_of

SEE_HELP: Final = "see --help"


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
    settings = settings_of("--config", str(path), "--port", "9001")
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


def test_a_listen_wins_over_the_files_port(tmp_path: Path) -> None:
    """On the command line; over the file's host and endpoints as well."""
    path = tmp_path / "config"
    path.write_text("[server]\nport = 9000\nhost = ::1\n")
    words = ("--config", str(path), "--listen", "tcp:3")
    assert getattr(settings_of(*words), "listen", None) == ("tcp:3",)
    path.write_text("[server]\nlisten = tcp:1 tcp:2\n")
    assert getattr(settings_of(*words), "listen", None) == ("tcp:3",)
    assert getattr(settings_of(*words[:2]), "listen", None) == ("tcp:1", "tcp:2")


def test_a_word_too_many_is_named() -> None:
    """An argument is neither an option nor an option's value."""
    assert refusal_of("extra") == f"broadcast: 'extra' is no option; {SEE_HELP}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-port", "8000"), "'-port' is no option; did you mean --port?"),
        (("-host=::1",), "'-host=::1' is no option; did you mean --host?"),
        (("--echo", "-check"), "'-check' is no option; did you mean --check?"),
        (("\u2014port", "1"), "'\u2014port' is no option; did you mean --port?"),
    ],
)
def test_a_dash_is_missing(words: tuple[str, ...], told: str) -> None:
    """It is not taken for a letter and its value; a value may look like that."""
    assert refusal_of(*words) == f"broadcast: {told}"
    assert settings_of("--welcome", "-port", "-p8000").welcome == "-port"


def test_a_whole_number_below_the_least(tmp_path: Path) -> None:
    """It is told the least, not that it is no number."""
    told = "'-3' is out of range; give a number from 0 to 1000000"
    words = refusal_of("--max-per-host", "-3")
    assert words == f"broadcast: --max-per-host: {told}"


def test_values_that_are_right(tmp_path: Path) -> None:
    """Sizes with units, off, zero, words from a file."""
    path = tmp_path / "words"
    path.write_text("Grüße\n", "utf-8")
    settings = settings_of(
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
    assert getattr(settings_of("--relay"), "rate", None) == 0.0


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_explains_each_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """By group, as wide as the terminal, with examples at the end."""
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as exit_:
        settings_of(word)
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: twist broadcast [options]\n\n")
    assert "TCP port to listen on. 0: any free one. Default: 8000.\n" in shown
    assert "\nLimits:\n" in shown
    assert shown.index("\nExamples:\n") > shown.index("--version")
    for option in OPTIONS:
        assert f"--{option.name} {option.unit}".rstrip() in shown


def test_a_value_of_nothing_wins_over_the_file(tmp_path: Path) -> None:
    """An option with an empty value counts as given."""
    path = tmp_path / "config"
    path.write_text("[server]\nwelcome = Hi\n")
    assert getattr(settings_of("-c", str(path), "--welcome", ""), "welcome", None) == ""


def test_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` tells the daemon's version first, then Twisted's."""
    with pytest.raises(SystemExit) as exit_:
        settings_of("--version")
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith(f"broadcast {__version__}, Twisted ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--prot", "1"], "option --prot not recognized"),
        (["--port"], "option --port requires argument; see"),
        (["--echo=yes"], "option --echo must not have an argument"),
        (["--relay", "--users", "x"], "--relay: a relay knows no login"),
        (["--web-origin", "x"], "--web-origin: 'x' is no origin;"),
    ],
)
def test_a_wrong_command_line_is_one_line(words: list[str], told: str) -> None:
    """No screen of usage: the daemon's name, the option and the reason."""
    refusal = refusal_of(*words)
    assert refusal.startswith(f"broadcast: {told}")
    assert "\n" not in refusal


def test_what_may_be_given_again_is_collected(tmp_path: Path) -> None:
    """Each occurrence adds to those before it; together they win over the file's."""
    path = tmp_path / "config"
    path.write_text("[server]\nlisten-only = tcp:9\nweb-origin = http://old\n")
    settings: Any = settings_of(
        *("--config", str(path), "--listen", "tcp:1", "--listen", "tcp:2"),
        *("--listen-only", "tcp:3", "--listen-only", "tcp:4"),
        *("--speak-only", "a=tcp:5", "--speak-only", "tcp:6"),
        *("--web-origin", "http://x", "--web-origin", "https://y"),
    )
    assert settings.listen == ("tcp:1", "tcp:2")
    assert settings.listen_only == ("tcp:3", "tcp:4")
    assert settings.speak_only == (("a", "tcp:5"), ("", "tcp:6"))
    assert settings.web_origin == {("http", "x", 80), ("https", "y", 443)}


def test_the_file_is_read_anew_for_each_reload(tmp_path: Path) -> None:
    """``read`` sees the file as it is now; ``settings`` stay those of the start."""
    path = tmp_path / "config"
    path.write_text("[server]\nwelcome = one\n")
    options = Options()
    options.parseOptions(["--config", str(path)])
    path.write_text("[server]\nwelcome = two\n")
    assert options.read().welcome == "two"
    assert options.settings.welcome == "one"


@pytest.mark.parametrize(
    ("words", "ours", "chosen", "is_ours"),
    [
        ([], [], jsonFileLogObserver, True),
        (["--log-format", "text"], [], textFileLogObserver, True),
        (["--log-format=json"], [], jsonFileLogObserver, False),
        (["--log-fo", "json"], [], jsonFileLogObserver, False),
        ([], ["--welcome", "--log-format"], jsonFileLogObserver, True),
        (["--log-file", "--log-format"], [], jsonFileLogObserver, True),
    ],
)
def test_the_console_has_our_lines_unless_json_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    ours: list[str],
    chosen: object,
    is_ours: bool,
) -> None:
    """Twist takes JSON by itself where stdout is no terminal: people read that too."""
    monkeypatch.setattr(sys, "argv", ["twist", *words, "broadcast", *ours])
    twist: Any = TwistOptions()
    twist["fileLogObserverFactory"] = chosen
    options = Options()
    options.parent = twist
    options.parseOptions([])
    lines = options.threshold.line_observer
    assert twist["fileLogObserverFactory"] == (lines if is_ours else chosen)
