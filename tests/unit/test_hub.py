"""The hub's rules that the model does not know: bounds, bursts, what is forgotten."""

import json

from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye, who_pieces
from broadcast.room.roster import HOLD
from tests.support.hall import Hall


def test_tokens_are_forgotten_with_their_lines() -> None:
    """A token is remembered while its line is in the log, and no longer."""
    hall = Hall(log_size=20_000)
    alice = hall.join("/name alice sesame-open")
    alice.send("/say t1 hello")
    alice.send("/say t1 hello")
    alice.take()
    alice.send(*("x" * 1000 for _ in range(10)))
    for _ in range(5):
        alice.send(*("x" * 1000 for _ in range(10)))
    alice.send("/say t1 hello", "/format json", "/say t1 hello")
    told = [json.loads(line) for line in alice.lines() if line.startswith("{")]
    (ack,) = (event for event in told if event["event"] == "ack")
    assert ack == {"event": "ack", "token": "t1", "id": 62, "double": True}


def test_a_held_name_is_let_go() -> None:
    """120 seconds after its connection was lost anybody may have the name."""
    hall = Hall()
    hall.join("/name alice sesame-open").drop()
    bob = hall.join("/name bob")
    bob.take()
    hall.wait(HOLD - 2)
    bob.send("/name alice")
    assert bob.lines() == ["* error: the name alice is taken"]
    hall.wait(2)
    bob.send("/name alice")
    assert bob.lines() == ["* bob is now alice"]


def test_a_folded_burst() -> None:
    """More than 8 within half a second: told one by one, then as a sum."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    hall.wait(1)
    watcher.take()
    occupancy = [hall.connect() for _ in range(20)]
    for guest in occupancy:
        guest.send("/ping")
    told = watcher.lines()
    single = [line for line in told if line.endswith("joined the chat")]
    assert len(single) == 8
    hall.wait(0.6)
    assert watcher.lines() == ["* 12 joined, 0 left, 21 here"]
    hall.wait(1)
    occupancy[0].send("/quit")
    assert watcher.lines() == [single[0].replace("joined", "left")]


def test_nobody_speaks_before_its_arrival_is_told() -> None:
    """In a burst too: what is held is told along with the lines that follow."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    hall.wait(1)
    watcher.take()
    for _ in range(20):
        hall.connect().send("/ping")
    late = hall.connect()
    late.send("/name late", "hello")
    told = watcher.lines()
    assert told[-2:] == ["* 13 joined, 0 left, 22 here", "late: hello"]


def test_a_long_list_of_names_comes_in_pieces() -> None:
    """At most 200 names and about 12 KiB a piece; all but the last say more."""
    listed = [f"name-{n}" for n in range(450)]
    pieces = list(who_pieces(listed, 450))
    assert [len(piece.names) for piece in pieces] == [200, 200, 50]
    assert [piece.more for piece in pieces] == [True, True, False]
    assert [name for piece in pieces for name in piece.names] == listed
    long = ["漢" * 32] * 200
    assert all(len(str(p.record()).encode()) < 16384 for p in who_pieces(long, 200))


def test_nobody_is_told_of_its_own_leaving() -> None:
    """Neither who quits, nor who ends, nor who is dismissed."""
    hall = Hall()
    for how in ("quit", "end", "dismiss"):
        hall.wait(1)
        guest = hall.join(f"/name {how}")
        guest.take()
        if how == "quit":
            guest.send("/quit")
        elif how == "end":
            guest.end()
        else:
            hall.room.dismiss(guest.protocol.session.member, Bye("kicked", "out"))
            hall.turn()
        assert not any("left the chat" in line for line in guest.lines())
        assert not hall.room.members


def test_two_who_are_dismissed_in_one_turn() -> None:
    """Closing one while another's lines are on their way harms neither."""
    hall = Hall(RoomSettings())
    alice, bob, carol = (hall.join(f"/name {name}") for name in ("al", "bo", "ca"))
    for guest in (alice, bob, carol):
        guest.take()
    alice.protocol.dataReceived(b"one\n")
    hall.room.dismiss(bob.protocol.session.member, Bye("kicked", "out"))
    hall.room.dismiss(bob.protocol.session.member, Bye("kicked", "again"))
    alice.protocol.dataReceived(b"two\n")
    hall.turn()
    assert bob.lines() == ["* out"]
    assert carol.lines() == ["al: one", "* bo left the chat", "al: two"]


def test_crlf_heard_while_behind() -> None:
    """The line that was begun ends as it began; the next ones with CRLF."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    guest.take()
    writer = guest.protocol.writer
    writer.pauseProducing()  # type: ignore[union-attr]  # StringTransport's is one
    talker.send("one", "two")
    guest.send_bytes(b"hello\r\n")
    talker.send("three")
    writer.resumeProducing()
    talker.send("four")
    lines = guest.take().split(b"\n")
    assert [line.rstrip(b"\r") for line in lines[:-1]] == [
        b"talker: one",
        b"talker: two",
        b"talker: three",
        b"talker: four",
    ]
    assert all(line.endswith(b"\r") for line in lines[2:-1])
