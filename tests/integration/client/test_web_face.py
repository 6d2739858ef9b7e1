"""The client over the daemon's own web face: ws:// and wss://."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client.certificates import make_certificates
from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon

PAGE = re.compile(r"the page is on https?://(\S+?)/")


@pytest.fixture(params=["ws", "wss"])
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Return the options that lead to a daemon's web face."""
    ca, both = make_certificates(tmp_path, "127.0.0.1")
    options = ["--web", "0"]
    if request.param == "wss":
        endpoint = "tls:0:interface=127.0.0.1"
        options = ["--web", endpoint, "--tls-cert", str(both), "--tls-key", str(both)]
    daemon = Daemon(*options)
    try:
        found = _await(daemon)
        yield ["--url", f"{request.param}://{found}", "--ca", str(ca)][
            : 4 if request.param == "wss" else 2
        ]
    finally:
        daemon.stop()


def _await(daemon: Daemon) -> str:
    tick = threading.Event()
    for _ in range(500):
        if found := PAGE.search(daemon.printed):
            return found[1]
        tick.wait(0.02)
    raise AssertionError(daemon.printed)


def test_send_and_tail_over_the_web_face(web: list[str], home: str) -> None:
    """A line sent is acknowledged, and is in the history that tail shows."""
    sent = run_client("send", *web, "-n", "alice", "over the web", home=home)
    assert sent.returncode == 0, sent.stderr
    heard = run_client("tail", *web, "-n", "5", "--no-follow", home=home)
    assert "alice: over the web" in heard.stdout, heard.stderr


def test_the_line_client_is_told_at_once(web: list[str], home: str) -> None:
    """A client that takes it for the line port hears so, without a wait for silence."""
    url = web[1]
    web[1] = url.replace("wss", "tls").replace("ws", "tcp")
    done = run_client("send", *web, "x", home=home)
    assert done.returncode == 3
    assert f"a web server answers there: try {url}" in done.stderr
