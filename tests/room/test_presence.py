"""Comings and goings: told one by one, or folded."""

import json
from typing import Any, TypeGuard

import pytest

from broadcast.protocol.events import Join, Presence
from broadcast.room import presence
from broadcast.store.entries import Entry, Told
from tests.support.clock import TurnClock
from tests.support.hall import Guest, Hall


def _events(guest: Guest) -> list[dict[str, Any]]:
    """Return the json events written since the last time, without the times."""
    found: list[dict[str, Any]] = [json.loads(line) for line in guest.lines()]
    return [{k: v for k, v in event.items() if k != "at"} for event in found]


def test_a_folded_burst() -> None:
    """More than 8 within half a second: told one by one, then as a sum."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    hall.wait(1)
    watcher.take()
    crowd = [hall.connect() for _ in range(20)]
    for guest in crowd:
        guest.send("/ping")
    told = watcher.lines()
    single = [line for line in told if line.endswith("joined the chat")]
    assert len(single) == 8
    hall.wait(0.6)
    assert watcher.lines() == ["* 12 joined, 21 here"]
    hall.wait(1)
    crowd[0].send("/quit")
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
    assert told[-2:] == ["* 13 joined, 22 here", "late: hello"]


def test_a_quiet_member_is_announced_to_programs_alone() -> None:
    """People read nothing of its coming, renaming and going; json marks them. It is
    counted, and hears what it does itself."""
    hall = Hall()
    reader, program = hall.join("/name reader"), hall.join("/format json", "/name prog")
    hall.wait(1)
    reader.take(), program.take()
    carol = hall.join("/quiet", "/name carol")
    assert carol.lines() == ["* You are carol, 3 here. /help lists the commands."]
    carol.send("/name cleo", "hello")
    assert carol.lines() == ["* carol is now cleo"]
    carol.send("/quit")
    assert reader.lines() == ["cleo: hello"]
    join, rename, said, leave = _events(program)
    assert join == {"event": "join", "name": "carol", "count": 3, "quiet": True}
    assert rename["to"] == "cleo"
    assert rename["quiet"] is True
    assert said["text"] == "hello"
    assert (leave["name"], leave["count"], leave["quiet"]) == ("cleo", 2, True)


def test_a_burst_of_quiet_members_alone_says_nothing_in_text() -> None:
    """Programs get the count; nobody is named a part of a sum of nobody."""
    hall = Hall()
    reader, program = hall.join("/name reader"), hall.join("/format json", "/name prog")
    hall.wait(1)
    reader.take(), program.take()
    for _ in range(20):
        hall.connect().send("/quiet", "/ping")
    hall.wait(0.6)
    assert reader.lines() == []
    told = _events(program)
    assert [event["event"] for event in told] == ["join"] * 8 + ["presence"]
    assert told[-1] == {"event": "presence", "joined": 0, "left": 0, "count": 22}


def test_a_burst_counts_no_quiet_member_but_in_the_count() -> None:
    """Of both kinds together, the sum is of those who are announced."""
    hall = Hall()
    reader, program = hall.join("/name reader"), hall.join("/format json", "/name prog")
    hall.wait(1)
    reader.take(), program.take()
    for _ in range(20):
        hall.connect().send("/quiet", "/ping")
        hall.connect().send("/ping")
    hall.wait(0.6)
    told = reader.lines()
    assert len(told) == 9
    assert told[-1] == "* 12 joined, 42 here"
    *_, presence = _events(program)
    assert presence == {"event": "presence", "joined": 12, "left": 0, "count": 42}


def test_quiet_members_fold_nobody_elses_coming() -> None:
    """However many of them come and go, people are told of others by name; and the
    last count told is the right one, even if lines are said meanwhile."""
    hall = Hall()
    reader, program = hall.join("/name reader"), hall.join("/format json", "/name prog")
    hall.wait(1)
    reader.take(), program.take()
    for number in range(20):
        hall.connect().send("/quiet", "/ping")
        if number == 15:
            hall.connect().send("/name al", "hello")
    assert reader.lines() == ["* al joined the chat", "al: hello"]
    hall.wait(0.6)
    assert reader.lines() == []
    told = _events(program)
    assert {"event": "join", "name": "al", "count": 19} in told
    assert [event["count"] for event in told if "count" in event][-1] == 23


def test_nobody_quiet_speaks_before_programs_know_it() -> None:
    """What is held of quiet members is told along with the lines that follow."""
    hall = Hall()
    program = hall.join("/format json", "/name prog")
    hall.wait(1)
    program.take()
    for _ in range(20):
        hall.connect().send("/quiet", "/ping")
    hall.connect().send("/quiet", "/name late", "hello")
    *_, presence, said = _events(program)
    assert (presence["event"], presence["count"]) == ("presence", 22)
    assert (said["name"], said["text"]) == ("late", "hello")


def test_a_burst_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are held back, each turn looks at its own news alone."""
    looks = 0
    is_quiet = presence._is_quiet

    def counted(entry: Entry) -> TypeGuard[Told]:
        nonlocal looks
        looks += 1
        return is_quiet(entry)

    monkeypatch.setattr(presence, "_is_quiet", counted)
    clock = TurnClock()
    fold = presence.PresenceFold(clock, lambda: 1000)
    for number in range(1000):
        for quiet in (False, True):
            fold.fold([Told(None, Join(f"n{number}", 1000, quiet=quiet))])
            fold.fold([])
    assert len(fold.pending) > 1900
    assert looks < 10_000
    clock.advance(1)
    told = [entry.event for entry in fold.fold([]) if isinstance(entry, Told)]
    assert [type(event) for event in told] == [Presence]
    assert not fold.pending
