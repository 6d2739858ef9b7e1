"""``connect --plain``: lines in, lines out, and nothing that moves a cursor."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.client.test_chat import say
from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


@pytest.mark.parametrize("how", ["--plain", "TERM=dumb"])
def test_no_control_sequence_at_all(how: str, daemon: Daemon, home: str) -> None:
    """A dumb terminal is enough: mentions are marked, own lines stand there once."""
    options = [how] if how == "--plain" else []
    environ = {"TERM": how[5:]} if how.startswith("TERM") else {}
    with Terminal(
        "connect", daemon.url, *options, home=home, environ=environ
    ) as terminal:
        terminal.child.setecho(True)
        terminal.wait_for("Your name [tester]:")
        terminal.type("two words\n")
        terminal.wait_for("a name has no spaces; two-words would do")
        terminal.type("bob\n")
        terminal.wait_for("- /help lists the commands, /quit leaves")
        terminal.type("hello\n/who\n")
        terminal.wait_for("* bob")
        say(daemon, home, "eve", "psst, bob")
        terminal.wait_for("eve: psst, bob")
        assert any(row.startswith("> ") for row in terminal.shown)
        assert sum("hello" in row for row in terminal.everything) == 1
        terminal.type("/ignore eve\n")
        terminal.wait_for("- ignored: eve")
        terminal.type("\x03")
        terminal.wait_for("- Ctrl-C again leaves")
        terminal.type("/quit\n")
        assert terminal.exit_code() == 0
        assert b"\x1b" not in terminal.bytes


def test_secret_is_hidden(tmp_path: Path, home: str) -> None:
    """Where a login is asked for, the terminal does not echo it."""
    tokens = tmp_path / "tokens"
    tokens.write_text("correct-horse\n")
    tokens.chmod(0o600)
    with (
        Daemon("--token-file", str(tokens)) as daemon,
        Terminal("connect", daemon.url, "--plain", "-n", "bob", home=home) as terminal,
    ):
        terminal.child.setecho(True)
        terminal.wait_for("secret (hidden)>")
        terminal.wait(lambda: not terminal.child.getecho())
        terminal.type("correct-horse\n")
        terminal.wait_for("- /help lists the commands")
        terminal.wait(terminal.child.getecho)
        assert b"horse" not in terminal.bytes


def test_pipes_mark_mentions_too(daemon: Daemon, home: str) -> None:
    """``connect`` in a pipe is plain: a mention is marked, an own line comes once."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "broadcast.client.cli.main", "connect"),
            *(daemon.url, "-n", "bob"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("hello\n")
        process.stdin.flush()
        assert process.stdout.readline().endswith("bob [you]: hello\n")
        done = run_client("send", "-s", daemon.url, "-n", "eve", "bob!", home=home)
        assert done.returncode == 0
        assert process.stdout.readline().startswith("> ")
        rest, _ = process.communicate(timeout=15)
        assert "hello" not in rest
