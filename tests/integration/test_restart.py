"""Restarts under a connecting client, with a socket that the manager holds.

Five in the normal suite; ``BROADCAST_RESTARTS=100 pytest -s`` with this file for
the long run.
"""

import os
import signal
import socket
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Output, twist_command
from tests.support.manager import holding

RESTARTS = int(os.environ.get("BROADCAST_RESTARTS", "5"))


class Knocker(threading.Thread):
    """Connects without end, and waits for a first line each time.

    Attributes:
        greeted: connections that got a line.
        refused: connections that were refused or reset.
    """

    def __init__(self, family: int, address: Any) -> None:
        super().__init__(daemon=True)
        self.greeted = 0
        self.refused: list[OSError] = []
        self._family = family
        self._address = address
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            try:
                with socket.socket(self._family) as sock:
                    sock.settimeout(DEADLINE)
                    sock.connect(self._address)
                    sock.sendall(b"/name knocker\n/ping\n")
                    self.greeted += bool(sock.recv(1024))
            except OSError as error:
                self.refused.append(error)

    def finish(self) -> None:
        self._is_over.set()
        self.join(DEADLINE)
        assert not self.is_alive()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_no_restart_refuses_anybody(family: int, tmp_path: Path) -> None:
    """While a daemon stops and the next one starts, connections only wait.

    A unix socket keeps the mode that the manager gave it.
    """
    listener = socket.socket(family)
    where: Any = ("127.0.0.1", 0)
    domain = "INET"
    if family == socket.AF_UNIX:
        where, domain = str(tmp_path / "room"), "UNIX"
    listener.bind(where)
    listener.listen(1024)
    if domain == "UNIX":
        Path(where).chmod(0o600)
    endpoint = f"systemd:domain={domain}:name=room"
    command = holding(listener, *twist_command(), "broadcast", "--listen", endpoint)
    knocker = Knocker(family, listener.getsockname())
    knocker.start()
    for restart in range(RESTARTS + 1):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )
        assert process.stdout is not None
        out = Output(process.stdout)
        out.wait_for(r"knocker joined from")
        if restart == RESTARTS:
            knocker.finish()
        process.terminate()
        assert process.wait(DEADLINE) == -signal.SIGTERM, out.lines
        out.finish()
    listener.close()
    print(f"{RESTARTS} restarts, {knocker.greeted} connections greeted")
    if domain == "UNIX":
        assert stat.S_IMODE(Path(where).stat().st_mode) == 0o600
    assert knocker.refused == []
    assert knocker.greeted > RESTARTS
