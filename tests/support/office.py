"""An admin's office: a daemon with an admin socket, and the command to talk to it."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient

Connect = Callable[[Daemon], LineClient]


Start = Callable[..., Daemon]


class Office:
    """A daemon with an admin socket, and the command to talk to it."""

    def __init__(self, daemon: Daemon, path: Path) -> None:
        self.daemon = daemon
        self.path = path

    def order(self, *words: str) -> str:
        """Give an order that must be carried out; return what is printed."""
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return subprocess.run(
            [sys.executable, "-m", "broadcast.admin.cli", "-s", str(self.path), *words],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def raw(self, data: bytes) -> list[dict[str, object]]:
        """Send bytes, close the half, and return the objects that come back."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE)
            sock.connect(str(self.path))
            sock.sendall(data)
            got = b""
            while got.count(b'"ok"') < len(data.split(b"\n")) - data.count(b"\n\n") - 1:
                piece = sock.recv(65536)
                if not piece:
                    break
                got += piece
        return [json.loads(line) for line in got.splitlines()]
