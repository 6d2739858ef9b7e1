"""Secrets, users and bans are read again on SIGHUP; a broken file changes nothing."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.access.hashes import make_hash
from tests.support.daemon import DEADLINE, Daemon
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
    house = daemon("--token-file", str(tokens), "--users", str(users))
    inside = connect(house)
    assert _enters(inside, "/login the-old-one")
    tokens.write_text("the-new-one\n")
    users.write_text(f"alice:{make_hash(b'correct-horse', 2)}\n")
    house.signal(signal.SIGHUP)
    house.out.wait_for("token-file read again: 1 secret")
    house.out.wait_for("users read again: 1 user")
    assert _enters(connect(house), "/login the-new-one")
    assert _enters(connect(house), "/login alice correct-horse")
    assert not _enters(connect(house), "/login the-old-one")
    assert "reserved" in inside.since_ping("/name Alice")[-1]


def test_a_broken_file_changes_nothing(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """What was read before is kept, and the log says what is wrong."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    house = daemon("--token-file", str(tokens))
    tokens.write_text("short\n")
    house.signal(signal.SIGHUP)
    house.out.wait_for("token-file kept as before: .*line 1")
    assert _enters(connect(house), "/login open-sesame")
    with pytest.raises(AssertionError):
        house.stop()  # which minds that one error
    assert sum("[ERROR]" in line for line in house.out.lines) == 1


def test_the_client_logs_in(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """bcast-client send with the users' own file of secrets is heard."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    house = daemon("--token-file", str(tokens))
    ear = connect(house)
    assert _enters(ear, "/login open-sesame")
    command = [sys.executable, "-m", "broadcast.client.cli", "send", "--port"]
    words = [str(house.port), "--name", "bob", "--token-file", str(tokens), "hello"]
    done = subprocess.run([*command, *words], timeout=DEADLINE, check=False)
    assert done.returncode == 0
    assert ear.until("hello")[-1] == "bob: hello"
