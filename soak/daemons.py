"""A daemon of a room on nats-servers, which it reaches through cables."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from soak.cable import Cable
from soak.servers import Servers

PATIENCE = 60.0
"""Seconds in which it has to listen."""


class Cables:
    """The cables of a daemon, one to each server, in a thread of their own."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._cables: list[Cable] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def urls(self) -> str:
        """Where the daemon finds its servers."""
        return ",".join(cable.url for cable in self._cables)

    def __enter__(self) -> "Cables":
        """Begin."""
        self._thread.start()
        for server in self._servers.all:
            cable = Cable(server.port)
            asyncio.run_coroutine_threadsafe(cable.__aenter__(), self._loop).result()
            self._cables.append(cable)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.release()
        for cable in self._cables:
            ended = asyncio.run_coroutine_threadsafe(cable.__aexit__(), self._loop)
            ended.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def hold(self) -> None:
        """Cut the daemon off; what it sends is kept."""
        for cable in self._cables:
            self._loop.call_soon_threadsafe(cable.hold)

    def release(self) -> None:
        """Let all through, late."""
        for cable in self._cables:
            self._loop.call_soon_threadsafe(cable.release)


class Daemon:
    """A daemon of the room, always on the same port.

    Args:
        number: which.
        port: where members find it.
        cables: how it reaches the servers.
        log: where it logs to.
    """

    def __init__(self, number: int, port: int, cables: Cables, log: Path) -> None:
        self.port = port
        self.cables = cables
        self._number = number
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "broadcast", "--port", str(self.port)]
        command += ["--nats", self.cables.urls, "--node", f"d{self._number}"]
        command += ["--rate", "0", "--history", "all"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Wait until it listens, if it does not end."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.has_ended:
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 1),
            ):
                return
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.process is not None:
            os.kill(self.process.pid, number)

    @property
    def has_ended(self) -> bool:
        """It has ended by itself."""
        return self.process is not None and self.process.poll() is not None
