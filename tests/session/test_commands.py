"""The slash commands: what they take, the exact words of a refusal, the order."""

import json
from typing import Any

import pytest

from broadcast.base.settings import RoomSettings
from broadcast.session.commands import COMMANDS, HELP
from broadcast.store.claims import Order, Verb
from tests.support.hall import Guest, Hall

A_TOKEN = "a token is 1 to 64 printable ASCII"
A_KEY = "a name has no spaces; what follows it is a key of 8 to 64 printable ASCII"
A_NUMBER = "/history takes a number of lines"
A_POSITION = "/since takes a position, EPOCH:ID"


def _events(guest: Guest) -> list[dict[str, Any]]:
    """Return the json events written since the last time, without the times."""
    found: list[dict[str, Any]] = [json.loads(line) for line in guest.lines()]
    return [{k: v for k, v in event.items() if k != "at"} for event in found]


def _join_json(hall: Hall, name: str) -> Guest:
    """Return somebody greeted in json, the greeting read."""
    guest = hall.join("/format json", f"/name {name}")
    guest.take()
    return guest


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("/name", "/name NAME [KEY]"),
        ("/name a " + "k" * 7, A_KEY),
        ("/name a " + "k" * 65, A_KEY),
        ("/name bad name", A_KEY),
        ("/name a name that is a sentence", A_KEY),
        ("/who a b", "/who [PREFIX]"),
        ("/ping a b", "/ping [TOKEN]"),
        ("/ping " + "x" * 65, A_TOKEN),
        ("/history 1 2", "/history [N] [EPOCH:ID]"),
        ("/history e1:1 2", "/history [N] [EPOCH:ID]"),
        ("/history 1 e1:1 2", "/history [N] [EPOCH:ID]"),
        ("/history 1 e1:x", "/history [N] [EPOCH:ID]: a position is EPOCH:ID"),
        ("/history :1", "/history [N] [EPOCH:ID]: a position is EPOCH:ID"),
        ("/history 1 e2:1", "that position is not in this log"),
        ("/history " + "1" * 17, A_NUMBER),
        ("/history ٣", A_NUMBER),
        ("/history ²", A_NUMBER),
        ("/since", "/since EPOCH:ID"),
        ("/since 5", A_POSITION),
        ("/since :5", A_POSITION),
        ("/since e1:" + "1" * 17, A_POSITION),
        ("/say " + "x" * 65 + " text", A_TOKEN),
        ("/format xml", "/format text or /format json"),
        ("/help me", "/help takes no words"),
        ("/quit now", "/quit takes no words"),
    ],
)
def test_a_wrong_argument_is_told_in_words(command: str, message: str) -> None:
    """A refusal is one line that says what the command wants; nothing else happens."""
    hall = Hall()
    watcher, guest = hall.join("/name watcher"), hall.join("/name al")
    watcher.take(), guest.take()
    guest.send(command)
    assert guest.lines() == [f"* error: {message}"]
    assert watcher.lines() == []
    assert hall.room.stats.refused == {"bad-argument": 1}


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/name bea " + "k" * 8, "* al is now bea"),
        ("/name bea " + "k" * 64, "* al is now bea"),
        ("/name   bea  ", "* al is now bea"),
        ("/ping " + "~" * 64, "* pong " + "~" * 64),
        ("/say   " + "t" * 64 + "  text", "* said " + "t" * 64),
        ("/history " + "9" * 16, "* the last 0 lines:"),
        ("/since e1:" + "0" * 16, "* the last 0 lines:"),
        ("/FORMAT TEXT", "* You are al, 1 here. /help lists the commands."),
    ],
)
def test_the_bounds_themselves_are_taken(command: str, answer: str) -> None:
    """The longest and the shortest argument allowed is taken, more spaces are none."""
    guest = Hall().join("/name al")
    guest.take()
    guest.send(command)
    assert guest.lines()[0] == answer


