"""What still waits when its sender has gone: said, but by turns."""

import time

import pytest

from broadcast.session.session import SHARE_LINES
from tests.support.hall import Guest, Hall

DEADLINE = 2.0
PINGS = b"/ping\n" * 10_000


def _fall_silent(guest: Guest, ending: str) -> None:
    """End as ``Guest`` does, but let no turn pass."""
    if ending == "end":
        guest.protocol.readConnectionLost()
    else:
        guest.protocol.connectionLost()


@pytest.mark.parametrize("ending", ["end", "drop"])
def test_what_waits_is_said_by_turns(ending: str) -> None:
    """A share a turn, all of it, in order; only then the sender has left."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.protocol.dataReceived(b"x\n" * 5000 + b"/name bea\ny\n")
    _fall_silent(guest, ending)
    counts, seen = [], b""
    while len(hall.room.members) == 2:
        hall.turn(1)
        seen += (said := watcher.take())
        counts.append(said.count(b"al: x\n"))
    hall.wait(1)
    seen += watcher.take()
    assert sum(counts) == 5000
    assert max(counts) <= SHARE_LINES
    rest = seen.decode().removeprefix("al: x\n" * 5000).split("\n")
    assert rest == ["* al is now bea", "bea: y", "* bea left the chat", ""]


def test_answers_to_what_waits_come_by_turns() -> None:
    """Whoever asks ten thousand times, and ends, holds nobody up for it."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.take()
    guest.protocol.dataReceived(PINGS)
    guest.protocol.readConnectionLost()
    counts = []
    while hall.room.members:
        hall.turn(1)
        counts.append(guest.take().count(b"* pong\n"))
    assert sum(counts) == 10_000
    assert max(counts) <= SHARE_LINES


@pytest.mark.parametrize("ending", ["end", "drop"])
def test_commands_that_wait_cost_little(ending: str) -> None:
    """Nothing is gone through again for each of them."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.protocol.dataReceived(b"/who\n" * 12_000)
    began = time.monotonic()
    _fall_silent(guest, ending)
    while hall.room.members:
        hall.turn(1)
    assert time.monotonic() - began < DEADLINE


def test_who_is_lost_may_still_quit() -> None:
    """A /quit among what waits is the end of it."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.protocol.dataReceived(b"x\n" * 5000 + b"/quit\nnever said\n")
    guest.protocol.connectionLost()
    for _ in range(10):
        hall.turn()
    assert list(hall.room.members) == [watcher.protocol.session.member.session_id]
    hall.wait(1)
    seen = watcher.lines()
    assert seen.count("al: x") == 5000
    assert seen[5000:] == ["* al left the chat"]
