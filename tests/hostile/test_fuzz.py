"""The fuzzer finds nothing, and would find something if it were there."""

import math

import pytest

from hostile.fuzz import run
from hostile.grammar import Grammar
from hostile.rooms import Arena, all_rooms
from hostile.wire import BrokenPromiseError


def test_nothing_goes_wrong() -> None:
    """Five thousand inputs into every kind of room: no exception, no broken line."""
    assert run(5000, seed=20_261_121, until=math.inf) == (5000, 0)


def test_the_same_seed_gives_the_same_inputs() -> None:
    """What was found once can be found again."""
    one, two = Grammar(7), Grammar(7)
    assert [one.input() for _ in range(50)] == [two.input() for _ in range(50)]


def _plain_room() -> Arena:
    return all_rooms()[0]


def test_an_active_byte_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing were mended, the check after an input would tell."""
    monkeypatch.setattr("broadcast.protocol.sanitize.mend", lambda text: text)
    with pytest.raises(BrokenPromiseError, match="active"):
        _plain_room().run([b"x\x1b[2J\n"], "192.0.2.1", 0)


def test_somebody_left_behind_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a connection that is gone were kept, the rest would tell."""
    room = _plain_room()
    monkeypatch.setattr(room.connections, "forget", lambda protocol: None)
    room.run([b"hello\n"], "192.0.2.1", 0)
    with pytest.raises(BrokenPromiseError, match="still kept"):
        room.rest()


def test_the_fuzzer_gets_in() -> None:
    """Its inputs reach what they are for: lines said, logins made, names taken."""
    rooms = all_rooms()
    grammar = Grammar(3)
    for number in range(3000):
        rooms[number % len(rooms)].run([grammar.input()], "192.0.2.1", 0)
    assert all(room.room.log.total > 50 for room in rooms if room.role.speaks)
    authenticator = rooms[3].room.directory.policy.authenticator
    assert authenticator is not None
    assert authenticator.refused["login-failed"] > 0
