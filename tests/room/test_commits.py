"""Group commit: a turn is one batch, one is in flight, answers come behind it."""

from broadcast.protocol.events import Notice
from broadcast.room.commits import FLUSH_BYTES
from broadcast.store.base import Limits
from broadcast.store.entries import is_run
from tests.support.hall import EPOCH, Guest, Hall
from tests.support.late_store import LateStore

DELAY = 1.0
"""Seconds that a commit takes here."""


def late_hall(limits: Limits | None = None) -> Hall:
    """Return a room whose commits take a second."""
    return Hall(store=lambda clock: LateStore(clock, EPOCH, DELAY, limits))


def joined(hall: Hall, name: str) -> Guest:
    """Return a member whose joining all have been told of."""
    guest = hall.join(f"/name {name}")
    hall.wait(3 * DELAY)
    return guest


def said(hall: Hall) -> list[list[bytes]]:
    """Return the texts of each batch of the log."""
    log = hall.room.log
    batches = [log.at(seq) for seq in range(log.start, log.end)]
    texts = ([run.text for run in filter(is_run, batch.entries)] for batch in batches)
    return [each for each in texts if each]


def test_a_turn_is_one_batch_and_what_comes_meanwhile_is_the_next() -> None:
    """While a commit is in flight lines are collected, and nobody sees them."""
    hall = late_hall()
    al, bo = joined(hall, "al"), joined(hall, "bo")
    for guest in (al, bo):
        guest.take()
    for number in range(3):
        al.protocol.dataReceived(b"al %d\n" % number)
        bo.protocol.dataReceived(b"bo %d\n" % number)
        hall.turn()
    assert (al.lines(), bo.lines(), said(hall)) == ([], [], [])
    hall.wait(DELAY)
    assert said(hall) == [[b"al: al 0\n", b"bo: bo 0\n"]]
    hall.wait(DELAY)
    rest = [b"al: al 1\n", b"bo: bo 1\n", b"al: al 2\n", b"bo: bo 2\n"]
    assert said(hall)[1:] == [rest]
    assert al.lines() == ["bo: bo 0", "bo: bo 1", "bo: bo 2"]


def test_an_answer_comes_behind_the_last_share() -> None:
    """What is too much for one commit is all committed before an answer is given."""
    hall = late_hall(Limits(lines=2, size=100_000))
    al, bo = joined(hall, "al"), joined(hall, "bo")
    for guest in (al, bo):
        guest.take()
    for number in range(5):
        al.protocol.dataReceived(b"%d\n" % number)
    al.protocol.dataReceived(b"/ping\n")
    bo.protocol.dataReceived(b"/ping\n")
    hall.turn()
    for lines in range(2, 7, 2):
        assert (al.lines(), hall.room.commits.is_settled) == ([], False)
        hall.wait(DELAY)
        assert hall.room.log.lines == min(5, lines)
    assert al.lines() == ["* pong"]
    assert bo.lines() == [*(f"al: {number}" for number in range(5)), "* pong"]
    assert hall.room.commits.is_settled


def test_a_clogged_room_takes_no_line_until_the_commit_is_made() -> None:
    """One commit in flight and one that is full is all that waits."""
    hall = late_hall()
    al, bo = joined(hall, "al"), joined(hall, "bo")
    al.protocol.dataReceived(b"first\n")
    hall.turn()
    block = b"x" * 1000 + b"\n"
    for _ in range(2 * FLUSH_BYTES // len(block)):
        al.protocol.dataReceived(block)
    assert hall.room.commits.is_clogged
    bo.take()
    bo.protocol.dataReceived(b"late\n")
    hall.turn()
    bo_waits = bo.protocol.session.is_waiting
    for _ in range(4):
        hall.wait(DELAY)
    assert (bo_waits, hall.room.commits.is_clogged) == (True, False)
    assert said(hall)[-1] == [b"bo: late\n"]
    assert hall.room.stats.clogged >= DELAY


def test_nothing_is_collected_while_it_is_shut() -> None:
    """What was to be committed is forgotten, and so is all until it opens again."""
    hall = late_hall()
    al, commits = joined(hall, "al"), hall.room.commits
    al.take()
    commits.shut()
    commits.tell(Notice("to nobody"))
    hall.turn()
    assert (commits.is_settled, said(hall)) == (True, [])
    commits.open()
    commits.tell(Notice("to all"))
    hall.turn()
    hall.wait(DELAY)
    assert al.lines() == ["* to all"]
