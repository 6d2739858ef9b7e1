"""What was said before: /history, /since and positions."""

import re

import pytest

from tests.support.lineclient import LineClient
from tests.support.room import Room


def _replay(client: LineClient, command: str) -> list[dict[str, object]]:
    client.send(command, "/ping replay-end")
    return client.events_until("pong", token="replay-end")[:-1]


def test_history_in_text(room: Room) -> None:
    """Old lines stand between two notices, each with its time and name."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("one", "two", "three")
    bob.since_ping()
    told = bob.since_ping("/history 2")
    assert told[0] == "* the last 2 lines:"
    assert re.fullmatch(r"\* there is more: /history 2 \w+:\d+", told[-2])
    assert told[-1] == "* that was the last 2 lines"
    stamp = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]"
    assert re.fullmatch(rf"{stamp} alice: two", told[1])
    assert re.fullmatch(rf"{stamp} alice: three", told[2])


def test_history_in_json(room: Room) -> None:
    """replay, the messages marked replayed with their ids, and replayed."""
    alice, bob = room.join_json("alice"), room.join("bob")
    alice.send("one", "two")
    live = [alice.await_event("message") for _ in range(2)]
    assert bob.since_ping("mine") == ["alice: one", "alice: two"]
    mine = alice.await_event("message")
    events = _replay(alice, "/history 3")
    assert events[0] == {"event": "replay", "count": 3, "missing": 0}
    assert events[1:-1] == [one | {"replayed": True} for one in [*live, mine]]
    assert events[-1]["event"] == "replayed"
    assert str(events[-1]["position"]).endswith(f":{mine['id']}")


def test_own_lines_are_replayed_in_text(room: Room) -> None:
    """What one said oneself is in the history like anything else."""
    alice = room.join("alice")
    assert "alice: mine" in alice.since_ping("mine", "/history 1")[1]


@pytest.mark.options("--history", "30")
def test_history_has_a_default_and_a_limit(room: Room) -> None:
    """20 lines when no number is given; never more than --history."""
    alice = room.join_json("alice")
    alice.send(*(f"line {number}" for number in range(40)), "/ping said")
    alice.await_event("pong", token="said")
    for command, count in (("/history", 20), ("/history 1000", 30), ("/history 0", 0)):
        events = _replay(alice, command)
        texts = [event["text"] for event in events[1:-1]]
        assert texts == [f"line {number}" for number in range(40 - count, 40)]
        assert events[0]["count"] == count


def test_since_gives_what_was_missed(room: Room) -> None:
    """From a position on: each line after it once, nothing missing."""
    alice = room.join_json("alice")
    position = str(_replay(alice, "/history 0")[-1]["position"])
    alice.send("one", "two", "three", "/ping said")
    said = alice.events_until("pong", token="said")[:-1]
    events = _replay(alice, f"/since {position}")
    assert events[0] == {"event": "replay", "count": 3, "missing": 0}
    assert [event["id"] for event in events[1:-1]] == [event["id"] for event in said]
    again = _replay(alice, f"/since {events[-1]['position']}")
    assert [event["event"] for event in again] == ["replay", "replayed"]


@pytest.mark.options("--history", "10")
def test_since_tells_how_many_are_missing(room: Room) -> None:
    """More than --history behind: the newest come, missing says how many don't."""
    alice = room.join_json("alice")
    position = str(_replay(alice, "/history 0")[-1]["position"])
    alice.send(*(f"line {number}" for number in range(25)), "/ping said")
    alice.await_event("pong", token="said")
    events = _replay(alice, f"/since {position}")
    assert events[0] == {"event": "replay", "count": 10, "missing": 15}
    assert events[1]["text"] == "line 15"


@pytest.mark.options("--history", "all")
def test_paging(room: Room) -> None:
    """Both ways, an answer after the other, until there is no more: every line once."""
    alice = room.join_json("alice")
    position = str(_replay(alice, "/history 0")[-1]["position"])
    alice.send(*(f"line {number}" for number in range(2300)), "/ping said")
    said = alice.events_until("pong", token="said")[:-1]
    wanted = [event["id"] for event in said if event["event"] == "message"]
    pages = [_replay(alice, f"/since {position}")]
    while pages[-1][-1]["more"]:
        pages.append(_replay(alice, f"/since {pages[-1][-1]['position']}"))
    assert [event["id"] for page in pages for event in page[1:-1]] == wanted
    assert [page[0]["count"] for page in pages] == [1000, 1000, 300]
    back = [_replay(alice, "/history 900")]
    for _ in range(2):
        back.insert(0, _replay(alice, f"/history 900 {back[0][-1]['first']}"))
    ids = [event["id"] for page in back for event in page[1:-1]]
    assert ids[-2300:] == wanted
    alice.send(f"/history 5 nowhere:{wanted[5]}")
    assert alice.await_event("error")["code"] == "bad-argument"


@pytest.mark.parametrize("foreign", ["nowhere:5", "{epoch}:999999999"])
def test_a_position_that_is_not_ours(room: Room, foreign: str) -> None:
    """Of another epoch, or from the future: missing is null, the newest come."""
    alice = room.join_json("alice")
    alice.send("one")
    epoch = str(_replay(alice, "/history 0")[-1]["position"]).partition(":")[0]
    events = _replay(alice, "/since " + foreign.format(epoch=epoch))
    assert events[0]["missing"] is None
    assert events[-2]["text"] == "one"
    bob = room.join("bob")
    told = bob.since_ping("/since nowhere:5")
    assert told[0] == "* that position is not in this log"
    assert told[1].startswith("* the last ")


def test_a_replay_is_not_interrupted(room: Room) -> None:
    """While others talk on, nothing stands between replay and replayed."""
    alice, bob = room.join_json("alice"), room.join("bob")
    bob.since_ping(*(f"old {number}" for number in range(900)))
    alice.since_ping()
    for turn in range(10):
        bob.send(*(f"new {turn} {number}" for number in range(100)))
        alice.send("/history 900")
    for _ in range(10):
        events = alice.events_until("replayed")
        start = next(i for i, e in enumerate(events) if e["event"] == "replay")
        inner = events[start + 1 : -1]
        assert len(inner) == events[start]["count"] == 900
        assert all(event.get("replayed") for event in inner)
        ids = [event["id"] for event in inner]
        assert ids == sorted(set(ids))


def test_live_goes_on_after_a_replay(room: Room) -> None:
    """Live lines and replays together leave no gap: drop the ids one has."""
    alice, bob = room.join_json("alice"), room.join("bob")
    for turn in range(20):
        bob.send(*(f"{turn} {number}" for number in range(20)))
        alice.send("/history 10")
    bob.since_ping("the end")
    seen: dict[int, str] = {}
    while "the end" not in seen.values():
        event = alice.event()
        if event["event"] == "message":
            assert seen.setdefault(event["id"], event["text"]) == event["text"]
    newest = [seen[id] for id in sorted(seen)][-401:-1]
    assert newest == [f"{turn} {n}" for turn in range(20) for n in range(20)]


def test_joins_and_leaves_are_not_replayed(room: Room) -> None:
    """The history is what was said, nothing else."""
    alice = room.join_json("alice")
    alice.shows_presence = True
    alice.send("before")
    bob = room.join("bob")
    bob.send("/quit")
    bob.rest()
    alice.send("after")
    alice.await_event("message", text="after")
    events = _replay(alice, "/history 2")
    assert [event.get("text") for event in events[1:-1]] == ["before", "after"]
