"""A client that was written from docs/protocol.md alone loses nothing."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.daemon import DEADLINE, Daemon
from tests.support.plainclient import PlainClient

Enter = Callable[..., PlainClient]


@pytest.fixture(params=["usual", "asking"])
def enter(request: pytest.FixtureRequest) -> Iterator[Enter]:
    """Let clients in, by a usual port and by one that asks for a name."""
    place = "tcp:0:interface=127.0.0.1"
    listener = "--ask" if request.param == "asking" else "--listen"
    with Daemon(listener, place) as daemon, ExitStack() as stack:

        def connect() -> socket.socket:
            return socket.create_connection(("127.0.0.1", daemon.port), DEADLINE)

        def make(name: str, is_quiet: bool = False) -> PlainClient:
            client = PlainClient(connect, name, f"key-of-{name}", is_quiet)
            stack.callback(client.close)
            return client

        yield make


def test_it_talks_and_looks_back(enter: Enter) -> None:
    """What it says is acknowledged; what was said is had again, in its order."""
    anna, boris = enter("Anna"), enter("Boris")
    for number in range(5):
        anna.say(f"line {number}")
        boris.say(f"/answer {number}")
    anna.settle()
    boris.settle()
    ids = boris.history(10)
    assert ids == sorted(ids)
    assert len(ids) == 10
    said = [boris.lines[id] for id in ids]
    for name, text in (("Anna", "line"), ("Boris", "/answer")):
        own = [line for line in said if line.startswith(f"{name}: ")]
        assert own == [f"{name}: {text} {number}" for number in range(5)]
    assert boris.history(3) == ids[-3:]


def test_it_joins_quietly_and_pages_through_it_all(enter: Enter) -> None:
    """Back to the first line and on to the newest, and nobody is told that it came."""
    anna = enter("Anna")
    for number in range(95):
        anna.say(f"line {number}")
    anna.settle()
    reader = enter("Reader", is_quiet=True)
    anna.say("the newest")
    anna.settle()
    ids = reader.page_back(10)
    assert ids == sorted(anna.lines)
    assert [reader.lines[id] for id in ids[:2]] == ["Anna: line 0", "Anna: line 1"]
    assert reader.page_on(ids[0]) == ids[1:]
    assert reader.lines == anna.lines
    assert reader.missing == 0
    enter("Boris")
    while not anna.joined:
        anna.read()
    assert anna.joined == ["Boris"]


def test_it_comes_back_to_where_it_was(enter: Enter) -> None:
    """Lines said while it was away arrive, none twice; what it said in the moment of
    the loss is said once."""
    anna, boris = enter("Anna"), enter("Boris")
    anna.say("one")
    anna.settle()
    doubtful = anna.say("two")
    anna.break_off()
    for number in range(50):
        boris.say(f"meanwhile {number}")
    boris.settle()
    assert doubtful in anna.unacknowledged
    anna.come_back()
    anna.settle()
    boris.history(100)
    assert anna.missing == 0
    assert anna.lines == boris.lines
    said = list(boris.lines.values())
    assert said.count("Anna: two") == 1
    assert len(said) == 52
