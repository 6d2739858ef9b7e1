"""nats-servers of one's own: one, or several that are one cluster; started and hurt."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

PATIENCE = 20.0
"""Seconds in which a server has to be there."""


def program() -> str | None:
    """Return where nats-server is; None: there is none."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has just now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


class Server:
    """A nats-server with JetStream.

    Args:
        folder: where it keeps things.
        number: its own, from 1 on.
        port: where it listens.
        more: further lines of its configuration.
        routes: the ports at which the servers of a cluster find each other, its own
            first; none for a lone one.

    Attributes:
        process: it runs.
    """

    def __init__(
        self,
        folder: Path,
        number: int,
        port: int,
        routes: tuple[int, ...] = (),
        more: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder / f"n{number}"
        self.port = port
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config = self.folder / "nats.conf"
        lines = [
            f"server_name: n{number}",
            f"listen: 127.0.0.1:{port}",
            f'jetstream {{ store_dir: "{self.folder}", max_mem: 64MB, max_file: 1TB,'
            " sync_interval: always }",
        ]
        lines += more
        if routes:
            urls = ", ".join(f"nats://127.0.0.1:{route}" for route in routes)
            where = f"listen: 127.0.0.1:{routes[0]}"
            lines.append(
                f"cluster {{ name: c, {where},"
                f" no_advertise: true, routes: [ {urls} ] }}"
            )
        self._config.write_text("\n".join(lines) + "\n")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it."""
        found = program()
        assert found is not None, "there is no nats-server"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [found, "-c", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as joined:
                    if joined.recv(4).startswith(b"INFO"):
                        return
            except OSError:
                pass
            if time.monotonic() > end:
                raise SystemExit("a nats-server does not start")
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.process is not None:
            os.kill(self.process.pid, number)

    def pause(self) -> None:
        """Stop it, and return when it does nothing more; SIGCONT has it go on."""
        self.signal(signal.SIGSTOP)
        if self.process is not None:
            os.waitpid(self.process.pid, os.WUNTRACED)

    def kill(self) -> None:
        """End it at once."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


class Servers:
    """Some servers: a cluster, if there are several.

    Args:
        folder: where they keep things.
        count: how many.
        more: further lines of their configuration.
    """

    def __init__(self, folder: Path, count: int = 1, *more: str) -> None:
        ports = free_ports(2 * count)
        own, routes = ports[:count], ports[count:]
        self.all = [
            Server(
                folder,
                n + 1,
                own[n],
                (routes[n], *routes[:n], *routes[n + 1 :]) if count > 1 else (),
                more,
            )
            for n in range(count)
        ]

    @property
    def urls(self) -> str:
        """Where they are, as ``--nats`` takes it."""
        return ",".join(server.url for server in self.all)

    def urls_from(self, first: int) -> str:
        """Return where they are, beginning with another one."""
        turned = self.all[first:] + self.all[:first]
        return ",".join(server.url for server in turned)

    def __enter__(self) -> "Servers":
        """Start them."""
        for server in self.all:
            server.start()
        for server in self.all:
            server.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them."""
        for server in self.all:
            server.kill()
