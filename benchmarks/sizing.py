"""What a member costs, over plain TCP and over TLS: memory idle, CPU per line.

``python -m benchmarks.sizing [MEMBERS] [LINES]``. The daemon's own CPU time and
resident memory are read from /proc (Linux); one publisher says windows of 100
lines of 64 bytes, and every other member must have a window before the next.
"""

import os
import re
import resource
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.faces import make_certificate

WINDOW = 100
TICK = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """What was measured."""

    face: str
    idle: float
    cpu: float
    rate: float


class Daemon:
    """The daemon, and what /proc says of it."""

    def __init__(self, log: Path, *options: str) -> None:
        command = [sys.executable, "-m", "twisted", "broadcast", *options]
        with log.open("w") as output:  # a pipe that nobody reads would stop it
            self.process = subprocess.Popen(command, stdout=output)
        self._log = log
        self.port = int(self.find(r"listening on \S+:(\d+)"))
        self._proc = Path(f"/proc/{self.process.pid}")

    def find(self, pattern: str) -> str:
        """Return the group of ``pattern`` as soon as the daemon has said it."""
        end = time.monotonic() + 15
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(pattern, self._log.read_text()):
                return found[1]
            time.sleep(0.02)
        self.stop()
        said = self._log.read_text()[-300:]
        raise SystemExit(f"the daemon doesn't say {pattern}: {said}")

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used."""
        words = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICK

    def memory(self) -> int:
        """Return its resident bytes."""
        pages = int((self._proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def connect(port: int, context: ssl.SSLContext | None) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock if context is None else context.wrap_socket(sock)


def await_pong(sock: socket.socket) -> None:
    got = b""
    while b"* pong" not in got:
        piece = sock.recv(1 << 16)
        if not piece:
            raise SystemExit(f"the daemon has closed: {got[-200:]!r}")
        got += piece


def read_some(sock: socket.socket) -> bytes:
    """Return what is there; a TLS record may hold more than the socket tells."""
    pieces = []
    try:
        while piece := sock.recv(1 << 16):
            pieces.append(piece)
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    return b"".join(pieces)


class Audience:
    """All members but the publisher; counts the lines of each."""

    def __init__(self, port: int, context: ssl.SSLContext | None, count: int) -> None:
        self.selector = selectors.DefaultSelector()
        self.said: dict[socket.socket, int] = {}
        for _ in range(count):
            sock = connect(port, context)
            sock.sendall(b"\n/ping\n")
            await_pong(sock)
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ)
            self.said[sock] = 0

    def get_ready(self) -> None:
        """Read until everybody has heard "ready": only counted lines follow."""
        for sock in self.said:
            got = b""
            while not got.endswith(b"publisher: ready\n"):
                got += read_some(sock)

    def read_until(self, count: int) -> None:
        """Read until everybody has ``count`` more lines."""
        behind = {sock for sock, said in self.said.items() if said < count}
        while behind:
            for key, _ in self.selector.select(10):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                self.said[sock] += read_some(sock).count(b"\n")
                if self.said[sock] >= count:
                    behind.discard(sock)

    def close(self) -> None:
        self.selector.close()
        for sock in self.said:
            sock.close()


def fan_out(
    daemon: Daemon, audience: Audience, context: ssl.SSLContext | None, lines: int
) -> tuple[float, float]:
    """Say lines until all have them; return the seconds, and the daemon's of CPU."""
    publisher = connect(daemon.port, context)
    publisher.sendall(b"/name publisher\n/ping\n")
    await_pong(publisher)
    publisher.sendall(b"ready\n")
    audience.get_ready()
    window = (b"x" * 63 + b"\n") * WINDOW
    cpu, start = daemon.cpu(), time.monotonic()
    for done in range(WINDOW, lines + 1, WINDOW):
        publisher.sendall(window)
        audience.read_until(done)
    took, cpu = time.monotonic() - start, daemon.cpu() - cpu
    publisher.close()
    return took, cpu


def measure(face: str, members: int, lines: int) -> Cost:
    """Return what members cost over ``face``."""
    with tempfile.TemporaryDirectory() as folder:
        where = "tcp:0:interface=127.0.0.1"
        options, context = ["--listen", where], None
        if face == "tls":
            key, certificate = make_certificate(Path(folder))
            options = ["--listen", f"tls:{where}", "--tls-key", str(key)]
            options += ["--tls-cert", str(certificate)]
            context = ssl.create_default_context(cafile=certificate)
            context.check_hostname = False
        log = Path(folder) / "log"
        daemon = Daemon(log, *options, "--rate", "0", "--greeting-delay", "0.05")
    try:
        before = daemon.memory()
        audience = Audience(daemon.port, context, members)
        time.sleep(1)
        idle = (daemon.memory() - before) / members
        took, cpu = fan_out(daemon, audience, context, lines)
        audience.close()
    finally:
        daemon.stop()
    deliveries = members * (lines // WINDOW * WINDOW)
    return Cost(face, idle, cpu / deliveries, deliveries / took)


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    print(f"{members} members, {lines} lines of 64 bytes, windows of {WINDOW}")
    print("face  idle memory/member  CPU/delivery  deliveries/s, reader included")
    for face in ("tcp", "tls"):
        cost = measure(face, members, lines)
        print(
            f"{cost.face:4}  {cost.idle / 1024:14.1f} KiB"
            f"  {cost.cpu * 1e9:9.0f} ns  {cost.rate:12,.0f}"
        )


if __name__ == "__main__":
    main()