def test_an_unknown_command_is_shown_safe_and_short() -> None:
    """The name comes back as typed, 32 characters of it, nothing active in it."""
    guest = _join_json(Hall(), "al")
    guest.send("/NoPe\x1b" + "x" * 100 + " secret")
    (error,) = _events(guest)
    assert error["code"] == "unknown-command"
    assert error["command"] == "nope␛" + "x" * 27
    shown = "NoPe␛" + "x" * 27
    assert error["text"].startswith(f"there is no command /{shown}: /help lists them")
    assert "secret" not in error["text"]


def test_help_lists_every_command() -> None:
    """What the daemon takes stands in the help that it refers to."""
    guest = Hall().join("/name al")
    guest.take()
    guest.send("/help")
    told = guest.lines()
    assert told == [f"* {line}" for line in HELP.split("\n")]
    words = {word.strip("(") for line in told for word in line.split()}
    assert {f"/{name}" for name in COMMANDS} - {"/help"} <= words


def test_a_rename_is_answered_before_what_is_said_under_it() -> None:
    """The answer stands between the lines said before and after, also to oneself."""
    guest = _join_json(Hall(), "al")
    guest.send("one", "/name bea", "two", "/name cleo", "three")
    found = [(e["event"], e["name"], e.get("text")) for e in _events(guest)]
    assert found == [
        ("message", "al", "one"),
        ("rename", "al", None),
        ("message", "bea", "two"),
        ("rename", "bea", None),
        ("message", "cleo", "three"),
    ]


def test_a_silenced_say_is_no_try() -> None:
    """/say of one who is muted is refused with its token, which stays unused: said
    later, it is said; what was said before is acknowledged all the same."""
    hall = Hall()
    ear, guest = hall.join("/name ear"), _join_json(hall, "al")
    guest.send("/say t1 before")
    guest.take(), ear.take()
    member = guest.protocol.session.member
    member.silenced = "muted"
    guest.send("/say t1 before", "/say t2 words")
    double, error = _events(guest)
    assert double == {"event": "ack", "token": "t1", "id": 1, "double": True}
    assert (error["code"], error["command"]) == ("muted", "say")
    assert (error["text"], error["token"]) == ("you are muted", "t2")
    member.silenced = ""
    guest.send("/say t2 words")
    assert _events(guest)[-1] == {"event": "ack", "token": "t2", "id": 2}
    assert ear.lines() == ["al: words"]


def test_history_is_bounded_below_its_default_too() -> None:
    """A daemon that gives back three lines gives no twenty when none are asked for."""
    guest = _join_json(Hall(RoomSettings(history=3)), "al")
    guest.send(*(f"line {n}" for n in range(10)))
    guest.take()
    guest.send("/history", "/since e1:1")
    texts = [event.get("text") for event in _events(guest) if "text" in event]
    assert texts == ["line 7", "line 8", "line 9"] * 2


def test_what_is_over_is_not_given_if_the_admin_says_so() -> None:
    """With a history of 0 no command gives an old line, however many are kept."""
    guest = _join_json(Hall(RoomSettings(history=0)), "al")
    guest.send(*(f"line {n}" for n in range(10)))
    guest.take()
    guest.send("/history", "/since e1:4", "/history 5 e1:8", "/since x:1")
    told = _events(guest)
    assert [event["event"] for event in told] == ["replay", "replayed"] * 4
    assert [event["missing"] for event in told[::2]] == [0, 6, 5, None]
    assert told[3] == {"event": "replayed", "position": "e1:10", "more": False}


