"""A daemon of one's own, and plain sockets in its room."""

import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNK = 1 << 18


class Room:
    """A running daemon."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process = process
        self.port = port

    def connect(self, introduction: str = "", size: int = 0) -> socket.socket:
        """Return a connection; ``size`` bytes of receive buffer, if not 0."""
        joined = socket.socket()
        if size:
            joined.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        joined.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        joined.settimeout(60)
        joined.connect(("127.0.0.1", self.port))
        if introduction:
            joined.sendall(f"{introduction}\n/ping in\n".encode())
            data = b""
            while b"pong in\n" not in data and b'"token":"in"}\n' not in data:
                data += joined.recv(CHUNK)
        return joined

    @property
    def memory(self) -> int:
        """The daemon's resident memory, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    @property
    def descriptors(self) -> int:
        """How many files and sockets the daemon has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @property
    def cpu(self) -> float:
        """Seconds of processor time that the daemon has taken."""
        text = Path(f"/proc/{self.process.pid}/schedstat").read_text()
        return int(text.split()[0]) / 1e9


@contextmanager
def room(*options: str, log: Path | None = None) -> Iterator[Room]:
    """Start a daemon on a free port, its log in a file; end it again."""
    with tempfile.TemporaryDirectory() as folder:
        path = log or Path(folder) / "log"
        command = [sys.executable, "-c", _TWIST, "broadcast", "--port", "0", *options]
        with path.open("w") as out, subprocess.Popen(command, stdout=out) as process:
            try:
                yield Room(process, _port_of(process, path))
            finally:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


_TWIST = "from twisted.application.twist._twist import Twist; Twist.main()"


def _port_of(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.02)
    raise SystemExit("the daemon did not start")


def read_until(joined: socket.socket, end: bytes) -> bytes:
    """Return what comes until it ends with ``end``, this included."""
    data = b""
    while not data.endswith(end):
        more = joined.recv(CHUNK)
        if not more:
            raise SystemExit(f"closed while waiting for {end!r}: {data[-200:]!r}")
        data += more
    return data


class Pump:
    """Reads many sockets and writes to many, in one thread.

    Attributes:
        on_data: socket → what to do with what it receives; empty bytes: closed.
        outgoing: socket → what is still to be written.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def add(self, joined: socket.socket, events: int, data: object) -> None:
        """Watch a socket."""
        joined.setblocking(False)
        self._selector.register(joined, events, data)

    def change(self, joined: socket.socket, events: int, data: object) -> None:
        """Watch a socket for something else."""
        self._selector.modify(joined, events, data)

    def remove(self, joined: socket.socket) -> None:
        """Watch a socket no more."""
        self._selector.unregister(joined)

    def ready(self, timeout: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what can be read and written, after ``timeout`` s at most."""
        return self._selector.select(timeout)

    def close(self) -> None:
        """Watch nothing any more."""
        self._selector.close()


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
