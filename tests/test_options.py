"""The settings: read from the command line and the file, or refused in one line."""

import os
from pathlib import Path

import pytest

from broadcast.base.rows import Option
from broadcast.options import OPTIONS, settings_from
from broadcast.sources import SettingError, read_config
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
    ("welcome", "@"),
    ("host", ""),
    ("admin", "unix:rel"),
    ("log-size", "99999ib"),
    ("drain", "1_0"),
    ("rate", "1_0"),
    ("name-prompt", "{{"),
    ("joined-text", "for {{you}}"),
    ("joined-text", "for {{name"),
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
        ("[server]\nprot = 1\n", ": unknown option prot; did you mean port?"),
        ("[server]\nxyz = 1\n", ": unknown option xyz; see --help"),
        ("[sever]\n", ": unknown section [sever]; put all options under [server]"),
        (
            "[server]\n[DEFAULT]\nport = 1\n",
            ": unknown section [DEFAULT]; put all options under [server]",
        ),
        (
            "\nport = 1\n",
            ", line 2: no section begins before it; put [server] at the top",
        ),
        (
            "[server]\nport = 1\nport = 2\n",
            ", line 3: port is there already; keep one of them",
        ),
        (
            "[server]\nmax-line = 100\nMAX_LINE = 200\n",
            ", line 3: max-line is there already; keep one of them",
        ),
        (
            "[server]\n[server]\n",
            ", line 2: [server] is there already; put its options into one",
        ),
        (
            "[server]\necho = maybe\n",
            ": echo: 'maybe' is neither yes nor no; give one of them",
        ),
        ("[server]\nport\n", ", line 2: it is not NAME = VALUE; write it so"),
        ("[server]\n[]\n", ", line 2: it is not NAME = VALUE; write it so"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, told: str) -> None:
    """One line, that says what is wrong in it."""
    path = tmp_path / "config"
    path.write_text(text)
    assert refusal_of("--config", str(path)) == f"broadcast: --config: {path}{told}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Named, with the system's own reason."""
    path = tmp_path / "none"
    told = f"can't read {path}: no such file or directory; name a file that can be read"
    assert refusal_of("--config", str(path)) == f"broadcast: --config: {told}"


@pytest.mark.parametrize("place", ["port", "host"])
@pytest.mark.parametrize("door", ["listen", "ask", "listen-only", "speak-only"])
def test_no_place_is_ignored(tmp_path: Path, place: str, door: str) -> None:
    """A port or host beside an endpoint would do nothing: it is refused."""
    told = f"it does nothing beside --{door}; say --{door} tcp:PORT:interface=HOST"
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


@pytest.mark.parametrize(("option", "value"), [("ask", "tcp:0"), ("web-ask", "yes")])
def test_a_relay_asks_for_no_name(option: str, value: str) -> None:
    """Nobody has a name in a relay, so a listener that asks for one is refused."""
    told = f"^--relay: nobody has a name in it; leave out --{option}$"
    relay, asking = {"relay": "yes"}, {option: value}
    for given, config in ((relay | asking, {}), (relay, asking), (asking, relay)):
        with pytest.raises(SettingError, match=told):
            settings_from(given, config)


@pytest.mark.parametrize("option", ["token-file", "users", "auth"])
def test_a_relay_knows_no_login(option: str) -> None:
    """A relay that nobody could log in to is refused, wherever that was asked for."""
    relay = {"relay": "yes"}
    told = f"^--relay: a relay knows no login; leave out --{option}$"
    for given, config in ((relay, {option: "x"}), ({option: "x"}, relay)):
        with pytest.raises(SettingError, match=told):
            settings_from(given, config)
        settings_from(given | {"relay": "no"}, config)


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
    settings = settings_from(given)
    assert (settings.rate, settings.burst) == (rate, burst)


def test_sighup_changes_what_the_manual_says() -> None:
    """All other options need a restart, and the daemon says so."""
    told = (
        "welcome name-prompt joined-text history idle-timeout stall-timeout rate burst"
        " flush-partial drain lame-duck"
    ).replace("-", "_")
    live = {option.field for option in OPTIONS if option.is_live}
    assert set(told.split()) == live


def test_a_file_has_values_as_they_stand(tmp_path: Path) -> None:
    """A percent sign and a # within a word are text; a name has either dash."""
    path = tmp_path / "config"
    path.write_text(
        "[server]\nMAX_LINE = 100\nwelcome = 100% fun#1 #not\n"
        "speak-only = build=tcp:1\n  tcp:2\n"
    )
    config = read_config(str(path))
    assert (config["max-line"], config["welcome"]) == ("100", "100% fun#1")
    assert settings_from({}, config).speak_only == (
        ("build", "tcp:1"),
        ("", "tcp:2"),
    )
    path.write_text("# nothing yet\n")
    assert read_config(str(path)) == {}


def test_words_of_the_command_line_may_have_spaces() -> None:
    """A path of --listen keeps them; elsewhere they part values, as in the file."""
    given = {"listen": ("unix:/a b", "tcp:1"), "listen-only": ("unix:/a b", "tcp:4")}
    settings = settings_from(given | {"speak-only": ("x=tcp:2 tcp:3",)})
    assert settings.listen == ("unix:/a b", "tcp:1")
    assert settings.listen_only == ("unix:/a", "b", "tcp:4")
    assert settings.speak_only == (("x", "tcp:2"), ("", "tcp:3"))


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    """What is not UTF-8 is told in one line with the path."""
    path = tmp_path / "config"
    path.write_bytes(b"[server]\nwelcome = Gr\xfc\xdfe\n")
    with pytest.raises(SettingError) as refused:
        read_config(str(path))
    told = f"--config: can't read {path}: it is not UTF-8; save it as UTF-8"
    assert str(refused.value) == told


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    """Some editors begin UTF-8 with one."""
    path = tmp_path / "config"
    path.write_text("[server]\nport = 1\n", "utf-8-sig")
    assert read_config(str(path)) == {"port": "1"}


