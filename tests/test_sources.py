"""The environment and the file: what wins, and what is refused."""

import os
from pathlib import Path

import pytest

from broadcast.options import OPTIONS, choose
from broadcast.sources import SettingError, read_config, read_environment, variable_of
from tests.support.settings import refusal_of, settings_of


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BCASTD_")]:
        monkeypatch.delenv(name)


def test_each_option_has_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name in capitals; the value as in the file."""
    given = {
        "port": "1",
        "welcome": "hello; # there",
        "relay": "yes",
        "name-prompt": "",
        "web-origin": "https://a.example http://b.example",
    }
    for name, value in given.items():
        monkeypatch.setenv(variable_of(name), value)
    settings = settings_of()
    assert (settings.port, settings.relay) == (1, True)
    assert (settings.welcome, settings.name_prompt) == ("hello; # there", "")
    assert len(settings.web_origin) == 2
    names = {variable_of(option.name): "x" for option in OPTIONS}
    assert len(read_environment(names)) == len(OPTIONS)


def test_the_command_line_wins_then_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Then the file, which a variable may name, and the default last."""
    config = tmp_path / "config"
    config.write_text("[server]\ndrain = 1\nmax-line = 101\nrate = 11\n")
    monkeypatch.setenv("BCASTD_CONFIG", str(config))
    monkeypatch.setenv("BCASTD_MAX_LINE", "102")
    monkeypatch.setenv("BCASTD_RATE", "12")
    settings = settings_of("--rate", "13")
    assert (settings.drain, settings.max_line, settings.rate) == (1, 102, 13)
    assert settings.stall_timeout == 120
    other = tmp_path / "other"
    other.write_text("[server]\n")
    assert settings_of("--config", str(other)).drain == 10


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BCASTD_PROT", "1", "BCASTD_PROT: unknown option; did you mean BCASTD_PORT?"),
        ("BCASTD_XYZZY", "1", "BCASTD_XYZZY: unknown option; see --help"),
        ("BCASTD_CHECK", "yes", "BCASTD_CHECK: unknown option; "),
        ("BCASTD_PORT", "x", "BCASTD_PORT: 'x' is not a whole number; "),
        ("BCASTD_PORT", "tcp://10.0.0.1:8000", "BCASTD_PORT: "),
        ("BCASTD_RELAY", "maybe", "BCASTD_RELAY: 'maybe' is neither yes nor no; "),
        ("BCASTD_CONFIG", "/nope", "--config: can't read /nope: "),
    ],
)
def test_a_wrong_variable_is_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    """It is called by its own name."""
    monkeypatch.setenv(name, value)
    words = refusal_of()
    assert words.startswith(f"broadcast: {told}")
    assert "\n" not in words


def test_what_kubernetes_sets_is_nothing_to_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a service called broadcast it sets these in each pod."""
    monkeypatch.setenv("BROADCAST_PORT", "tcp://10.0.0.1:8000")
    monkeypatch.setenv("BROADCAST_SERVICE_HOST", "10.0.0.1")
    assert settings_of().port == 8000


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (({"listen": ("tcp:1",)}, {"port": "2"}, {"host": "::"}), None),
        (({}, {"listen": "tcp:1"}, {"port": "2"}), None),
        (({"port": "2"}, {"listen": "tcp:1"}, {}), "--port"),
        (({}, {"listen": "tcp:1", "host": "::"}, {}), "BCASTD_HOST"),
        (({}, {"port": "1"}, {"listen": "tcp:1"}), "BCASTD_PORT"),
        (({}, {"host": "::", "metrics": "9"}, {"listen": "tcp:1"}), None),
    ],
)
def test_weaker_ports_give_way_to_endpoints(
    layers: tuple[dict[str, str], dict[str, str], dict[str, str]], told: str | None
) -> None:
    """Of the same strength or stronger, they would do nothing, and are refused."""
    given, variables, config = layers
    _, faults = choose(given, config, "room.ini", variables)
    assert [fault.partition(": ")[0] for fault in faults] == ([told] if told else [])


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """A line for each; what is right of the same file holds."""
    config = tmp_path / "config"
    config.write_text("[server]\nprot = 1\nxyz = 2\nport = 3\n[other]\n")
    with pytest.raises(SettingError) as refused:
        read_config(str(config))
    assert len(refused.value.faults) == 3
    assert refused.value.found == {"port": "3"}
    words = refusal_of("--port", "x", "--drain", "y")
    assert [line.split(": ")[:2] for line in words.split("\n")] == [
        ["broadcast", "--port"],
        ["broadcast", "--drain"],
    ]


def test_secrets_may_be_credentials_of_systemd(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By their name, in the folder that the unit is given."""
    refused = refusal_of("--token-file", "credential:tokens")
    assert refused.startswith(
        "broadcast: --token-file: 'credential:tokens': there is no "
    )
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("BCASTD_TLS_KEY", "credential:key")
    monkeypatch.setenv("BCASTD_TLS_CERT", "cert.pem")
    settings = settings_of("--users", "credential:users", "--token-file", "tokens")
    assert settings.users == str(tmp_path / "users")
    assert settings.tls_key == str(tmp_path / "key")
    assert settings.token_file == "tokens"
    for name in ("", "..", "a/b"):
        assert "names no credential" in refusal_of("--users", f"credential:{name}")
