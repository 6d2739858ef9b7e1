"""Commands: each has exactly one final answer, in the order sent."""

import pytest

from tests.support.room import Room


def answers_to(room: Room, *commands: str) -> list[dict[str, object]]:
    """Return the events that answer ``commands`` in the json dialect."""
    client = room.join_json("asker")
    client.send(*commands, "/ping end-of-test")
    events = client.events_until("pong", token="end-of-test")[:-1]
    client.close()
    return events


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("/name asker-2", "rename"),
        ("/nick asker-2", "rename"),
        ("/who", "who"),
        ("/ping", "pong"),
        ("/say token words", "message ack"),
        ("/format json", "welcome"),
        ("/help", "notice"),
        ("/PING", "pong"),
        ("/Help", "notice"),
        ("/login secret", "error"),
        ("/nonsense", "error"),
        ("/", "error"),
        ("/ ping", "error"),
        ("/name", "error"),
    ],
)
def test_one_final_answer(room: Room, command: str, kind: str) -> None:
    """A command, in whatever case, is answered once."""
    assert [event["event"] for event in answers_to(room, command)] == kind.split()


@pytest.mark.parametrize(
    "command",
    [
        "/name a goodkey12 more",
        "/who a b",
        "/ping a b",
        "/ping " + "x" * 65,
        "/history 1 2",
        "/history -1",
        "/history many",
        "/since",
        "/since 5",
        "/since abc:",
        "/since abc:x",
        "/since a:1 b:2",
        "/say",
        "/say token",
        "/say " + "x" * 65 + " text",
        "/say töken text",
        "/format",
        "/format xml",
        "/format json json",
        "/help me",
        "/quit now",
        "/exit now",
    ],
)
def test_wrong_and_surplus_words_are_refused(room: Room, command: str) -> None:
    """bad-argument, with the command's name, and nothing else happens."""
    events = answers_to(room, command)
    name = command[1:].partition(" ")[0]
    assert [(e["event"], e["code"], e["command"]) for e in events] == [
        ("error", "bad-argument", name)
    ]


@pytest.mark.parametrize("command", ["/say", "/say  ", "/say token", "/say token "])
def test_say_with_too_few_words_tells_how(room: Room, command: str) -> None:
    """What it wants, rather than what a token is."""
    assert answers_to(room, command)[0]["text"] == "/say TOKEN TEXT"


def test_an_unknown_command_is_never_said(room: Room) -> None:
    """It may be a mistyped password."""
    alice, bob = room.join("alice"), room.join("bob")
    assert alice.since_ping("/logni sesame")[0].startswith("* error: ")
    assert bob.since_ping() == []


def test_answers_keep_the_order_of_the_commands(room: Room) -> None:
    """Pipelined commands of all kinds are answered one after the other."""
    commands = ["/ping 1", "/who", "/history 0", "/nope", "/say t hi", "/ping 2"]
    events = answers_to(room, *commands)
    kinds = [event["event"] for event in events if event["event"] != "message"]
    assert kinds == ["pong", "who", "replay", "replayed", "error", "ack", "pong"]


def test_who_takes_a_prefix(room: Room) -> None:
    """/who PREFIX lists who begins so, by fold; count is everybody."""
    room.join("Anna"), room.join("anton")
    bob = room.join("bob")
    assert bob.since_ping("/who AN") == ["* 3 here: Anna, anton"]
    assert bob.since_ping("/who x") == ["* 3 here"]
    json = room.join_json("carol")
    json.send("/who an")
    who = json.await_event("who")
    assert who == {
        "event": "who",
        "names": ["Anna", "anton"],
        "count": 4,
        "more": False,
    }


def test_who_counts_one_who_asks_and_leaves_at_once(room: Room) -> None:
    """/who and /quit in one breath: it was here when it asked."""
    room.join("bob")
    client = room.connect()
    client.send("/name alice", "/who", "/quit")
    assert "* 2 here: alice, bob" in client.rest_lines()


def test_ping_echoes_its_token(room: Room) -> None:
    """pong, with the token if there was one."""
    events = answers_to(room, "/ping", "/ping !~x")
    assert events == [{"event": "pong"}, {"event": "pong", "token": "!~x"}]


