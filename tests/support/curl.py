"""Real HTTP clients beside the daemon: curl, and a reader of events."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Daemon, Output
from tests.support.http import events_in
from tests.support.lineclient import connect_tcp
from tests.support.websocket import web_port


def require_curl() -> None:
    """Skip the test where there is no curl."""
    if shutil.which("curl") is None:
        pytest.skip("no curl: apt-get install curl")


def url(daemon: Daemon) -> str:
    """Return the address of the daemon's HTTP port."""
    return f"http://127.0.0.1:{web_port(daemon)}"


def curl(*arguments: str, given: bytes = b"") -> str:
    """Return what curl prints."""
    require_curl()
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "15", *arguments],
        input=given,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


def shell(
    command: str, given: bytes = b"", env: Mapping[str, str] | None = None
) -> str:
    """Return what a command line prints."""
    require_curl()
    done = subprocess.run(
        ["bash", "-c", command],
        input=given,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
        env={"PATH": _path(), **(env or {})},
    )
    return (done.stdout + done.stderr).decode()


@contextmanager
def listening(command: str) -> Iterator[Output]:
    """Run a curl that listens; give its lines."""
    require_curl()
    with subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        out = Output(process.stdout)
        try:
            yield out
        finally:
            process.kill()
            process.wait()


class EventReader:
    """A plain client of Server-Sent Events, on a socket.

    Args:
        port: of the daemon's HTTP listener.
        last: the ``Last-Event-ID``; "" for none.

    Attributes:
        last: the id of the last event that had one.
    """

    def __init__(self, port: int, last: str = "", query: str = "") -> None:
        self.last = last
        more = f"Last-Event-ID: {last}\r\n" if last else ""
        self.wire = connect_tcp(port)
        self.wire.send(
            f"GET /events{query} HTTP/1.0\r\nHost: localhost\r\n{more}\r\n".encode()
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")

    def next(self) -> dict[str, str]:
        """Return the next event; ConnectionError at the end."""
        while True:
            while b"\n\n" not in self._buffer:
                self._more()
            block, _, self._buffer = self._buffer.partition(b"\n\n")
            (event,) = events_in(block.decode() + "\n\n")
            self.last = event.get("id", self.last)
            if "event" in event:
                return event

    def close(self) -> None:
        """Leave."""
        self.wire.close()

    def _more(self) -> None:
        data = self.wire.receive()
        if not data:
            raise ConnectionError("the end")
        self._buffer += data


class Site:
    """A web server of somebody else's: one page, and the posts that come.

    Attributes:
        port: where it is.
        posts: the bodies that were posted to it.
    """

    def __init__(self, page: str = "<!doctype html><title>x</title>") -> None:
        self.posts: list[bytes] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(page.encode())

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                site.posts.append(self.rfile.read(length))
                self._answer(b"ok")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(DEADLINE)
        self._server.server_close()


def _path() -> str:
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
