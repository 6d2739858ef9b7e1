"""nginx and haproxy in front of a daemon, with the configurations of docs/admin.md."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.daemon import DEADLINE
from tests.support.examples import replaced
from tests.support.faces import make_certificate
from tests.support.lineclient import SocketWire

_STREAM_MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def missing(program: str) -> str:
    """Return why ``program`` can't be run here; empty if it can."""
    if shutil.which(program) is None:
        return f"no {program} here"
    if program == "nginx" and not _STREAM_MODULE.exists():
        return "no stream module for nginx here"
    return ""


class Front:
    """A proxy that ends TLS on a port of its own.

    Args:
        program: writes the configuration; returns the command.
        example: out of the docs; its one listening port and its certificates are
            replaced.
        behind: where the daemon is: what stands in the example → its port.
    """

    def __init__(
        self,
        program: Callable[[Path, str, Path, socket.socket], list[str]],
        example: str,
        behind: dict[str, int],
        folder: Path,
    ) -> None:
        key, self.certificate = make_certificate(folder)
        both = folder / "chat.pem"
        both.write_bytes(key.read_bytes() + self.certificate.read_bytes())
        for where, port in behind.items():
            example = replaced(example, **{where: f"127.0.0.1:{port}"})
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        os.set_inheritable(self._socket.fileno(), True)
        self.port = self._socket.getsockname()[1]
        command = program(folder, example, both, self._socket)
        self._output = (folder / "proxy.log").open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=[self._socket.fileno()],
            env=os.environ | {"NGINX": f"{self._socket.fileno()};"},
        )

    def connect(self, source: str = "127.0.0.1") -> SocketWire:
        """Connect over TLS from an address of this machine's."""
        context = ssl.create_default_context(cafile=self.certificate)
        sock = socket.create_connection(
            ("127.0.0.1", self.port), DEADLINE, source_address=(source, 0)
        )
        return SocketWire(context.wrap_socket(sock, server_hostname="localhost"))

    def close(self) -> None:
        """End the proxy."""
        self._process.terminate()
        self._process.wait(DEADLINE)
        self._output.close()
        self._socket.close()


def haproxy(
    folder: Path, example: str, certificate: Path, listener: socket.socket
) -> list[str]:
    """Write haproxy's configuration."""
    changes = {r"bind :\d+": f"bind fd@{listener.fileno()}"}
    changes[r"/etc/haproxy/chat\.pem"] = str(certificate)
    config = folder / "haproxy.cfg"
    example = replaced(example, **changes)
    config.write_text(f"defaults\n    timeout connect 5s\n{example}")
    return ["haproxy", "-q", "-db", "-f", str(config)]


def nginx(
    folder: Path, example: str, certificate: Path, listener: socket.socket
) -> list[str]:
    """Write nginx' configuration."""
    changes = {r"listen \d+": f"listen 127.0.0.1:{listener.getsockname()[1]}"}
    changes[r"/etc/letsencrypt/live/chat\.example\.org/\w+\.pem"] = str(certificate)
    if not example.startswith("stream"):
        # Certificates stand with the lines' example; nginx has them for all of http.
        changes.popitem()
        files = f"ssl_certificate {certificate}; ssl_certificate_key {certificate};"
        where = "".join(
            f"{name}_temp_path {folder};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        example = f"http {{\naccess_log off; {files} {where}\n{example}}}\n"
    example = replaced(example, **changes)
    config = folder / "nginx.conf"
    config.write_text(
        f"load_module {_STREAM_MODULE};\ndaemon off;\nworker_processes 1;\n"
        f"pid {folder / 'nginx.pid'};\nerror_log stderr;\nevents {{}}\n{example}"
    )
    return ["nginx", "-e", "stderr", "-c", str(config)]
