"""The introduction: who is here from when on, and what it is told first."""

import time

import pytest

from tests.support.room import Room

INTRODUCED = ("/format json", "/name alice", "/ping end")


def test_the_greeting_comes_by_itself(room: Room) -> None:
    """Who says nothing is greeted as a guest after a quarter of a second."""
    client = room.connect()
    begin = time.monotonic()
    assert client.line().startswith("* You are guest-")
    assert 0.2 < time.monotonic() - begin < 10


def test_the_greeting_waits_for_the_introduction(room: Room) -> None:
    """A line of an introduction does not end it: time or another line does."""
    client = room.connect()
    client.send("/name alice")
    client.send("/format json")
    assert client.event()["event"] == "welcome"


@pytest.mark.options("--greeting-delay", "15")
def test_another_line_ends_it(own_room: Room) -> None:
    """What follows the introduction is said under the name, and the pong follows."""
    bob = own_room.connect()
    bob.since_ping("/name bob")
    client = own_room.connect()
    begin = time.monotonic()
    client.send("/name alice", "hello", "/ping end")
    assert client.until("pong end")[0].startswith("* You are alice")
    assert time.monotonic() - begin < 10
    heard = bob.until("alice: hello")
    assert heard == ["* alice joined the chat", "alice: hello"]


def test_the_welcome_has_all_its_fields(room: Room) -> None:
    """The json greeting tells protocol, server, name, epoch, id, count, max_line."""
    client = room.connect()
    client.send(*INTRODUCED)
    welcome = client.event()
    fields = [
        "event",
        "protocol",
        "server",
        "name",
        "epoch",
        "id",
        "count",
        "max_line",
        "text",
    ]
    assert list(welcome) == fields
    assert welcome["protocol"] == 1
    assert welcome["server"].startswith("broadcast/")
    assert (welcome["name"], welcome["count"]) == ("alice", 1)
    assert (welcome["max_line"], welcome["text"]) == (8192, "")
    assert welcome["epoch"]


def test_live_begins_after_the_welcome(room: Room) -> None:
    """The id in the greeting is the last one before what is heard live."""
    bob = room.join_json("bob")
    bob.send("before")
    before = bob.await_event("message")["id"]
    alice = room.connect()
    alice.send(*INTRODUCED)
    assert alice.event()["id"] == before
    bob.send("after")
    assert alice.await_event("message")["text"] == "after"


def test_errors_of_the_introduction_follow_the_greeting(room: Room) -> None:
    """In the dialect asked for, even if that was asked for last."""
    client = room.connect()
    client.send("/name -bad", "/format klingon", "/format json", "/ping end")
    events = client.events_until("pong", token="end")
    assert [event["event"] for event in events] == ["welcome", "error", "error", "pong"]
    codes = {(event["code"], event["command"]) for event in events[1:3]}
    assert codes == {("bad-name", "name"), ("bad-argument", "format")}


def test_login_is_not_needed(room: Room) -> None:
    """/login where nobody has to is an error, and no reason not to be greeted."""
    client = room.connect()
    client.send("/login alice sesame", *INTRODUCED)
    events = client.events_until("pong", token="end")
    assert [event["event"] for event in events] == ["welcome", "error", "pong"]
    assert events[1]["command"] == "login"
    assert "sesame" not in str(events)


def test_whoever_leaves_before_was_never_here(own_room: Room) -> None:
    """Nobody is told of one who leaves within its introduction; no guest is made."""
    bob = own_room.join("bob")
    client = own_room.connect()
    client.send("/name alice", "/format json")
    client.close()
    carol = own_room.join("carol")
    assert bob.since_ping() == ["* carol joined the chat"]
    assert carol.since_ping("/who") == ["* 2 here: bob, carol"]
    own_room.daemon.out.wait_for("carol joined")
    assert "alice" not in "".join(own_room.daemon.out.lines)


def test_joining_is_told_under_the_name(own_room: Room) -> None:
    """Others hear of one newcomer once, by the name of its introduction."""
    bob, carol = own_room.join("bob"), own_room.join_json("carol")
    alice = own_room.join("alice")
    alice.send("/quit")
    assert bob.lines(3) == [
        "* carol joined the chat",
        "* alice joined the chat",
        "* alice left the chat",
    ]
    join, leave = carol.await_event("join"), carol.await_event("leave")
    assert {"event", "at", "name", "count"} == set(join)
    assert {"event", "at", "name", "count", "reason"} == set(leave)
    assert (join["name"], join["count"]) == ("alice", 3)
    assert (leave["name"], leave["count"], leave["reason"]) == ("alice", 2, "quit")


def test_a_quiet_member(own_room: Room) -> None:
    """People hear what it says and nothing else of it; programs are told, and /who
    and the daemon's log name it."""
    bob, carol = own_room.join("bob"), own_room.join_json("carol")
    bob.since_ping()
    alice = own_room.connect()
    greeting = alice.since_ping("/quiet", "/name alice", "/name al", "hello")
    assert greeting == ["* You are al, 3 here. /help lists the commands."]
    alice.since_ping("/name alice")
    assert bob.since_ping("/who") == [
        "al: hello",
        "* 3 here: alice (quiet), bob, carol",
    ]
    alice.send("/quit")
    alice.rest()
    leave = carol.await_event("leave")
    assert (leave["name"], leave["count"], leave["quiet"]) == ("alice", 2, True)
    assert bob.since_ping() == []
    own_room.daemon.out.wait_for("alice left")


@pytest.mark.options("--welcome", "Be kind.\nNo spam.")
def test_the_admins_words(room: Room) -> None:
    """--welcome stands in the greeting: a notice a line, or the field text."""
    alice, bob = room.connect(), room.connect()
    lines = alice.since_ping("/name alice")
    assert lines[:2] == ["* Be kind.", "* No spam."]
    bob.send("/format json", "/ping")
    assert bob.await_event("welcome")["text"] == "Be kind.\nNo spam."


def test_a_byte_order_mark_is_dropped(stream: Room) -> None:
    """At the start of the stream, also of one that began late."""
    bob = stream.join("bob")
    early, late = stream.connect(), stream.connect()
    early.send_bytes(b"\xef\xbb\xbf/name early\nhello\n")
    early.until("You are early")
    late.line()
    late.send_bytes(b"\xef\xbb\xbfhello\n\xef\xbb\xbfhello\n")
    late.since_ping()
    heard = [line.partition(": ")[2] for line in bob.since_ping()]
    assert heard == ["hello", "hello", "\ufeffhello"]
