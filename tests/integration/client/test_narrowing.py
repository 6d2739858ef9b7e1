"""A window that gets narrower, in a terminal that wraps old lines anew."""

import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.client.command import environment, run_client
from tests.support.client.daemon import Daemon

TYPED = "a long line that somebody types while the window gets narrower and narrower"


class Tmux:
    """A command in a window of tmux, with a server of its own."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._folder = folder
        size = ("-x", "80", "-y", "24")
        self.do("new-session", "-d", *size, shlex.join(command))

    def do(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words],
            env=environment(str(self._folder), {"LC_ALL": "C.UTF-8"}),
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout

    @property
    def shown(self) -> list[str]:
        """The rows of the scrollback and the screen."""
        return [
            row for row in self.do("capture-pane", "-p", "-S", "-").split("\n") if row
        ]

    def wait(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not ready():
            assert time.monotonic() < end, "\n".join(self.shown)
            time.sleep(0.05)  # tmux tells nobody what it has drawn


@pytest.fixture
def tmux(tmp_path: Path, daemon: Daemon) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here")
    lines = "".join(f"line {number}\n" for number in range(30))
    home = str(tmp_path)
    done = run_client("send", "-s", daemon.url, "-n", "eve", stdin=lines, home=home)
    assert done.returncode == 0
    client = (sys.executable, "-m", "broadcast.client.cli.main")
    options = ("-n", "bob", "--history", "30", "--color", "never")
    started = Tmux(tmp_path, *client, "connect", daemon.url, *options)
    yield started
    started.do("kill-server")


def test_no_copies_of_the_prompt(tmux: Tmux) -> None:
    """It is drawn once, and the lines above it stay."""
    last = ["- /help lists the commands, /quit leaves", "connected · bob · 1 here>"]
    tmux.wait(lambda: tmux.shown[-2:] == last)
    above = tmux.shown[:-1]
    assert len(above) == 33
    tmux.do("send-keys", "-l", TYPED)
    text = f"connected · bob · 1 here> {TYPED}"
    for columns in (80, 60, 50, 40):
        tmux.do("resize-window", "-x", str(columns))
        rows = [text[n : n + columns].rstrip() for n in range(0, len(text), columns)]
        expected = [*above, *rows]
        tmux.wait(partial(lambda expected: tmux.shown == expected, expected))


def test_lines_above_stay_while_one_waits(tmux: Tmux, daemon: Daemon) -> None:
    """A typed line that nobody has answered is drawn once, too, and erases none."""
    last = ["- /help lists the commands, /quit leaves", "connected · bob · 1 here>"]
    tmux.wait(lambda: tmux.shown[-2:] == last)
    above = tmux.shown[:-1]
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        tmux.do("send-keys", "-l", "anybody?")
        tmux.do("send-keys", "Enter")
        expected = [*above, "bob [you]: anybody?", "connected · bob · 1 here>"]
        tmux.wait(lambda: tmux.shown == expected)
        for columns in (70, 60, 50):
            tmux.do("resize-window", "-x", str(columns))
            tmux.do("send-keys", "-l", "x")
            expected[-1] += "x" if columns < 70 else " x"
            tmux.wait(lambda: tmux.shown == expected)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
