"""``/search`` and ``/lastlog``, the continuous log, and what calls a person."""

import re
import shlex
import sys
from pathlib import Path

from tests.integration.client.test_chat import say
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal


def test_search_pages_back_through_all(home: str) -> None:
    """What was said long ago is found, whatever the case, and nothing else shown."""
    with Daemon("--history", "all") as daemon:
        lines = [f"line {number}" for number in range(2500)]
        lines[3], lines[2400] = "the Needle is here", "needle, and here"
        say(daemon, home, "eve", *lines)
        arguments = ("connect", daemon.url, "-n", "bob", "--history", "0")
        with Terminal(*arguments, home=home) as bob:
            bob.wait_for("connected · bob")
            bob.type("/search NEEDLE here\r")
            bob.wait_for("- found: 2, in 2500 lines of the server's log")
            bob.wait_for("eve: needle, and here")
            found = [row for row in bob.everything if "eedle" in row]
            assert [row.split("eve: ")[1] for row in found] == [
                "the Needle is here",
                "needle, and here",
            ]
            assert not any("eve: line" in row for row in bob.everything)
            bob.type("/lastlog 1300\r")
            bob.wait_for("eve: line 2499")
            shown = sum("eve: line" in row for row in bob.everything)
            assert shown == 1299


def test_log_is_dated_and_can_be_switched(
    daemon: Daemon, home: str, tmp_path: Path
) -> None:
    """``--log`` appends what is shown; ``/log off`` ends it, ``/log on`` goes on."""
    pattern = tmp_path / "chat-%Y.log"
    arguments = ("connect", daemon.url, "-n", "bob", "--log", str(pattern))
    for _ in range(2):
        with Terminal(*arguments, home=home) as bob:
            bob.wait_for("connected · bob")
            bob.type("mine\r")
            bob.wait_for(" bob [you]: mine")
            bob.type("/log off\r")
            bob.wait_for("- log: off")
            say(daemon, home, "eve", "between")
            bob.wait_for("eve: between")
            bob.type("/log on\r")
            bob.wait_for("- log: on")
            say(daemon, home, "eve", "bob, after")
            bob.wait_for("eve: bob, after")
            bob.type("\x04")
            assert bob.exit_code() == 0
    (path,) = tmp_path.glob("chat-2*.log")
    lines = path.read_text(encoding="utf-8").splitlines()
    dated = re.compile(r"(> )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d .+")
    assert all(map(dated.fullmatch, lines)), lines
    assert sum(line.endswith("eve: bob, after") for line in lines) >= 2


def test_log_that_cannot_be_written_is_told_once(
    daemon: Daemon, home: str, tmp_path: Path
) -> None:
    """A log is a convenience: its failure is one line."""
    arguments = ("connect", daemon.url, "-n", "bob", "--log", str(tmp_path))
    with Terminal(*arguments, home=home) as bob:
        bob.wait_for("connected · bob")
        bob.type("one\rtwo\r")
        bob.wait_for(" bob [you]: two")
        assert sum("- the log is off" in row for row in bob.everything) == 1


def test_mentions_call_by_command_and_title(
    daemon: Daemon, home: str, tmp_path: Path
) -> None:
    """Opt-in: a command gets NAME: TEXT for a mention; the title counts the unread."""
    heard = tmp_path / "heard"
    script = tmp_path / "call.py"
    script.write_text(
        "import sys\n"
        f"with open({str(heard)!r}, 'a') as file:\n"
        "    print(*sys.argv[1:], sep='|', file=file)\n"
    )
    command = shlex.join([sys.executable, str(script), "an option"])
    options = ("--notify-command", command, "--title")
    with Terminal("connect", daemon.url, "-n", "bob", *options, home=home) as bob:
        bob.wait_for("connected · bob")
        say(daemon, home, "eve", "for nobody", "--bob; look", "bob again")
        bob.wait_for("eve: bob again")
        bob.wait(lambda: heard.exists() and heard.read_text())
        assert heard.read_text() == "an option|eve: --bob; look\n"
        assert f"\x1b]2;(3) {daemon.where}\x07".encode() in bob.bytes
        bob.type("x")
        bob.wait(lambda: f"\x1b]2;{daemon.where}\x07".encode() in bob.bytes)


def test_command_that_is_none_is_told(daemon: Daemon, home: str) -> None:
    """A command that can't be run is switched off, and said to be."""
    options = ("--notify-command", "/no/such/command")
    with Terminal("connect", daemon.url, "-n", "bob", *options, home=home) as bob:
        bob.wait_for("connected · bob")
        say(daemon, home, "eve", "bob!")
        bob.wait_for("- --notify-command is off: /no/such/command: No such file")
