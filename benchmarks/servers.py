"""The servers to compare: how each is started, on a free port, and ended.

All listen on 127.0.0.1 alone, with their own limits out of the way, so that what is
measured is fan-out and nothing is lost. Each is started afresh for each cell.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.build import LIMIT
from benchmarks.process import spawn

_TWIST = (sys.executable, "-m", "twisted", "broadcast", "--port", "0")
PREFIX = 9
"""Bytes that chat adds to each line: ``talk000: ``."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server.

    Attributes:
        protocol: what the generator speaks to it.
        command: what starts it; ``{port}`` and ``{config}`` are filled in. Without
            ``{port}`` and a ``config`` that names it, it prints the port it chose.
        config: what its configuration file says.
        extra: bytes by which lines are longer here, to compare with chat.
        version: the arguments that make it tell its version.
        most: how many members it takes at most.
        longest: the longest line it takes.
        at_once: how many may be connecting to it at the same time.
    """

    name: str
    protocol: str
    command: tuple[str, ...]
    config: str = ""
    extra: int = 0
    version: tuple[str, ...] = ()
    most: int = 20_000
    longest: int = 60_000
    at_once: int = 64

    @property
    def is_peer(self) -> bool:
        """It is somebody else's server, not ours, a bound or an example."""
        return bool(self.version)

    @property
    def is_installed(self) -> bool:
        """It can be started here."""
        return bool(shutil.which(self.command[0]))

    def tell_version(self) -> str:
        """Return what it says of its version, on one line."""
        done = subprocess.run(
            [self.command[0], *self.version],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        said = (done.stdout + done.stderr).strip().partition("\n")[0]
        found = re.search(r"\d+\.\d+(\.\d+)?", said)
        return found[0] if found else said


_NATS = """host: 127.0.0.1
port: {port}
max_pending: 268435456
write_deadline: "60s"
max_connections: 20000
"""
_REDIS = """bind 127.0.0.1
port {port}
save ""
maxclients 15000
client-output-buffer-limit pubsub 0 0 0
tcp-backlog 4096
dir {folder}
"""
_MOSQUITTO = """listener {port} 127.0.0.1
allow_anonymous true
user root
max_queued_messages 0
set_tcp_nodelay true
sys_interval 0
"""
_NGIRCD = """[Global]
Name = irc.example
Listen = 127.0.0.1
Ports = {port}
ServerUID = root
ServerGID = root
AdminEMail = admin@irc.example
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
[Options]
Ident = no
DNS = no
PAM = no
"""
_INSPIRCD = """<server name="irc.example" description="a" network="a">
<admin name="a" nick="a" email="a@irc.example">
<bind address="127.0.0.1" port="{port}" type="clients">
<power diepass="a" restartpass="a">
<connect allow="*" timeout="60" hardsendq="268435456" softsendq="268435456"
 recvq="1048576" threshold="100000000" commandrate="2000000000" fakelag="no"
 localmax="20000" globalmax="20000" limit="20000" resolvehostnames="no">
<performance netbuffersize="65534" somaxconn="4096" softlimit="20000">
<options defaultmodes="n">
<pid file="{folder}/inspircd.pid">
"""
_LIMIT = (str(LIMIT),)
_INSPIRCD_COMMAND = ("inspircd", "--runasroot", "--nofork", "--config={config}")

SERVERS = {
    server.name: server
    for server in (
        Server("chat", "chat", (*_TWIST, "--rate", "0")),
        Server("relay", "lines", (*_TWIST, "--relay")),
        Server("limit", "lines", _LIMIT),
        Server("limit at chat's length", "lines", _LIMIT, extra=PREFIX),
        Server("textbook", "lines", (sys.executable, "-m", "benchmarks.textbook")),
        Server(
            "ncat",
            "lines",
            ("ncat", "-l", "--broker", "-m", "200", "127.0.0.1", "{port}"),
            version=("--version",),
            most=110,
            at_once=1,
        ),
        Server("nats", "nats", ("nats-server", "-c", "{config}"), _NATS, 0, ("-v",)),
        Server("redis", "redis", ("redis-server", "{config}"), _REDIS, 0, ("-v",)),
        Server(
            "mosquitto", "mqtt", ("mosquitto", "-c", "{config}"), _MOSQUITTO, 0, ("-h",)
        ),
        Server(
            "ngircd",
            "irc",
            ("ngircd", "-n", "-f", "{config}"),
            _NGIRCD,
            version=("-V",),
            longest=400,
        ),
        Server(
            "inspircd",
            "irc",
            _INSPIRCD_COMMAND,
            _INSPIRCD,
            version=("--version",),
            longest=400,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    pid: int
    port: int

    @property
    def resident(self) -> int:
        """Its resident memory, in KiB; 0 once it has ended."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@contextmanager
def started(
    server: Server, core: int, options: tuple[str, ...] = ()
) -> Iterator[Running]:
    """Start ``server`` on ``core``; end it, by its process id, at the end.

    Raises:
        RuntimeError: it doesn't listen.
    """
    with tempfile.TemporaryDirectory() as folder:
        port, config, log = free_port(), Path(folder) / "config", Path(folder) / "log"
        config.write_text(server.config.format(port=port, folder=folder))
        words = [word.format(port=port, config=config) for word in server.command]
        with log.open("wb") as output:
            process = spawn([*words, *options], core, stdout=output, stderr=output)
        try:
            chooses = not server.config and "{port}" not in server.command
            yield Running(process.pid, _await(process, log, None if chooses else port))
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: "subprocess.Popen[bytes]", log: Path, port: int | None) -> int:
    """Return the port, once the server listens there."""
    end = time.monotonic() + 15
    while time.monotonic() < end and process.poll() is None:
        said = log.read_text(errors="replace")
        if port is None and (found := re.search(r"listening on \S+:(\d+)", said)):
            return int(found[1])
        if port is not None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                pass
            else:
                return port
        time.sleep(0.02)
    raise RuntimeError(f"it doesn't listen: {log.read_text(errors='replace')[-300:]}")
