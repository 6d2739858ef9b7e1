"""The settings: read from the command line and the file, or refused in one line."""

from pathlib import Path

import pytest

from broadcast.options import LIVE, SettingError, read_config, settings_from
from tests.support.settings import refusal_of, settings_of

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
    ("welcome", "@{missing}"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line(tmp_path: Path, name: str, value: str) -> None:
    """It names the option, on the command line."""
    words = refusal_of(f"--{name}", value.format(missing=tmp_path / "missing"))
    assert words.startswith(f"broadcast: --{name}: ")
    assert "\n" not in words


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_in_the_file(tmp_path: Path, name: str, value: str) -> None:
    """And in the file: which file, and the name as it stands there."""
    path = tmp_path / "config"
    value = value.format(missing=tmp_path / "missing")
    path.write_text(f"[server]\n{name} = {value}\n")
    words = refusal_of("--config", str(path))
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
    words = refusal_of("--config", str(path))
    assert told in words.replace("file contains ", "")
    assert "\n" not in words


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Named, with the system's own reason."""
    path = tmp_path / "none"
    told = f"broadcast: --config: can't read {path}: no such file or directory"
    assert refusal_of("--config", str(path)) == told


@pytest.mark.parametrize("place", ["port", "host"])
@pytest.mark.parametrize("door", ["listen", "listen-only", "speak-only"])
def test_no_place_is_ignored(tmp_path: Path, place: str, door: str) -> None:
    """A port or host beside an endpoint would do nothing: it is refused."""
    told = f"it does nothing beside --{door}: say --{door} tcp:PORT:interface=HOST"
    here, there = (f"--{door}", "tcp:1"), (f"--{place}", "2")
    words = refusal_of(*here, *there)
    assert words == f"broadcast: --{place}: {told}"
    path = tmp_path / "config"
    path.write_text(f"[server]\n{door} = tcp:1\n")
    words = refusal_of("--config", str(path), *there)
    assert words == f"broadcast: --{place}: {told}"
    path.write_text(f"[server]\n{door} = tcp:1\n{place} = 2\n")
    words = refusal_of("--config", str(path))
    assert words == f"broadcast: --config: {path}: {place}: {told}"


def test_the_host_of_the_page_goes_with_a_listen() -> None:
    """A bare port of --web is one on --host; an endpoint is not."""
    words = ("--listen", "tcp:3", "--host", "::1", "--web")
    assert getattr(settings_of(*words, "80"), "host", None) == "::1"
    assert "it does nothing beside --listen" in refusal_of(*words, "tcp:80")


def test_setting_errors_are_value_errors() -> None:
    """So that one except clause is enough for who reads settings."""
    assert issubclass(SettingError, ValueError)


@pytest.mark.parametrize("option", ["token-file", "users", "auth"])
def test_a_relay_knows_no_login(option: str) -> None:
    """A relay that nobody could log in to is refused, wherever that was asked for."""
    relay = {"relay": "yes"}
    for given, config in ((relay, {option: "x"}), ({option: "x"}, relay)):
        with pytest.raises(SettingError, match=r"^--relay: a relay knows no login$"):
            settings_from(given, (), config)
        settings_from(given | {"relay": "no"}, (), config)


@pytest.mark.parametrize(
    ("given", "rate", "burst"),
    [
        ({}, 10_000.0, 20_000.0),
        ({"rate": "0.1"}, 0.1, 1.0),
        ({"rate": "0"}, 0.0, 1.0),
        ({"relay": "yes"}, 0.0, 1.0),
        ({"relay": "yes", "rate": "3"}, 3.0, 6.0),
        ({"rate": "3", "burst": "0"}, 3.0, 0.0),
    ],
)
def test_a_burst_is_two_seconds_of_the_rate(
    given: dict[str, str], rate: float, burst: float
) -> None:
    """One line at least can be said at once; a burst that is given holds."""
    settings = settings_from(given, (), {})
    assert (settings.rate, settings.burst) == (rate, burst)


def test_sighup_changes_what_the_manual_says() -> None:
    """All other options need a restart, and the daemon says so."""
    told = (
        "welcome history idle-timeout stall-timeout rate burst flush-partial drain"
    ).replace("-", "_")
    assert set(told.split()) == LIVE


def test_a_file_has_values_as_they_stand(tmp_path: Path) -> None:
    """A percent sign and a # within a word are text; a name has either dash."""
    path = tmp_path / "config"
    path.write_text(
        "[server]\nMAX_LINE = 100\nwelcome = 100% fun#1 #not\n"
        "speak-only = build=tcp:1\n  tcp:2\n"
    )
    config = read_config(str(path))
    assert (config["max-line"], config["welcome"]) == ("100", "100% fun#1")
    assert settings_from({}, (), config).speak_only == (
        ("build", "tcp:1"),
        ("", "tcp:2"),
    )
    path.write_text("# nothing yet\n")
    assert read_config(str(path)) == {}


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """What is not UTF-8 is told in one line with the path."""
    path = tmp_path / "config"
    path.write_bytes(b"[server]\nwelcome = Gr\xfc\xdfe\n")
    with pytest.raises(SettingError, match="can't decode") as refused:
        read_config(str(path))
    assert str(refused.value).startswith(f"--config: can't read {path}: ")
    assert "\n" not in str(refused.value)
