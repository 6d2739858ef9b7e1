"""No POSIX-only module on the import path: the client runs without them."""

import subprocess
import sys

from tests.support.client.command import environment
from tests.support.client.daemon import Daemon

HIDE = """
import sys
class Hidden:
    names = {"termios", "tty", "fcntl", "pwd", "grp", "resource", "pty", "readline",
             "syslog", "crypt", "spwd"}
    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
for name in Hidden.names:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Hidden())
"""
RUN = """
import asyncio
if hasattr(asyncio.SelectorEventLoop, "create_unix_connection"):
    del asyncio.SelectorEventLoop.create_unix_connection
from broadcast.client.cli.main import main
sys.exit(main())
"""
SCREEN = """
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output import DummyOutput
import broadcast.client.ui.chat
from broadcast.client.ui.screen import Screen
with create_app_session(input=DummyInput(), output=DummyOutput()):
    Screen(input=DummyInput(), output=DummyOutput())
print("imported")
"""


def run(home: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HIDE + program, *arguments],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_runs_without_posix_modules(daemon: Daemon, home: str) -> None:
    """send and tail work with those modules hidden; unix: says what is missing."""
    done = run(home, RUN, "send", "-s", daemon.url, "x")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(home, RUN, "tail", daemon.url, "--no-follow")
    assert done.returncode == 0
    assert done.stdout.endswith("tester: x\n")
    done = run(home, RUN, "send", "-s", "unix:/x", "x")
    assert done.returncode == 3
    assert "this system has no unix sockets" in done.stderr


def test_the_screen_imports_without_posix_modules(home: str) -> None:
    """Chat and screen import, and a prompt is built, with those modules hidden."""
    done = run(home, SCREEN)
    assert (done.stdout, done.stderr) == ("imported\n", "")


def test_commands_import_no_twisted_and_little_else(home: str) -> None:
    """A quick start: no Twisted, and no prompt_toolkit where nobody types."""
    program = """
import sys
import broadcast.client.cli.main, broadcast.client.cli.send, broadcast.client.cli.tail
heavy = {"twisted", "prompt_toolkit", "wsproto", "ssl"} & set(sys.modules)
print(sorted(heavy))
"""
    assert run(home, program).stdout in ("[]\n", "['ssl']\n")