def test_a_pipe_is_no_config(tmp_path: Path) -> None:
    """It is refused at once; opening it would wait for a writer."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    told = f"can't read {path}: it is no file; name a regular file"
    assert refusal_of("--config", str(path)) == f"broadcast: --config: {told}"
    assert refusal_of("--welcome", f"@{path}") == f"broadcast: --welcome: {told}"


@pytest.mark.parametrize("option", [o for o in OPTIONS if not o.is_flag])
def test_no_value_is_of_other_bytes(option: Option) -> None:
    """Neither a log nor a member could be sent the halves of characters."""
    words = os.fsdecode(b"gr\xfc\xdfe")
    told = "that is not UTF-8; give it as UTF-8"
    assert (
        refusal_of(f"--{option.name}", words) == f"broadcast: --{option.name}: {told}"
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (os.fsdecode(b"\xff"), "that is not UTF-8; give it as UTF-8"),
        ("", "'' is empty; give a value, or leave it out"),
    ],
)
def test_a_path_that_names_no_file(path: str, told: str) -> None:
    """It is told in the log at each SIGHUP; none at all would be a file forgotten."""
    assert refusal_of("--config", path) == f"broadcast: --config: {told}"


def test_a_refusal_is_one_line_whatever_is_in_it(tmp_path: Path) -> None:
    """Line ends and what acts on a terminal are escaped."""
    path = tmp_path / "a\nb\x1b[2J"
    assert f"{tmp_path}/a\\nb\\x1b[2J: no such" in refusal_of("--config", str(path))
    assert refusal_of("--a\nb").startswith("broadcast: option --a\\nb not recognized;")
    assert refusal_of("a\nb").startswith("broadcast: 'a\\nb' is no option;")


def test_metrics_are_in_one_place() -> None:
    """With an endpoint of their own, nothing is said about the page's."""
    words = refusal_of("--metrics", "9464", "--web", "80", "--web-metrics", "on")
    told = "--web-metrics: it does nothing beside --metrics; leave it out"
    assert words == f"broadcast: {told}"
    settings = settings_of("--listen", "tcp:1", "--host", "::1", "--metrics", "9464")
    assert (settings.host, settings.metrics) == ("::1", "9464")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("--store", "x.db"), "--nats: the room is kept in NATS; leave out --store"),
        (("--relay",), "--nats: the room is kept in NATS; leave out --relay"),
        (("--room", "a b"), "--room: 'a b' is no name; give 1 to 32 letters, "),
        (("--nats-replicas", "9"), "--nats-replicas: '9' is out of range; "),
        (("--nats", "http://x"), "--nats: 'http://x' is no address; give nats://"),
        (("--nats", "x:70000"), "--nats: 70000 is no port; give nats://HOST:PORT"),
        (("--max-line", "200000"), "--max-line: a NATS message has no room for it"),
    ],
)
def test_what_does_not_go_with_nats(given: tuple[str, ...], line: str) -> None:
    """Is refused in one line, which says what to do."""
    refused = refusal_of("--nats", "127.0.0.1:4222", *given)
    assert refused.startswith(f"broadcast: {line}")
    assert "\n" not in refused


def test_what_is_nothing_without_nats() -> None:
    """It would do nothing."""
    told = "--node: it does nothing without --nats; leave it out"
    assert refusal_of("--node", "n1") == f"broadcast: {told}"


@pytest.mark.parametrize("name", ["--tls-key", "--tls-client-ca"])
def test_what_is_nothing_without_a_certificate(name: str) -> None:
    """Whoever gives it means to have TLS."""
    told = f"{name}: it does nothing without --tls-cert; give that, too"
    assert refusal_of(name, "some.pem") == f"broadcast: {told}"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            [("--port", "8001"), ("--web", "8001")],
            "--web: --port has port 8001 already; name another",
        ),
        ([("--web", "8000")], "--web: --port has port 8000 already; name another"),
        (
            [("--listen", "tcp:9"), ("--listen", "tls:9")],
            "--listen: --listen has port 9 already; name another",
        ),
        (
            [("--port", "1"), ("--web", "2"), ("--metrics", "2")],
            "--metrics: --web has port 2 already; name another",
        ),
        (
            [("--listen", "unix:/a"), ("--admin", "unix:/a")],
            "--admin: --listen has unix:/a already; name another",
        ),
    ],
)
def test_two_options_name_one_place(given: list[tuple[str, str]], told: str) -> None:
    """It is not said to be another program that has the port: nothing is opened."""
    words = [word for pair in given for word in pair]
    assert refusal_of(*words) == f"broadcast: {told}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("0.0.0.0:8000", "'0.0.0.0:8000' has a port; give 0.0.0.0 alone, and"),
        ("[::1]:8000", "'[::1]:8000' has a port; give ::1 alone, and"),
        (":8000", "':8000' has a port; give the host alone, and"),
    ],
)
def test_a_host_has_no_port(value: str, told: str) -> None:
    """It says which option a port belongs to."""
    told = f"broadcast: --host: {told} --port 8000"
    assert refusal_of("--host", value) == told
    assert settings_of("--host", "::1").host == "::1"
