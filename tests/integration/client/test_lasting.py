"""The client and a daemon with a store that is killed: nothing is lost, or said twice.

Five times in the normal suite; ``BROADCAST_KILLS=100 pytest`` with this file for more.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.support.client.command import environment, run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal

KILLS = int(os.environ.get("BROADCAST_KILLS", "5"))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose log lasts."""
    store = str(tmp_path / "room.db")
    with Daemon("--store", store, "--history", "all", "--rate", "0") as started:
        yield started


def client(*arguments: str, home: str) -> "subprocess.Popen[str]":
    """Start a client that is read and written to."""
    return subprocess.Popen(
        [sys.executable, "-m", "broadcast.client.cli.main", *arguments],
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Reader(threading.Thread):
    """Keeps the lines of a pipe, or those of them that have something in them."""

    def __init__(self, pipe: IO[str] | None, wanted: str = "") -> None:
        super().__init__(daemon=True)
        assert pipe is not None
        self._pipe = pipe
        self._wanted = wanted
        self.lines: list[str] = []
        self.start()

    def run(self) -> None:
        """Read to the end."""
        with self._pipe:
            for line in self._pipe:
                if self._wanted in line:
                    self.lines.append(line)

    def wait_for(self, count: int) -> None:
        """Wait until there are so many lines."""
        end = time.monotonic() + 60
        while len(self.lines) < count:
            assert time.monotonic() < end, (len(self.lines), self.lines[-3:])
            time.sleep(0.01)


def test_send_and_tail_through_kills(daemon: Daemon, home: str) -> None:
    """Each piped line is in the log once, in order, and ``tail`` prints it once."""
    tail = client("tail", daemon.url, "-n", "1000", "--quiet", "--json", home=home)
    heard = Reader(tail.stdout, '"event":"message"')
    send = client("send", "-s", daemon.url, "-n", "eve", home=home)
    assert send.stdin is not None
    assert tail.stdin is not None
    tail.stdin.close()
    pipes = (send.stdout, send.stderr, tail.stderr)
    complaints = [Reader(pipe) for pipe in pipes]
    said = 0
    for _ in range(KILLS):
        for _ in range(200):
            send.stdin.write(f"line {said}\n")
            said += 1
        send.stdin.flush()
        heard.wait_for(said - 150)  # some of them are on their way
        daemon.kill()
        daemon.restart()
    send.stdin.close()
    assert send.wait(60) == 0, complaints[1].lines
    heard.wait_for(said)
    tail.terminate()
    tail.wait(15)
    for each in (heard, *complaints):
        each.join(15)
    texts = [json.loads(line)["text"] for line in heard.lines]
    assert texts == [f"line {n}" for n in range(said)]
    ids = [json.loads(line)["id"] for line in heard.lines]
    assert ids == list(range(1, said + 1))
    assert not any("missing" in line for each in complaints for line in each.lines)
    everything = run_client(
        *("tail", daemon.url, "-n", "1000", "--no-follow", "--quiet"), home=home
    )
    newest = everything.stdout.splitlines()
    assert [line.rpartition(": ")[2] for line in newest] == texts[-1000:]


def test_a_terminal_through_a_kill(daemon: Daemon, home: str) -> None:
    """It comes back to the same log: nothing is missing, and it says so nowhere."""
    with Terminal("connect", daemon.url, "-n", "bob", home=home) as bob:
        bob.wait_for("connected · bob")
        bob.type("before\r")
        bob.wait_for("bob [you]: before")
        daemon.kill()
        bob.wait_for("- connection lost: ")
        bob.type("typed while away\r")
        bob.wait_for("bob [you]: typed while away")
        daemon.restart()
        bob.type("x")
        bob.wait_for("- connected again", 30)
        bob.type("\x15/ping\r")
        bob.wait_for("pong: ")
        shown = "\n".join(bob.everything)
        assert not re.search("anew|missing|may have been", shown)
        assert shown.count("bob [you]: before") == 1
        assert shown.count("bob [you]: typed while away") == 1
