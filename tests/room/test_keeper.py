"""The room's side of its store: old lines, a full disk, the end of it all."""

from twisted.logger import capturedLogs, formatEvent

from broadcast.room.keeper import REMINDER
from broadcast.store.base import IRoom
from broadcast.store.entries import Batch, is_run
from tests.support.hall import EPOCH, Guest, Hall
from tests.support.late_store import LateStore
from tests.support.stores import run_of


def asked(guest: Guest, *lines: str) -> list[str]:
    """Return the answers to ``lines``."""
    guest.take()
    guest.send(*lines)
    return guest.lines()


def test_old_lines_are_there_before_anybody() -> None:
    """They can be replayed, and ids before them are gone."""
    hall = Hall()
    keeper: IRoom = hall.room.keeper
    keeper.heard(Batch([run_of("one", name="al")], 8, 5.0))
    keeper.heard(Batch([run_of("two", "three", name="bo")], 9, 6.0))
    guest = hall.join("/format json", "/name al a-secret-key")
    answers = asked(guest, f"/since {EPOCH}:3")
    assert [line.split('"text":')[1] for line in answers[1:4]] == [
        '"one","replayed":true}',
        '"two","replayed":true}',
        '"three","replayed":true}',
    ]
    assert answers[0] == '{"event":"replay","count":3,"missing":4}'


def test_a_token_belongs_to_its_name_and_key() -> None:
    """A run with one says so to the store; another member's keyless token does not."""
    hall = Hall()
    keyed, plain = hall.join("/name al a-secret-key"), hall.join("/name bo")
    keyed.send("/say t1 one")
    plain.send("/say t1 two")
    owner = hall.room.store.owner("al", "a-secret-key")
    assert [
        (run.token, run.owner)
        for batch in hall.room.log.batches_from(0)
        for run in filter(is_run, batch.entries)
    ] == [("t1", owner), ("t1", None)]
    again = hall.join("/format json", "/name al a-secret-key")
    ack = '{"event":"ack","token":"t1","id":1,"double":true}'
    assert asked(again, "/say t1 one") == [ack]


def test_the_log_tells_of_a_full_disk_each_minute() -> None:
    """It says why at once and again while that lasts, and when it is over."""
    hall = Hall()
    keeper, changes = hall.room.keeper, list[str]()
    keeper.on_change = lambda: changes.append(keeper.why_stalled)
    with capturedLogs() as events:
        keeper.stalled("the disk is full")
        hall.wait(REMINDER)
        hall.wait(REMINDER)
        keeper.flowing()
        hall.wait(2 * REMINDER)
    told = "nothing can be written: the disk is full; everybody waits"
    assert [formatEvent(event) for event in events] == [
        f"{told}, and nothing is lost",
        f"{told}, for 60 s now",
        f"{told}, for 120 s now",
        "lines can be written again",
    ]
    assert changes == ["the disk is full", ""]


def test_a_store_that_is_cut_off_keeps_nobody() -> None:
    """Members are told to come back; the daemon is told why."""
    hall = Hall()
    guest, stranger = hall.join("/name al"), hall.connect()
    keeper, changes = hall.room.keeper, list[str]()
    keeper.on_change = lambda: changes.append(keeper.why_cut_off)
    guest.take()
    keeper.cut_off("it is gone")
    hall.turn()
    assert guest.lines() == ["* The server starts anew"]
    assert stranger.transport.disconnecting
    assert changes == ["it is gone"]


def test_another_log_begins_empty() -> None:
    """Nobody stays; what the store hands in then is all there is."""
    hall = Hall()
    guest = hall.join("/name al a-secret-key")
    guest.send("/say t1 one", "two")
    guest.take()
    hall.room.keeper.away("it is another one")
    hall.room.keeper.renewed(39)
    hall.turn()
    assert guest.lines() == [
        "* The room can't be reached from here: come again",
    ]
    hall.room.keeper.heard(Batch([run_of("new")], 40, 5.0))
    log = hall.room.log
    assert (log.lines, log.first_id, log.last_id, log.total) == (1, 40, 40, 40)
    owner = hall.room.store.owner("al", "a-secret-key")
    assert hall.room.dedup.find(owner, "t1") is None


def test_who_is_sent_away_may_come_again() -> None:
    """Newcomers are turned away meanwhile; what was not committed is forgotten, and
    its token with it."""
    hall = Hall(store=lambda clock: LateStore(clock, EPOCH, delay=1.0))
    guest = hall.join("/format json", "/name al a-secret-key")
    hall.wait(3)
    guest.take()
    guest.send("/say t1 one")
    hall.turn()
    assert not hall.room.commits.is_settled
    hall.room.keeper.away("cut off")
    hall.turn()
    assert '"code":"restarted"' in guest.lines()[-1]
    late = hall.connect()
    late.send("/name bo")
    hall.wait(0.3)
    assert late.lines() == ["* The room can't be reached from here: come again"]
    hall.room.keeper.back("e2")
    owner = hall.room.store.owner("al", "a-secret-key")
    assert hall.room.dedup.find(owner, "t1") is None
    assert hall.room.commits.is_settled
