"""The list of names, against a sorted one; and read a piece at a time."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.base.work import BUDGET
from broadcast.room.listing import Listing
from broadcast.room.member import Member
from tests.support.hall import Guest, Hall

NAMES = st.text("abc", min_size=1, max_size=3)


@given(st.lists(st.tuples(NAMES, st.booleans())), NAMES, st.text("abc", max_size=3))
@settings(deadline=None)
def test_the_list_is_the_sorted_one(
    changes: list[tuple[str, bool]], last: str, prefix: str
) -> None:
    """Whoever came and went: the next names after any, with any beginning."""
    listing = Listing()
    for number, (name, comes) in enumerate(changes):
        if comes:
            listing[name] = Member(number, "")
        elif name in listing:
            del listing[name]
    for begin in ("", last):
        wanted = sorted(n for n in listing if n.startswith(prefix) and n > begin)
        for most in (0, 1, 100):
            found = listing.after(begin, prefix, most)
            assert found == [listing[name] for name in wanted[:most]]


def _names(guest: Guest) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names in all pieces written, and what came between them."""
    told = [json.loads(line) for line in guest.lines()]
    pieces = [event for event in told if event["event"] == "who"]
    assert [piece["more"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    others = [event for event in told if event["event"] != "who"]
    return [name for piece in pieces for name in piece["names"]], others


def _crowd(hall: Hall, count: int) -> list[Guest]:
    """Return many who are here; who is told of is no matter."""
    guests = [hall.connect() for _ in range(count)]
    for number, guest in enumerate(guests):
        guest.protocol.dataReceived(b"/name n%04d\n/ping\n" % number)
    hall.wait(2)
    return guests


@pytest.mark.counts_turns
def test_a_list_holds_nobody_up() -> None:
    """Each piece of it is a unit of work: others' pings, asked for later, are answered
    between them; and it is whole all the same."""
    hall = Hall()
    _crowd(hall, 1000)
    asker, other = (
        hall.join("/format json", "/name z-asker"),
        hall.join("/name z-other"),
    )
    hall.wait(2)
    asker.take(), other.take()
    hall.clock.tick = BUDGET  # each look at the clock uses a turn up
    asker.protocol.dataReceived(b"/who\n")
    other.protocol.dataReceived(b"/ping\n")
    taken: list[int] = []
    while not other.transport.value():
        hall.turn(1)
        taken.append(asker.transport.value().count(b'"who"'))
    assert taken[-1] < 5
    hall.turn(200)
    names, _ = _names(asker)
    assert names == [f"n{number:04}" for number in range(1000)] + ["z-asker", "z-other"]


def test_a_list_and_what_comes_between_its_pieces_are_the_truth() -> None:
    """Who applies each coming and going to the names it has so far has the right names
    in the end, wherever in the list they are."""
    hall = Hall()
    crowd = _crowd(hall, 600)
    asker = hall.join("/format json", "/name asker")
    hall.wait(2)
    asker.take()
    hall.clock.tick = BUDGET
    asker.protocol.dataReceived(b"/who\n")
    while b'"who"' not in asker.transport.value():
        hall.turn(1)
    crowd[0].protocol.dataReceived(b"/name zz\n")
    crowd[599].protocol.dataReceived(b"/name aa\n")
    crowd[1].protocol.dataReceived(b"/quit\n")
    crowd[500].protocol.dataReceived(b"/quit\n")
    hall.turn(5000)
    names: set[str] = set()
    for line in asker.lines():
        event = json.loads(line)
        if event["event"] == "who":
            names.update(event["names"])
        elif event["event"] == "rename":
            names.discard(event["name"])
            names.add(event["to"])
        elif event["event"] == "leave":
            names.discard(event["name"])
    roster = hall.room.roster
    assert names == {member.name for member in roster.starting_with("", "", 1000)}
    assert {"aa", "zz"} <= names
    assert len(names) == 599
