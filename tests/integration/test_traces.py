"""Who is gone leaves nothing: no memory that only a collector would find."""

import signal
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.daemon import Daemon, eventually
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import WebSocketWire, web_port

CROWD = 50

Start = Callable[..., Daemon]


def _connect_web(running: Daemon) -> LineClient:
    return LineClient(WebSocketWire(connect_tcp(web_port(running))))


def _connect_lines(running: Daemon) -> LineClient:
    return LineClient(connect_tcp(running.port))


def _quit(client: LineClient) -> None:
    client.send("/quit")
    client.rest()


ENDS = {
    "end": LineClient.half_close,
    "reset": LineClient.reset,
    "close": LineClient.close,
    "quit": _quit,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("connect", [_connect_lines, _connect_web])
def test_no_cycles_are_left(
    daemon: Start, connect: Callable[[Daemon], LineClient], end: str
) -> None:
    """Fifty come, talk and go: less than one object in cycles for each."""
    running = daemon("--web", "0", module="tests.support.collector")
    told = 0

    def in_cycles() -> int:
        nonlocal told
        told += 1
        running.signal(signal.SIGUSR2)
        return int(running.out.wait_for(r"in cycles: (\d+)", told)[-1][1])

    with closing(connect(running)) as first:
        first.since_ping()
        begin = running.descriptors - 1  # the reactor opens some when it runs
    for count in (1, CROWD):  # the first one makes what is made once
        crowd = [connect(running) for _ in range(count)]
        for number, client in enumerate(crowd):
            client.since_ping(f"/name n{number}", "hello", "/who", "/format json")
        for client in crowd:
            ENDS[end](client)
        for client in crowd:
            client.close()
        eventually(lambda: running.descriptors <= begin, "all are gone")
        left = in_cycles()
    assert left < CROWD, running.out.lines[-1]
