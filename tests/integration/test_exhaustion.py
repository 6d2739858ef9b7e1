"""No file descriptors are left: members don't notice, newcomers are told why.

No memory is left: the daemon ends at once, with one line.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.daemon import Daemon, eventually
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

FILES = 200
RESERVE = 64


def _cpu(running: Daemon) -> float:
    """Return the seconds of processor time that the daemon has taken."""
    text = Path(f"/proc/{running.pid}/schedstat").read_text()
    return int(text.split()[0]) / 1e9


def test_the_last_are_refused_with_a_reason(daemon: Start, connect: Connect) -> None:
    """As many come in as there are descriptors, less the reserve; then one more."""
    running = daemon(files=FILES)
    here = [connect(running) for _ in range(FILES - RESERVE)]
    for client in here:
        client.send("/ping")
        client.until(r"\* pong")
    late = connect(running)
    reason = f"the room is full: {FILES - RESERVE} are here"
    assert late.rest_lines()[-1] == f"* {reason}"
    here.pop().reset()
    running.out.wait_for("left")
    assert "136 here" in connect(running).since_ping()[-1]


def test_none_left_harms_nobody(daemon: Start, connect: Connect) -> None:
    """Twice as many come as there are descriptors: all is well, and goes on."""
    running = daemon("--max-members", "1000", files=FILES)
    alice, bob = connect(running), connect(running)
    alice.since_ping("/name alice")
    bob.since_ping("/name bob")
    crowd = [LineClient(connect_tcp(running.port)) for _ in range(2 * FILES)]
    eventually(lambda: running.descriptors >= FILES - 5, "it is full")
    alice.since_ping("hello")
    bob.until("alice: hello")
    begin = _cpu(running)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        alice.since_ping("still here")
        bob.until("alice: still here")
        time.sleep(0.1)  # twenty rounds, and what it takes beside them
    assert _cpu(running) - begin < 0.5
    for client in crowd:
        client.close()
    late = connect(running)
    late.since_ping("/name late")
    late.send("I am in")
    bob.until("late: I am in")


@pytest.mark.skipif(not shutil.which("prlimit"), reason="no prlimit")
def test_no_memory_is_the_end() -> None:
    """The daemon says so in one line on stderr, and exits with 1: no tracebacks."""
    options = ("--log-size", "1G", "--rate", "0")
    with Daemon(*options, under=("prlimit", "--as=300000000")) as running:
        client = LineClient(connect_tcp(running.port))
        block = (b"x" * 99 + b"\n") * 5000
        with suppress(OSError):
            while running.is_running():
                client.send_bytes(block)
        assert running.wait() == 1
        assert running.err.lines == ["broadcast: out of memory"]
        assert not any("Error" in line for line in running.out.lines)
        client.close()


def test_http_connections_leave_room_for_members(
    daemon: Start, connect: Connect
) -> None:
    """One host that keeps as many open as it can keeps nobody out, and is logged."""
    running = daemon("--web", "0", files=256)
    port = web_port(running)
    get = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    crowd = [connect_tcp(port) for _ in range(240)]
    for wire in crowd:
        with suppress(OSError):
            wire.send(get)
    running.out.wait_for(r"HTTP connections may be open from 127\.0\.0\.1.*per-host")
    eventually(lambda: running.descriptors < 64, "most are closed")
    client = connect(running)
    client.since_ping("/name late")
    for wire in crowd:
        wire.close()
    running.assert_no_trouble()
