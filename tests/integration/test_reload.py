"""SIGHUP: what can change does, what is broken stays, and nobody is dropped."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


class Config:
    """An INI file with a [server] section."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write(welcome="one")

    @property
    def option(self) -> str:
        return f"--config={self.path}"

    def write(self, **values: object) -> None:
        lines = [f"{name.replace('_', '-')} = {v}" for name, v in values.items()]
        self.path.write_text("\n".join(["[server]", "port = 0", *lines, ""]))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path / "room.ini")


def greeting(client: LineClient) -> str:
    """Return the greeting, and leave."""
    lines = client.until("You are")
    client.close()
    return "\n".join(lines)


def reload(room: Daemon, expected: str) -> None:
    """Send SIGHUP and wait for the line that says ``expected``."""
    room.signal(signal.SIGHUP)
    room.out.wait_for(expected)


def test_without_a_config_it_is_no_harm(daemon: Start, connect: Connect) -> None:
    """SIGHUP kills a process that doesn't expect it. This one serves on."""
    room = daemon()
    client = connect(room)
    client.until("You are")
    reload(room, r"\[INFO\] settings read again: nothing changed$")
    assert client.since_ping() == []


def test_what_can_change_changes(
    daemon: Start, connect: Connect, config: Config
) -> None:
    """The welcome and the history hold for who is here and who comes later."""
    room = daemon(config.option)
    early = connect(room)
    early.until("You are")
    assert early.since_ping("a", "b", "c", "/history")[0] == "* the last 3 lines:"
    config.write(welcome="two", history=2)
    reload(room, r"settings read again: welcome, history changed$")
    assert "two" in greeting(connect(room))
    early.until("left")
    assert early.since_ping("/history")[0] == "* the last 2 lines:"


def test_a_new_rate_holds_for_who_is_here(
    daemon: Start, connect: Connect, config: Config
) -> None:
    """Whoever has spoken already is held to the new rate too."""
    room = daemon(config.option)
    client = connect(room)
    client.until("You are")
    assert client.since_ping(*"abcdef") == []
    config.write(welcome="one", rate=5, burst=2)
    reload(room, r"settings read again: rate, burst changed$")
    assert client.since_ping(*"abcdef") == [
        "* error: slowed to 5 lines a second; nothing is lost"
    ]


def test_a_new_timeout_holds_for_who_is_here(
    daemon: Start, connect: Connect, config: Config
) -> None:
    """--idle-timeout ends a silent one who pinged under the old one."""
    room = daemon(config.option)
    client = connect(room)
    client.send("/format json", "/ping")
    client.until("pong")
    config.write(idle_timeout=0.2)
    reload(room, r"settings read again: welcome, idle-timeout changed$")
    client.until("nothing heard for 0.2 seconds")


def test_what_cannot_change_is_said(daemon: Start, config: Config) -> None:
    """One line names what changed, and what waits for a restart; each time."""
    room = daemon(config.option)
    config.write(welcome="two", log_size="1M", relay="yes")
    reload(room, r"welcome(, rate, burst)? changed; .*can't change without a restart$")
    assert any("relay, log-size can't" in line for line in room.out.lines)
    reload(room, r"read again: nothing changed; .*log-size.* without a restart$")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[server]\nport = 0\nwelcome = two\nrate = x\n", "rate: 'x' is not"),
        ("[server]\nport = 0\nwelcome = two\nlouder = yes\n", "unknown option louder"),
        ("welcome = two\n", "line 1: no section begins before it"),
        (None, "no such file"),
    ],
)
def test_a_broken_file_keeps_the_old_values(
    daemon: Start, connect: Connect, config: Config, text: str | None, why: str
) -> None:
    """All of them: a file is taken whole or not at all. One line says why."""
    room = daemon(config.option)
    if text is None:
        config.path.unlink()
    else:
        config.path.write_text(text)
    reload(room, rf"\[ERROR\] settings kept as before: .*{why}")
    assert "one" in greeting(connect(room))
    config.write(welcome="three")
    reload(room, "welcome changed$")
    assert "three" in greeting(connect(room))
    room.signal()
    room.wait()
    assert room.err.lines == []


def test_the_command_line_still_wins(
    daemon: Start, connect: Connect, config: Config
) -> None:
    """What was given there is not changed by the file."""
    room = daemon(config.option, "--welcome=said first")
    config.write(welcome="two", history=5)
    reload(room, "settings read again: history changed$")
    assert "said first" in greeting(connect(room))


def test_the_welcome_file_is_read_again(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """--welcome @FILE, without a config."""
    words = tmp_path / "words"
    words.write_text("old")
    room = daemon(f"--welcome=@{words}")
    words.write_text("new")
    reload(room, "welcome changed$")
    assert "new" in greeting(connect(room))


def test_the_log_file_is_opened_anew(daemon: Start, tmp_path: Path) -> None:
    """logrotate moves it away and sends SIGHUP: nothing is written to the old one."""
    path = tmp_path / "room.log"
    room = daemon(f"--log-file={path}")
    moved = path.rename(tmp_path / "room.log.1")
    reload(room, f"log file read again: {path}")
    room.stop()
    assert "settings read again" in path.read_text()
    assert "stopped" in path.read_text()
    assert "settings read again" not in moved.read_text()


def test_a_pipe_in_place_of_a_file_is_not_waited_for(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """What is read keeps its old value, and the daemon serves on."""
    welcome, users, log = (tmp_path / name for name in ("welcome", "users", "log"))
    for path in (welcome, users):
        path.touch(0o600)
    room = daemon(f"--welcome=@{welcome}", f"--users={users}", f"--log-file={log}")
    for path in (welcome, users, log):
        path.unlink()
        os.mkfifo(path)
    room.signal(signal.SIGHUP)
    room.out.wait_for(
        r"\[INFO\] log file read again: "
    )  # it is written to, not waited for
    for name in ("users", "settings"):
        room.out.wait_for(rf"\[ERROR\] {name} kept as before: .*(it is a pipe|no file)")
    connect(room).until("log in")
    room.signal()
    room.wait()
    assert room.err.lines == []
