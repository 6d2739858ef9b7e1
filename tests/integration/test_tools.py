"""The tools that people have: ncat and nc, as they are."""

import shutil
import subprocess
from collections.abc import Callable

import pexpect
import pytest

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


def _run(command: list[str], said: bytes) -> bytes:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command, input=said, capture_output=True, timeout=DEADLINE, check=True
    )
    return done.stdout


@pytest.mark.parametrize(
    ("command", "option"), [("ncat", "--send-only"), ("ncat", ""), ("nc.openbsd", "-N")]
)
def test_piped_lines_are_delivered_and_it_ends(
    daemon: Start, connect: Connect, command: str, option: str
) -> None:
    """``printf 'one\\ntwo\\n' | ncat`` and ``| nc -N`` deliver both lines, and end."""
    running = daemon()
    bob = connect(running)
    bob.since_ping("/name bob")
    where = [part for part in (option, "127.0.0.1", str(running.port)) if part]
    shown = _run([command, *where], b"one\ntwo\n")
    said = [line for line in bob.until("left the chat") if ": " in line]
    assert [line.partition(": ")[2] for line in said] == ["one", "two"]
    if option != "--send-only":
        assert b"* You are guest-" in shown


def test_a_question_piped_in_is_answered(daemon: Start) -> None:
    """``echo /who | ncat`` prints who is here, oneself included."""
    running = daemon()
    shown = _run(["ncat", "127.0.0.1", str(running.port)], b"/who\n")
    assert b"* 1 here: guest-1\n" in shown


@pytest.mark.parametrize("how", ["quit", "shutdown"])
def test_who_types_into_nc_is_back_at_the_shell(daemon: Start, how: str) -> None:
    """It waits for the next key though the server has closed, unless it resets."""
    if shutil.which("nc.openbsd") is None:
        pytest.skip("nc.openbsd is not installed")
    running = daemon()
    words = ["127.0.0.1", str(running.port)]
    terminal = pexpect.spawn("nc.openbsd", words, encoding="utf-8", timeout=DEADLINE)
    terminal.expect("You are guest-1")
    if how == "quit":
        terminal.sendline("/quit")
        terminal.expect("Bye")
    else:
        running.signal()
        terminal.expect("The server has shut down")
    terminal.expect(pexpect.EOF)
    terminal.close()
    if how == "shutdown":
        running.wait()
