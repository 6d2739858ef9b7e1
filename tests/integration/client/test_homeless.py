"""Accounts without an entry or a home, as containers have them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.integration.client.conftest import RoomThread
from tests.support.client.terminal import Terminal

UID = 54_321
BARE: dict[str, Any] = {"user": UID, "group": UID, "extra_groups": [], "cwd": "/"}


def become() -> None:
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)


def test_home_that_cannot_be_written(room: RoomThread, tmp_path: Path) -> None:
    """``connect`` works without a history, and says so once."""
    home = tmp_path / "home"
    home.write_text("no folder")
    port = str(room.room.port)
    with Terminal("connect", "-p", port, "-n", "bob", home=str(home)) as terminal:
        terminal.wait_for("- typed lines are not kept:")
        for text in ("one", "two"):
            terminal.type(f"{text}\r")
            terminal.wait_for(f"bob [you]: {text}")
        assert sum("not kept" in row for row in terminal.everything) == 1
        terminal.type("\x04")
        assert terminal.exit_code() == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another account")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["connect", "-n", "bob"], "typed lines are not kept: this account has no"),
        (["connect"], "Your name [guest]"),
        (["send", "hi"], ""),
        (["tail", "--no-follow"], ""),
    ],
)
def test_account_without_an_entry(
    words: list[str], told: str, room: RoomThread
) -> None:
    """A bare number for an account, and no HOME: each command works."""
    try:
        subprocess.run([sys.executable, "-c", "import broadcast"], check=True, **BARE)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("that account can't read this checkout")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "broadcast.client.cli.main", *words, "-p", str(room.room.port)],
        env={"TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
        preexec_fn=become,
        cwd="/",
        timeout=20,
        encoding="utf-8",
    )
    child.expect_exact(told or pexpect.EOF)
    before = child.before
    if told:
        child.send("\x04")
        child.expect(pexpect.EOF)
    child.close()
    assert "Traceback" not in f"{before}{child.before}"
    assert child.exitstatus == (130 if "Your name" in told else 0)
