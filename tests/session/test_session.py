"""What still waits when its sender has gone: said, but by turns."""

import re
import time
from itertools import pairwise

import pytest

from broadcast.base.settings import RoomSettings
from broadcast.base.work import BUDGET, SPARSE
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


def _said(heard: bytes) -> list[bytes]:
    return [line for line in heard.split(b"\n") if not line.startswith(b"* ")]


@pytest.mark.counts_turns
@pytest.mark.parametrize("ending", ["end", "drop"])
def test_what_waits_is_said_by_turns(ending: str) -> None:
    """A share a turn, all of it, in order; only then the sender has left.

    A look at the clock takes a millisecond here: a turn has time for three shares.
    """
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    hall.clock.tick = 0.001
    guest.protocol.dataReceived(b"x\n" * 5000 + b"/name bea\ny\n")
    _fall_silent(guest, ending)
    counts, seen = [], b""
    while len(hall.room.subscriptions) == 2:
        hall.turn(1)
        seen += (said := watcher.take())
        counts.append(said.count(b"al: x\n"))
    hall.wait(1)
    seen += watcher.take()
    assert sum(counts) == 5000
    assert max(counts) <= 3 * SHARE_LINES
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
    while hall.room.subscriptions:
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
    began = time.process_time()
    _fall_silent(guest, ending)
    while hall.room.subscriptions:
        hall.turn(1)
    assert time.process_time() - began < DEADLINE


def test_who_is_lost_may_still_quit() -> None:
    """A /quit among what waits is the end of it."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.protocol.dataReceived(b"x\n" * 5000 + b"/quit\nnever said\n")
    guest.protocol.connectionLost()
    for _ in range(10):
        hall.turn()
    assert list(hall.room.subscriptions) == [watcher.protocol.session.member.session_id]
    hall.wait(1)
    seen = watcher.lines()
    assert seen.count("al: x") == 5000
    assert seen[5000:] == ["* al left the chat"]


def test_a_lost_connection_says_its_whole_lines() -> None:
    """Those that waited for their turn too, but no unfinished one."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    guest = hall.join("/name al")
    lines = [f"line {n}" for n in range(3000)]
    guest.protocol.dataReceived("\n".join([*lines, "unfinished"]).encode())
    guest.drop()
    said = _said(watcher.take())
    assert said == [f"al: {line}".encode() for line in lines] + [b""]


@pytest.mark.counts_turns
def test_a_share_of_each_turn() -> None:
    """Some lines a turn; the sender isn't read until the rest is said."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    hall.clock.tick = 0.001
    guest.protocol.dataReceived(b"x\n" * 10_000)
    hall.turn(1)
    assert guest.transport.producerState == "paused"
    counts = [watcher.take().count(b"al: x\n")]
    while sum(counts) < 10_000:
        hall.turn(1)
        counts.append(watcher.take().count(b"al: x\n"))
    hall.turn(2)
    assert sum(counts) == 10_000
    assert max(counts) <= 3 * SHARE_LINES
    assert guest.transport.producerState == "producing"


@pytest.mark.counts_turns
def test_thousands_that_are_lost_at_once_are_gone_by_turns() -> None:
    """None is forgotten, and each is told of."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    crowd = [hall.join(f"/name al-{n}") for n in range(100)]
    watcher.take()
    hall.clock.tick = BUDGET / 20
    for guest in crowd:
        guest.protocol.connectionLost()
    assert len(hall.room.subscriptions) > 70
    counts = [len(hall.room.subscriptions)]
    while counts[-1] > 1:
        hall.turn(1)
        counts.append(len(hall.room.subscriptions))
    assert max(a - b for a, b in pairwise(counts)) < 50
    hall.wait(1)
    assert len(hall.room.directory.sessions) == 1
    left = re.findall(rb"\* (\d+) left, ", watcher.take())
    assert sum(map(int, left)) == 100


@pytest.mark.counts_turns
def test_one_that_asks_little_is_answered_before_those_that_ask_much() -> None:
    """Their answers, and what is written to them, take turns with all else."""
    hall = Hall()
    crowd = [hall.join(f"/name bulk-{n}") for n in range(100)]
    guest = hall.join("/name al")
    hall.clock.tick = BUDGET / 40
    turns: list[int] = []
    for _ in range(20):
        for bulk in crowd:
            if bulk.transport.producerState == "producing":
                bulk.protocol.dataReceived(b"/ping x\n" * 200)
        guest.take()
        guest.protocol.dataReceived(b"/ping\n")
        turns.append(0)
        while b"* pong\n" not in guest.take():
            hall.turn(1)
            turns[-1] += 1
    assert max(turns) == 1


def test_one_that_has_sent_much_is_urgent_again_when_it_sends_little() -> None:
    """Its output goes first while it waits for the answer to a little."""
    hall = Hall()
    guest = hall.join("/name al")
    seen: list[bool] = []

    def send(count: int) -> None:
        guest.protocol.dataReceived(b"/ping\n" * count)
        seen.append(guest.protocol.session.subscription.is_sparse)

    send(SPARSE // 6 + 1)
    hall.turn()
    send(1)
    send(SPARSE // 6)  # with the one before, which waits
    assert seen == [False, True, False]


def test_too_fast_is_slowed_and_told_once() -> None:
    """--rate: nothing is lost, one notice, and the rest waits unread."""
    hall = Hall(RoomSettings(rate=10, burst=5))
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take(), guest.take()
    guest.send(*(str(n) for n in range(30)))
    assert watcher.lines() == [f"al: {n}" for n in range(5)]
    assert guest.transport.producerState == "paused"
    for _ in range(60):
        hall.wait(0.05)
    assert watcher.lines() == [f"al: {n}" for n in range(5, 30)]
    told = guest.lines()
    assert told == ["* error: slowed to 10 lines a second; nothing is lost"]


def test_one_line_a_second_is_said_so() -> None:
    """The notice counts as people do."""
    guest = Hall(RoomSettings(rate=1, burst=1)).join("/name al")
    guest.take()
    guest.send("a", "b")
    assert guest.lines() == ["* error: slowed to 1 line a second; nothing is lost"]


def test_who_is_slowed_and_ends_says_the_rest() -> None:
    """At the end of file all that waited is said at once."""
    hall = Hall(RoomSettings(rate=10, burst=5))
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take()
    guest.send(*(str(n) for n in range(30)))
    guest.end()
    said = [line for line in watcher.lines() if line.startswith("al: ")]
    assert said == [f"al: {n}" for n in range(30)]
    hall.wait(1)
    assert watcher.lines() == []
