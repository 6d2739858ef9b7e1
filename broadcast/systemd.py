"""What the service manager is told: systemd's sd_notify(3), and nothing of systemd.

One datagram for each message, to the socket named in ``NOTIFY_SOCKET``. Without
that variable nothing is told to anybody.
"""

import os
import socket
from collections.abc import Callable, Mapping

from twisted.logger import Logger

from broadcast.base.values import reason_of

STATUS_INTERVAL = 5.0
"""Seconds between two looks at the status, where no watchdog wants more."""


class Notifier:
    """Tells the service manager how the daemon is.

    Args:
        environ: where ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` are.
        clock: seconds of ``CLOCK_MONOTONIC``.
    """

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._clock = clock
        self._logger = Logger(namespace="broadcast")
        self._status = ""
        self._socket: socket.socket | None = None
        self._watchdog = _watchdog(environ)
        if name:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    @property
    def interval(self) -> float | None:
        """Seconds between two calls of ``beat``; None if nobody wants any.

        Half of what the watchdog waits for.
        """
        if self._socket is None:
            return None
        return min(STATUS_INTERVAL, self._watchdog / 2 or STATUS_INTERVAL)

    def ready(self, status: str) -> None:
        """All listeners are open, or everything has been read again.

        Args:
            status: how things are, in a few words, for ``systemctl status``.
        """
        self._status = status
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Things are being read again; ``ready`` comes when that is done."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(self._clock() * 1e6)}")

    def stopping(self, status: str, patience: float) -> None:
        """The daemon is leaving, and may take ``patience`` seconds for it."""
        self._status = status
        usec = f"EXTEND_TIMEOUT_USEC={int(patience * 1e6)}"
        self._tell("STOPPING=1", f"STATUS={status}", usec)

    def beat(self, status: str) -> None:
        """Pat the watchdog; tell ``status`` if it is news.

        Called from a timer of the reactor: when that hangs, so does this.
        """
        told = ["WATCHDOG=1"] if self._watchdog else []
        if status != self._status:
            self._status = status
            told.append(f"STATUS={status}")
        if told:
            self._tell(*told)

    def _tell(self, *lines: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            why = reason_of(error)
            self._logger.warn("the service manager can't be told: {why}", why=why)


def _watchdog(environ: Mapping[str, str]) -> float:
    """Return how many seconds of silence the watchdog bears; 0: there is none."""
    usec = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(usec) / 1e6 if usec.isascii() and usec.isdigit() else 0.0
