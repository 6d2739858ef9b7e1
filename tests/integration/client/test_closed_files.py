"""Standard files that are closed, as cron jobs and careless scripts leave them."""

import subprocess
import sys

import pytest

from tests.integration.client.conftest import RoomThread
from tests.support.client.command import environment

CLOSED = (
    "bcast-client: can't write to standard output: Bad file descriptor;"
    " send it elsewhere\n"
)


def run_closed(
    closed: str, *arguments: str, home: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the client with some of its files closed, as ``>&-`` does."""
    client = [sys.executable, "-m", "broadcast.client.cli.main", *arguments]
    return subprocess.run(
        ["sh", "-c", f'exec "$0" "$@" {closed}', *client],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_text_is_said_without_files(closed: str, room: RoomThread, home: str) -> None:
    """To say what stands in the command line, ``send`` needs none of the three."""
    done = run_closed(closed, "send", "-p", str(room.room.port), "hi", home=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [line["text"] for line in room.room.log] == ["hi"]


@pytest.mark.parametrize("command", ["send", "connect"])
def test_closed_stdin_is_an_empty_one(
    command: str, room: RoomThread, home: str
) -> None:
    """Nothing is read from a socket that has got the number of stdin."""
    done = run_closed("<&-", command, "-p", str(room.room.port), home=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert room.room.log == []


@pytest.mark.parametrize(
    ("arguments", "closed"),
    [
        (["tail", "--no-follow"], ">&-"),
        (["tail", "--no-follow", "--json"], "<&- >&-"),
        (["connect"], ">&-"),
        (["completion", "bash"], ">&-"),
    ],
)
def test_closed_stdout_is_a_failure(
    arguments: list[str], closed: str, room: RoomThread, home: str
) -> None:
    """Lines that cannot be printed are one line on stderr, and exit code 1."""
    room.do(lambda: room.room.say("eve", "hello"))
    server = [] if "completion" in arguments else ["-p", str(room.room.port)]
    done = run_closed(closed, *arguments, *server, home=home, stdin="hi\n")
    assert (done.returncode, done.stderr) == (1, CLOSED)


def test_closed_stderr_spoils_no_stdout(home: str, closed_port: int) -> None:
    """A complaint that has nowhere to go does not get in among the lines."""
    done = run_closed("2>&-", "tail", "-p", str(closed_port), home=home)
    assert (done.returncode, done.stdout) == (3, "")
