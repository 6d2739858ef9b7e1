"""Notifications of the service manager by the protocol of systemd's sd_notify(3).

Each message is a datagram to the socket named in ``NOTIFY_SOCKET``. Without that
variable nothing is sent. No library of systemd is needed.
"""

import os
import socket
from collections.abc import Callable, Mapping

from twisted.logger import Logger

from broadcast.base.values import reason_of

STATUS_INTERVAL = 5.0
"""Seconds between two status checks, unless the watchdog needs a shorter interval."""


class Notifier:
    """Notifies the service manager of the daemon's state.

    Args:
        environ: the environment, with ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC``.
        clock: returns seconds of ``CLOCK_MONOTONIC``.
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
        """Seconds between two calls of ``beat``; None without a service manager.

        It is at most half of the watchdog's timeout.
        """
        if self._socket is None:
            return None
        return min(STATUS_INTERVAL, self._watchdog / 2 or STATUS_INTERVAL)

    def ready(self, status: str) -> None:
        """Notify that all listeners are open, or that a reload is complete.

        Args:
            status: a short text for ``systemctl status``.
        """
        self._status = status
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Notify that a reload has begun; ``ready`` follows when it is complete."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(self._clock() * 1e6)}")

    def stopping(self, status: str, patience: float) -> None:
        """Notify that the daemon is stopping, within ``patience`` seconds."""
        self._status = status
        usec = f"EXTEND_TIMEOUT_USEC={int(patience * 1e6)}"
        self._tell("STOPPING=1", f"STATUS={status}", usec)

    def show(self, status: str) -> None:
        """Send ``status`` now, if it has changed."""
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status}")

    def beat(self, status: str) -> None:
        """Notify the watchdog; send ``status`` if it has changed.

        A timer of the reactor calls this, so a reactor that hangs stops it.
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
            self._logger.warn(
                "the service manager can't be told: {reason}",
                event="manager-not-told",
                reason=reason_of(error),
            )


def _watchdog(environ: Mapping[str, str]) -> float:
    """Return the watchdog's timeout in seconds; 0 without a watchdog."""
    usec = environ.get("WATCHDOG_USEC", "")
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(usec) / 1e6 if usec.isascii() and usec.isdigit() else 0.0
