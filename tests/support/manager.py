"""What a service manager does for a daemon: a notify socket, held listeners."""

import socket
import sys
import tempfile
from pathlib import Path

from tests.support.daemon import DEADLINE


class NotifySocket:
    """Receives what a daemon tells by sd_notify(3).

    Attributes:
        name: what goes into ``NOTIFY_SOCKET``.
        told: all messages so far, field by field.
    """

    def __init__(self, is_abstract: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = str(Path(self._folder.name) / "notify")
        self.name = f"@{path}" if is_abstract else path
        self.told: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(DEADLINE)
        self._socket.bind("\0" + path if is_abstract else path)

    @property
    def folder(self) -> str:
        """Where its socket is."""
        return self._folder.name

    def open_to_all(self) -> None:
        """Let every user tell it things."""
        Path(self.folder).chmod(0o755)
        Path(self.name).chmod(0o777)

    @property
    def env(self) -> dict[str, str]:
        """What the daemon finds in its environment."""
        return {"NOTIFY_SOCKET": self.name}

    def next(self, timeout: float = DEADLINE) -> dict[str, str]:
        """Return the next message; TimeoutError if there is none in time."""
        self._socket.settimeout(timeout)
        text = self._socket.recv(4096).decode()
        message = dict(line.split("=", 1) for line in text.split("\n"))
        self.told.append(message)
        return message

    def until(self, **fields: str) -> dict[str, str]:
        """Return the next message that has these fields."""
        while not fields.items() <= (message := self.next()).items():
            pass
        return message

    def drain(self) -> None:
        """Forget what has come already."""
        self._socket.setblocking(False)
        try:
            while True:
                self._socket.recv(4096)
        except BlockingIOError:
            return

    def __enter__(self) -> "NotifySocket":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._folder.cleanup()


_HAND_OVER = """\
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= dict(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="room")
os.execvp(sys.argv[2], sys.argv[2:])
"""


def holding(listener: socket.socket, *command: str) -> list[str]:
    """Return a command that runs ``command`` with ``listener`` as systemd would.

    To be run with ``pass_fds``. ``LISTEN_PID`` must be the daemon's own id, so
    what sets it becomes the daemon.
    """
    return [sys.executable, "-c", _HAND_OVER, str(listener.fileno()), *command]
