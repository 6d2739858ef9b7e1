"""The command line of ``twist broadcast``, and the parts that it is made into."""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import jsonFileLogObserver, textFileLogObserver

from broadcast import __version__
from broadcast.base.settings import RoomSettings
from broadcast.options import FLAGS, LISTS, OPTIONS
from broadcast.tap import Options, _certificates_for, _policy_for, room_settings
from tests.support.settings import refusal_of, settings_of


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
    """What is neither an option nor an option's value."""
    assert refusal_of("extra") == "broadcast: 'extra' is no option: see --help"


def test_a_whole_number_below_the_least(tmp_path: Path) -> None:
    """It is told the least, not that it is no number."""
    told = "broadcast: --max-per-host: -3 is not between 0 and 1000000"
    assert refusal_of("--max-per-host", "-3") == told


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
        settings_of("--version")
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith(f"broadcast {__version__}, Twisted ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--prot", "1"], "option --prot not recognized"),
        (["--port"], "option --port requires argument"),
        (["--echo=yes"], "option --echo must not have an argument"),
        (["--relay", "--users", "x"], "--relay: a relay knows no login"),
        (["--web-origin", "x"], "--web-origin: 'x' is no origin,"),
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


def test_the_room_is_given_each_of_its_settings() -> None:
    """What the room and the daemon call the same is the same, whatever is chosen."""
    settings: Any = settings_of(
        *("--welcome", "Hi", "--max-line", "100", "--history", "7", "--echo"),
        *("--relay", "--rate", "3", "--burst", "4", "--max-members", "5"),
        *("--max-per-host", "6"),
    )
    room, default = room_settings(settings), RoomSettings()
    for name in {field.name for field in fields(RoomSettings)} - {"server"}:
        assert getattr(room, name) == getattr(settings, name) != getattr(default, name)
    assert room.server == f"broadcast/{__version__}"


def test_a_file_that_is_needed_is_told_by_its_option(tmp_path: Path) -> None:
    """A daemon without its certificates, secrets or bans does not start."""
    path = tmp_path / "none" / "file"
    missing = "no such file or directory"
    for option, told in (
        ("ban-file", f"{path}: {missing}"),
        ("token-file", f"can't read {path}: {missing}"),
    ):
        settings: Any = settings_of(f"--{option}", str(path))
        with pytest.raises(SystemExit) as refused:
            _policy_for(settings, MemoryReactorClock())
        assert refused.value.code == f"broadcast: --{option}: {told}"
    settings = settings_of("--tls-cert", str(path))
    with pytest.raises(SystemExit) as refused:
        _certificates_for(settings)
    assert str(refused.value.code).startswith("broadcast: --tls-cert: ")


@pytest.mark.parametrize(
    ("words", "chosen", "is_ours"),
    [
        ([], jsonFileLogObserver, True),
        (["--log-format", "text"], textFileLogObserver, True),
        (["--log-format=json"], jsonFileLogObserver, False),
    ],
)
def test_the_console_has_our_lines_unless_json_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, words: list[str], chosen: object, is_ours: bool
) -> None:
    """Twist takes JSON by itself where stdout is no terminal: people read that too."""
    monkeypatch.setattr(sys, "argv", ["twist", *words, "broadcast"])
    twist: Any = {"fileLogObserverFactory": chosen}
    options = Options()
    options.parent = twist
    options.parseOptions([])
    ours = options.threshold.line_observer
    assert twist["fileLogObserverFactory"] == (ours if is_ours else chosen)
