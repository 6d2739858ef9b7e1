"""Lines older than a daemon's ring, with ``--nats``: read from the room's stream."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from soak.servers import Servers, program
from tests.integration.test_nats import join
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port

pytestmark = pytest.mark.skipif(program() is None, reason="there is no nats-server")

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

COUNT = 4000
SMALL = ("--log-size", "64K", "--rate", "0", "--web", "0")
"""The least memory for lines that there can be: the room has six times as many."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a nats-server; return where it is."""
    with Servers(tmp_path_factory.mktemp("nats")) as servers:
        yield servers.urls


Heard = list[tuple[int, str, str, str]]
"""Each line: id, time, name, text."""


@pytest.fixture(scope="module")
def room(server: str) -> Iterator[tuple[Daemon, Daemon, str, Heard]]:
    """Start two daemons, and say many lines; return them, the epoch, and the lines."""
    options = ("--nats", server, *SMALL)
    with Daemon(*options, "--history", "all") as one, Daemon(*options) as two:
        mouths = [LineClient(connect_tcp(each.port)) for each in (one, two)]
        for mouth, name in zip(mouths, ("al", "bo"), strict=True):
            mouth.since_ping(f"/name {name}")
        ear = LineClient(connect_tcp(one.port))
        epoch = str(join(ear, "ear")["epoch"])
        heard: Heard = []
        for begin in range(0, COUNT, 40):
            for mouth in mouths:
                mouth.send(*(f"line {n} {'x' * 40}" for n in range(begin, begin + 20)))
            heard += [line_of(ear.await_event("message")) for _ in range(40)]
        for client in (*mouths, ear):
            client.close()
        yield one, two, epoch, heard


def line_of(event: dict[str, object]) -> tuple[int, str, str, str]:
    """Return a line of a message event."""
    id, at, name, text = (event[key] for key in ("id", "at", "name", "text"))
    assert isinstance(id, int)
    return id, str(at), str(name), str(text)


def page(client: LineClient, command: str) -> tuple[Heard, dict[str, object]]:
    """Return the lines of an answer, and how it ends."""
    client.send(command)
    start = client.await_event("replay")
    lines: Heard = []
    while (event := client.event())["event"] == "message":
        lines.append(line_of(event))
    assert event["event"] == "replayed"
    assert start["count"] == len(lines)
    return lines, event | {"missing": start["missing"]}


def all_since(client: LineClient, epoch: str, id: int) -> Heard:
    """Return all lines after a position, page by page; none is missing."""
    lines, end = page(client, f"/since {epoch}:{id}")
    assert end["missing"] == 0
    while end["more"]:
        more, end = page(client, f"/since {end['position']}")
        assert end["missing"] == 0
        lines += more
    return lines


Room = tuple[Daemon, Daemon, str, Heard]


def test_all_that_was_said_is_read_after_a_position(
    room: Room, connect: Connect
) -> None:
    """From the first line of all to the last one, as it was heard; none is missing."""
    one, _, epoch, heard = room
    client = connect(one)
    join(client, "cy")
    assert len(heard) == COUNT
    assert all_since(client, epoch, 0) == heard
    assert all_since(client, epoch, heard[1234][0]) == heard[1235:]


def test_all_is_paged_back_to(room: Room, connect: Connect) -> None:
    """``/history`` goes from page to page to the first line."""
    one, _, _, heard = room
    client = connect(one)
    join(client, "cy")
    lines, end = page(client, "/history 1000")
    while end["more"]:
        older, end = page(client, f"/history 1000 {end['first']}")
        assert end["missing"] == 0
        lines = older + lines
    assert lines == heard


def test_a_daemon_that_comes_later_has_them_too(
    room: Room, daemon: Start, connect: Connect, server: str
) -> None:
    """Over HTTP, as well as by commands."""
    _, _, epoch, heard = room
    late = daemon("--nats", server, *SMALL, "--history", "all")
    client = connect(late)
    join(client, "cy")
    assert all_since(client, epoch, 0) == heard
    url = (
        f"http://127.0.0.1:{web_port(late)}/lines?follow=0&since={epoch}:{heard[0][0]}"
    )
    with urlopen(url, timeout=20) as answer:
        texts = [line.decode().rstrip("\n").partition("] ")[2] for line in answer]
    said = [text for text in texts if text]
    assert said == [f"{name}: {text}" for _, _, name, text in heard[1:]]


def test_nobody_goes_back_further_than_history(room: Room, connect: Connect) -> None:
    """``--history`` (1000) counts the stream's lines, too; others are missing."""
    _, two, epoch, heard = room
    client = connect(two)
    join(client, "cy")
    lines, end = page(client, f"/since {epoch}:{heard[-1501][0]}")
    assert (lines, end["missing"]) == (heard[-1000:], 500)
    lines, end = page(client, "/since another:1")
    assert (lines, end["missing"]) == (heard[-1000:], None)
    lines, end = page(client, f"/history 100 {epoch}:{heard[-950][0]}")
    assert (lines, end["missing"], end["more"]) == (heard[-1000:-950], 50, False)
    lines, end = page(client, f"/history 100 {epoch}:{heard[-2000][0]}")
    assert (lines, end["missing"], end["more"]) == ([], 100, False)
    lines, end = page(client, f"/history 100 {epoch}:{heard[-500][0]}")
    assert (lines, end["missing"], end["more"]) == (heard[-600:-500], 0, True)


def test_a_page_waits_for_nats(daemon: Start, connect: Connect, tmp_path: Path) -> None:
    """It is read when that is back; nobody is told of lines missing meanwhile."""
    with Servers(tmp_path) as servers:
        [server] = servers.all
        options = (*SMALL, "--history", "all")
        here = daemon("--nats", servers.urls, "--cut-off", "3", *options)
        client = connect(here)
        epoch = str(join(client, "ann sesame-open")["epoch"])
        client.send(*(f"line {n} {'x' * 90}" for n in range(1500)))
        heard = [line_of(client.await_event("message")) for _ in range(1500)]
        server.kill()
        client.send(f"/since {epoch}:0")
        server.start()
        assert client.await_event("replay")["missing"] == 0
        lines = [event for event in client.events_until("replayed") if "text" in event]
        assert [line_of(event) for event in lines] == heard[:1000]
        server.kill()
        client.send(f"/since {epoch}:0", "said, and never heard")
        told = [json.loads(line) for line in client.rest().decode().splitlines()]
        assert (told[-1]["event"], told[-1]["code"]) == ("bye", "restarted")
        assert all(event.get("missing", None) is None for event in told)
        here.signal()
        here.wait()
