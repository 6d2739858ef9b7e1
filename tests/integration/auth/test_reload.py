"""Secrets, users and bans are read again on SIGHUP; a broken file changes nothing."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.auth.passwords import make_hash
from tests.support.daemon import DEADLINE, Daemon
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient

Connect = Callable[[Daemon], LineClient]
Start = Callable[..., Daemon]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")


def _enters(client: LineClient, login: str) -> bool:
    client.send(login)
    return "You are" in client.until("You are|that is wrong")[-1]


def test_files_are_read_again(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """A new secret and a new user open, an old secret doesn't; who is in stays."""
    tokens, users = tmp_path / "tokens", tmp_path / "users"
    tokens.write_text("the-old-one\n")
    users.write_text("")
    running = daemon("--token-file", str(tokens), "--users", str(users))
    inside = connect(running)
    assert _enters(inside, "/login the-old-one")
    tokens.write_text("the-new-one\n")
    users.write_text(f"alice:{make_hash(b'correct-horse', 2)}\n")
    running.signal(signal.SIGHUP)
    running.out.wait_for("token-file read again: 1 secret")
    running.out.wait_for("users read again: 1 user")
    assert _enters(connect(running), "/login the-new-one")
    assert _enters(connect(running), "/login alice correct-horse")
    assert not _enters(connect(running), "/login the-old-one")
    assert "reserved" in inside.since_ping("/name Alice")[-1]


def test_a_broken_file_changes_nothing(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """What was read before is kept, and the log says what is wrong."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    running = daemon("--token-file", str(tokens))
    tokens.write_text("short\n")
    running.signal(signal.SIGHUP)
    running.out.wait_for("token-file kept as before: .*line 1")
    assert _enters(connect(running), "/login open-sesame")
    with pytest.raises(AssertionError):
        running.stop()  # which minds that one error
    assert sum("[ERROR]" in line for line in running.out.lines) == 1


def test_the_client_logs_in(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """bcast-client send with the users' own file of secrets is heard."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    running = daemon("--token-file", str(tokens))
    ear = connect(running)
    assert _enters(ear, "/login open-sesame")
    command = [sys.executable, "-m", "broadcast.client.cli.main", "send", "--port"]
    words = [str(running.port), "--name", "bob", "--token-file", str(tokens), "hello"]
    done = subprocess.run([*command, *words], timeout=DEADLINE, check=False)
    assert done.returncode == 0
    assert ear.until("hello")[-1] == "bob: hello"


class Everything:
    """The six things that SIGHUP reads, each in a file."""

    def __init__(self, folder: Path) -> None:
        self.key, self.certificate = make_certificate(folder)
        names = ("room.ini", "welcome", "tokens", "users", "bans")
        self.config, self.welcome, *rest = (folder / name for name in names)
        self.tokens, self.users, self.bans = rest
        self.write("first", "the-old-one")

    def write(self, welcome: str, token: str, *banned: str) -> None:
        """Write them all."""
        self.welcome.write_text(welcome)
        self.tokens.write_text(f"{token}\n")
        self.users.write_text(f"alice:{make_hash(token.encode(), 2)}\n")
        bans = [{"ban": whom, "until": None, "reason": ""} for whom in banned]
        self.bans.write_text("".join(f"{json.dumps(ban)}\n" for ban in bans))
        self.config.write_text(
            "[server]\nlisten = tcp:0:interface=127.0.0.1 tls:0:interface=127.0.0.1\n"
            f"welcome = @{self.welcome}\ntls-cert = {self.certificate}\n"
            f"tls-key = {self.key}\ntls-recheck = 0\ntoken-file = {self.tokens}\n"
            f"users = {self.users}\nban-file = {self.bans}\n"
        )

    def shown(self, running: Daemon) -> str:
        """Return the certificate that a newcomer is shown."""
        found = running.out.wait_for(r"listening on 127\.0\.0\.1:(\d+)", 2)
        where = ("127.0.0.1", int(found[1][1]))
        return ssl.get_server_certificate(where, timeout=DEADLINE)


def test_all_six_are_read_again_or_kept(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """Config, welcome, certificates, tokens, users and bans; then all of them broken.

    A line of the log for each, and whoever is here stays.
    """
    files = Everything(tmp_path)
    running = daemon("--config", str(files.config))
    inside = connect(running)
    inside.send("/login the-old-one")
    assert "* first" in inside.until("You are")
    make_certificate(tmp_path)
    files.write("second", "the-new-one", "mallory", "eve")
    running.signal(signal.SIGHUP)
    running.out.wait_for("certificates read again: CN=localhost, good until")
    running.out.wait_for("token-file read again: 1 secret")
    running.out.wait_for("users read again: 1 user")
    running.out.wait_for("ban-file read again: 2 bans")
    running.out.wait_for("settings read again: welcome changed")
    assert files.shown(running) == files.certificate.read_text()

    good = files.certificate.read_text()
    paths = (files.config, files.certificate, files.tokens, files.users, files.bans)
    for path in paths:
        path.write_text("broken\x01\n")
    running.signal(signal.SIGHUP)
    whats = ("certificates", "token-file", "users", "ban-file", "settings")
    for what in whats:
        running.out.wait_for(rf"\[ERROR\] {what} kept as before: .*{tmp_path}")
    other, banned = connect(running), connect(running)
    other.send("/login the-new-one")
    assert "* second" in other.until("You are")
    banned.send("/name Mallory", "/login the-new-one")
    banned.until("you are banned")
    assert files.shown(running) == good
    assert _enters(connect(running), "/login alice the-new-one")
    inside.since_ping()
    with pytest.raises(AssertionError):
        running.stop()  # which minds those errors
    assert sum("[ERROR]" in line for line in running.out.lines) == len(whats)