def test_text_forms(room: Room) -> None:
    """In text, answers are notices, and errors say so."""
    alice = room.join("alice")
    assert alice.since_ping("/ping", "/ping t") == ["* pong", "* pong t"]
    assert alice.since_ping("/say t1 hello") == ["* said t1"]
    assert alice.since_ping("/nope")[0].startswith("* error: there is no command /nope")
    assert len(alice.since_ping("/help")) > 8


def test_say_is_said_once(room: Room) -> None:
    """A repeated token gets the same id, marked double, and nothing is said."""
    alice, bob = room.join_json("alice"), room.join("bob")
    alice.send("/say t1 hello there", "/say t1 again", "/say t2 more")
    events = alice.events_until("ack", token="t2")
    acks = [event for event in events if event["event"] == "ack"]
    said = [event for event in events if event["event"] == "message"]
    assert [event["text"] for event in said] == ["hello there", "more"]
    assert acks[0] == {"event": "ack", "token": "t1", "id": said[0]["id"]}
    assert acks[1] == {**acks[0], "double": True}
    assert bob.since_ping() == ["alice: hello there", "alice: more"]


def test_tokens_are_shown_to_nobody_else(room: Room) -> None:
    """Others hear the words alone, and anybody may use the same token."""
    alice, bob = room.join("alice"), room.join_json("bob")
    alice.since_ping("/say the-token hello")
    bob.send("/say the-token hi")
    events = bob.events_until("ack", token="the-token")
    assert "the-token" not in str(events[:-1])
    assert "double" not in events[-1]


def test_tokens_live_on_with_name_and_key(room: Room) -> None:
    """Who comes back with its key and says it again is told that it was said."""
    first = room.join_json("alice", "sesame-open")
    first.send("/say t1 hello")
    id = first.await_event("ack")["id"]
    first.reset() if room.face.resets else first.close()
    again = room.join_json("ALICE", "sesame-open")
    again.send("/say t1 hello")
    ack = {"event": "ack", "token": "t1", "id": id, "double": True}
    assert again.await_event("ack") == ack
    again.send("/quit")


def test_tokens_without_a_key_end_with_the_connection(room: Room) -> None:
    """The same name in another connection is another sender."""
    first = room.join_json("alice")
    first.send("/say t1 hello", "/quit")
    first.rest()
    second = room.join_json("alice")
    second.send("/say t1 hello")
    assert "double" not in second.await_event("ack")


def test_say_takes_any_text(room: Room) -> None:
    """A slash, spaces and controls in TEXT are words like any other."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("/say a /quit", "/say b  two  spaces ", "/say c x\x1by")
    assert bob.since_ping() == ["alice: /quit", "alice:  two  spaces ", "alice: x␛y"]


def test_the_dialect_can_be_switched_at_any_time(room: Room) -> None:
    """/format is answered by welcome in the new dialect; what follows is in it."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping()
    alice.send("/format json")
    assert alice.event()["event"] == "welcome"
    bob.since_ping("hi")
    assert alice.event()["text"] == "hi"
    alice.send("/format text")
    assert alice.line().startswith("* You are alice")
    bob.since_ping("ho")
    assert alice.line() == "bob: ho"


def test_nothing_is_lost_or_doubled_by_switching(room: Room) -> None:
    """While another talks without a pause, each line comes in one dialect, once."""
    alice, bob = room.join("alice"), room.join("bob")
    for turn in range(20):
        bob.send(*(f"{turn} {number}" for number in range(50)))
        alice.send("/format json" if turn % 2 == 0 else "/format text")
    bob.since_ping("the end")
    got: list[str] = []
    while not got or "the end" not in got[-1]:
        line = alice.line()
        if line.startswith("bob: ") or '"message"' in line:
            got.append(line)
    numbers = [
        line.partition('"text":"')[2] or line.removeprefix("bob: ") for line in got
    ]
    numbers = [number.removesuffix('"}') for number in numbers]
    assert numbers[:-1] == [f"{turn} {n}" for turn in range(20) for n in range(50)]


def test_quit_and_exit(room: Room) -> None:
    """bye is the answer, what was said before is said, what comes after is not."""
    bob = room.join("bob")
    for word in ("/quit", "/exit"):
        alice = room.join_json("alice")
        alice.send("before", word, "after")
        bye = alice.events_until("bye")[-1]
        assert (bye["code"], bye["reconnect"]) == ("quit", False)
        assert alice.rest() == b""
    assert bob.since_ping() == ["alice: before"] * 2
