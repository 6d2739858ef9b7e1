"""SIGTERM under a thousand members: nobody is refused, and nothing is lost."""

import json
import resource
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import http

MEMBERS = 1000
LAME_DUCK = 2.0
DRAIN = 4.0


class Crowd:
    """Members that hear, each with what it was sent."""

    def __init__(self, port: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.heard: dict[socket.socket, bytearray] = {}
        self.ended: dict[socket.socket, float] = {}
        for _ in range(MEMBERS):
            sock = connect_tcp(port).socket
            sock.sendall(b"/format json\n")
            self._selector.register(sock, selectors.EVENT_READ)
            self.heard[sock] = bytearray()

    def read(self, seconds: float) -> None:
        """Read what comes within ``seconds``."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and len(self.ended) < MEMBERS:
            for key, _ in self._selector.select(left):
                sock: Any = key.fileobj
                data = sock.recv(1 << 16)
                self.heard[sock] += data
                if not data:
                    self.ended[sock] = time.monotonic()
                    self._selector.unregister(sock)
                    sock.close()

    def until_greeted(self) -> None:
        """Read until each has been greeted."""
        end = time.monotonic() + DEADLINE
        while not all(b'"welcome"' in heard for heard in self.heard.values()):
            assert time.monotonic() < end
            self.read(0.05)

    def close(self) -> None:
        """Close all."""
        for sock in self.heard:
            sock.close()
        self._selector.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have a socket for each member."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4 * MEMBERS:
        pytest.skip(f"only {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * MEMBERS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nobody_is_refused_and_nothing_is_lost(
    daemon: Callable[..., Daemon], many_files: None
) -> None:
    """Not ready at once; members come and are heard; each gets all, then ``bye``."""
    running = daemon(
        *("--web", "0", "--lame-duck", str(LAME_DUCK), "--drain", str(DRAIN))
    )
    with ExitStack() as stack:
        crowd = Crowd(running.port)
        stack.callback(crowd.close)
        crowd.until_greeted()
        assert http(running, "/readyz")[0].startswith("HTTP/1.1 200 ")

        running.signal()
        began = time.monotonic()
        running.out.wait_for(f"no more ready, {MEMBERS} here")
        said = 0
        while time.monotonic() - began < LAME_DUCK * 0.75:
            assert http(running, "/readyz")[0].startswith("HTTP/1.1 503 ")
            assert http(running, "/healthz")[0].startswith("HTTP/1.1 200 ")
            late = LineClient(connect_tcp(running.port))
            late.since_ping(f"/name late{said}")
            late.since_ping(f"line {said}")
            late.close()
            said += 1
            crowd.read(0.1)
        assert said >= 3

        running.out.wait_for("shutting down")
        closed = time.monotonic()
        assert closed - began >= LAME_DUCK
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", running.port))
        assert http(running, "/readyz")[0].startswith("HTTP/1.1 503 ")
        crowd.read(DEADLINE)
        assert running.wait() == -signal.SIGTERM
        running.assert_no_trouble()
        assert not any("cut off" in line for line in running.out.lines)

    assert len(crowd.ended) == MEMBERS
    for heard in crowd.heard.values():
        events = [json.loads(line) for line in heard.splitlines()]
        lines = [event["text"] for event in events if event["event"] == "message"]
        assert lines == [f"line {number}" for number in range(said)]
        last = events[-1]
        assert (last["event"], last["code"], last["reconnect"]) == (
            *("bye", "shutdown"),
            True,
        )
    # They don't all leave in one moment, but in the first half.
    times = sorted(moment - closed for moment in crowd.ended.values())
    assert times[MEMBERS // 4] < times[MEMBERS // 2] - DRAIN / 20
    assert times[MEMBERS // 2] < times[3 * MEMBERS // 4] - DRAIN / 20


def test_without_it_all_is_as_before(daemon: Callable[..., Daemon]) -> None:
    """The goodbye comes at once."""
    running = daemon("--drain", "20")
    client = LineClient(connect_tcp(running.port))
    client.since_ping("/name al")
    running.signal()
    began = time.monotonic()
    assert b"shut down" in client.rest()
    client.close()
    assert running.wait() == -signal.SIGTERM
    assert time.monotonic() - began < 9
    assert not any("no more ready" in line for line in running.out.lines)