def test_a_log_is_paged_through_both_ways() -> None:
    """1000 lines an answer; ``first`` and ``position`` lead on until there is no more,
    each line comes once, and what is said meanwhile is not lost."""
    hall = Hall(RoomSettings(history=None), log_size=1 << 22)
    guest, other = _join_json(hall, "al"), hall.join("/name other")
    for begin in range(0, 2500, 100):
        other.send(*(f"line {n}" for n in range(begin, begin + 100)))
    guest.take()
    found: list[list[int]] = []
    command = "/since e1:0"
    while command:
        guest.send(command)
        hall.turn(20)
        told = _events(guest)
        ids = [e["id"] for e in told if e.get("replayed")]
        assert told[0] == {"event": "replay", "count": len(ids), "missing": 0}
        found.append(ids)
        end = told[-1]
        assert end["first"] == f"e1:{ids[0]}"
        command = f"/since {end['position']}" if end["more"] else ""
        if len(found) == 1:
            other.send("meanwhile")
            guest.take()
    assert [len(ids) for ids in found] == [1000, 1000, 501]
    assert [id for ids in found for id in ids] == list(range(1, 2502))
    back: list[int] = []
    command = "/history 1200"
    while command:
        guest.send(command)
        hall.turn(20)
        told = _events(guest)
        back[:0] = [e["id"] for e in told if e.get("replayed")]
        end = told[-1]
        command = f"/history 1200 {end['first']}" if end["more"] else ""
    assert back == list(range(1, 2502))


def test_people_are_told_how_to_go_on() -> None:
    """A notice before the last one has the very command; without more there is none."""
    guest = Hall().join("/name al")
    guest.send(*(f"line {n}" for n in range(1, 1006)))
    guest.take()
    guest.send("/history 3", "/history 2 e1:3", "/since e1:1000", "/since e1:2")
    told = [line for line in guest.lines() if line.startswith("* ")]
    assert told == [
        "* the last 3 lines:",
        "* there is more: /history 3 e1:1003",
        "* that was the last 3 lines",
        "* 2 lines before these are gone",
        "* the last 0 lines:",
        "* that was the last 0 lines",
        "* the last 5 lines:",
        "* that was the last 5 lines",
        "* 3 lines before these are gone",
        "* the last 1000 lines:",
        "* that was the last 1000 lines",
    ]
    guest.send("/since e1:4")
    assert guest.lines()[-1] == "* that was the last 1000 lines"


def test_one_answer_is_a_mebibyte_at_most() -> None:
    """With all that stands around the lines; the next answer goes on."""
    guest = _join_json(Hall(RoomSettings(history=None), log_size=1 << 24), "al")
    for _ in range(400):
        guest.send('"' * 4000)
    guest.take()
    guest.send("/since e1:0")
    guest.hall.turn(20)
    data = guest.take()
    assert (1 << 20) - 10_000 < len(data) <= 1 << 20
    assert json.loads(data.splitlines()[-1])["more"] is True


def test_a_line_that_the_log_leaves_out_is_not_acknowledged() -> None:
    """It was said to somebody whom the log had muted before: so its sender is told."""
    hall = Hall()
    alice = hall.join("/name alice sesame-open")
    alice.take()
    hall.room.order(Order(Verb.MUTE, ("alice",)), lambda _: None)
    alice.send("/say t1 hello", "/say t1 hello", "/ping")
    assert alice.lines() == [*["* error: you are muted"] * 2, "* pong"]
    assert hall.room.log.lines == 0
    assert hall.room.stats.refused["muted"] == 1


def test_a_line_that_was_said_elsewhere_is_acknowledged_as_that() -> None:
    """The log knows its token when it comes: the id is that of the first one."""
    hall = Hall()
    alice = hall.join("/format json", "/name alice sesame-open")
    owner = hall.room.store.owner("alice", "sesame-open")
    alice.take()
    alice.protocol.dataReceived(b"/say t1 hello\n")
    hall.room.store.state.tokens.put((owner, "t1"), owner, 77)
    hall.turn()
    ack = json.loads(alice.lines()[-1])
    assert (ack["event"], ack["id"], ack["double"]) == ("ack", 77, True)
    assert hall.room.log.lines == 0
