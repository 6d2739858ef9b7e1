"""The real ``telnet``, on a terminal, where there is one."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient, connect_tcp

TELNET = shutil.which("telnet")

pytestmark = pytest.mark.skipif(TELNET is None, reason="there is no telnet here")


class Terminal:
    """Telnet's terminal: what is typed, and what it shows."""

    def __init__(self, port: int) -> None:
        self._end, other = pty.openpty()
        self._shown = b""
        self.process = subprocess.Popen(
            [str(TELNET), "127.0.0.1", str(port)],
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(other)

    def type(self, data: bytes) -> None:
        """Type ``data``."""
        os.write(self._end, data)

    def wait_for(self, pattern: bytes) -> None:
        """Wait until ``pattern`` is shown, behind what was waited for before."""
        until = time.monotonic() + DEADLINE
        while (found := re.search(pattern, self._shown)) is None:
            left = until - time.monotonic()
            ready, _, _ = select.select([self._end], [], [], max(0.0, left))
            assert ready, f"no {pattern!r} in {self._shown!r}"
            self._shown += os.read(self._end, 4096)
        self._shown = self._shown[found.end() :]

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(DEADLINE)
        os.close(self._end)


def _take_terminal() -> None:
    """Have Ctrl-C on standard input become a signal."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_telnet_is_not_deaf_after_an_interrupt() -> None:
    """It asks for a timing mark, and shows nothing until that is answered."""
    with Daemon() as daemon:
        bob = LineClient(connect_tcp(daemon.port))
        bob.since_ping("/name bob")
        terminal = Terminal(daemon.port)
        try:
            terminal.wait_for(rb"You are guest")
            terminal.type(b"/name al\r")
            terminal.wait_for(rb"is now al")
            for number in range(3):
                terminal.type(b"\x03")
                terminal.type(b"line %d\r" % number)
                assert bob.until(rf"line {number}")[-1] == f"al: line {number}"
                bob.send(f"heard {number}")
                terminal.wait_for(rb"bob: heard %d" % number)
        finally:
            terminal.close()
            bob.close()
