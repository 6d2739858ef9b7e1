"""The handshake: what is said before one joins."""

import json
from typing import Any

import pytest

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.session.handshake import MAX_LINES
from tests.support.hall import Hall

A_KEY = "a name has no spaces; what follows it is a key of 8 to 64 printable ASCII"


def test_who_leaves_in_the_introduction_was_never_here() -> None:
    """Neither by end of file nor by a loss."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.lines()
    for clean in (True, False):
        guest = hall.connect()
        guest.send("/name al", "/format json")
        guest.drop(clean)
        hall.wait(1)
        assert guest.take() == b""
    assert watcher.lines() == []
    assert hall.room.roster.find("al") is None


def test_sixteen_lines_are_an_introduction() -> None:
    """One line more is a command of somebody who is greeted by then; blank lines
    are none."""
    hall = Hall()
    guest = hall.connect()
    guest.send("", "", *(f"/name n{n}" for n in range(MAX_LINES)), "")
    assert guest.take() == b""
    guest.send("/name late")
    greeted, renamed = guest.lines()
    assert greeted.startswith("* You are ")
    assert renamed == f"* n{MAX_LINES - 1} is now late"


def test_the_last_word_counts_and_errors_change_nothing() -> None:
    """A later name replaces an earlier one, which stays free; a wrong one does not.

    The errors come in the order of the lines, after the greeting.
    """
    hall = Hall()
    other = hall.join("/name other")
    other.take()
    guest = hall.connect()
    guest.send("/name one", "/nick two", "/name a b c", "/name x short", "/format y")
    hall.wait(0.3)
    told = guest.lines()
    assert told[0].startswith("* You are two, 2 here.")
    assert told[1:] == [
        *[f"* error: {A_KEY}"] * 2,
        "* error: /format text or /format json",
    ]
    assert other.lines() == ["* two joined the chat"]
    assert hall.room.roster.find("one") is None


@pytest.mark.parametrize("line", ["CONNECT", "connect al", " CONNECT al", "__name__"])
def test_what_only_looks_like_another_protocol_is_said(line: str) -> None:
    """Only the exact words begin another protocol; the rest is a guest's line."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = hall.connect()
    guest.send(line)
    assert guest.lines()[0].startswith("* You are guest-")
    assert watcher.lines()[-1].endswith(f": {line}")


def test_another_protocol_is_spoken_from_the_first_line_or_never() -> None:
    """CONNECT after /name is said; /format after CONNECT is a command, answered."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = hall.connect()
    guest.send("/name al", "CONNECT carl")
    assert guest.lines()[0].startswith("* You are al,")
    assert watcher.lines() == ["* al joined the chat", "al: CONNECT carl"]
    guest = hall.connect()
    guest.send("CONNECT al", "/format json")
    told = guest.lines()
    assert told[0] == "SUCCESS"
    assert told[1].startswith("* You are al-2, 3 here.")
    assert told[2] == "* you are called al-2 here"
    assert json.loads(told[3])["event"] == "welcome"


def test_bytes_that_are_no_name_are_refused_as_one() -> None:
    """What is not UTF-8 in an introduction is a bad name, and no fault."""
    guest = Hall().connect()
    guest.send_bytes(b"/format json\n/name \xc3(\n/ping\n")
    welcome, error, pong = [json.loads(line) for line in guest.lines()]
    assert welcome["name"] == "guest-1"
    assert (error["code"], error["command"]) == ("bad-name", "name")
    assert pong == {"event": "pong"}


def test_a_full_room_says_so_in_the_dialect_asked_for() -> None:
    """One too many is told why and closed: it is not announced, what it says is not
    said, and its name stays free."""
    hall = Hall(max_members=1)
    inside = hall.join("/name inside")
    inside.take()
    guest = hall.connect()
    guest.send("/format json", "/name al", "hello")
    (bye,) = [json.loads(line) for line in guest.lines()]
    assert (bye["event"], bye["code"], bye["reconnect"]) == ("bye", "full", True)
    assert bye["text"] == "the room is full: 1 are here"
    assert guest.transport.disconnecting
    assert inside.lines() == []
    assert hall.room.roster.find("al") is None


def test_no_protocol_evades_a_ban() -> None:
    """CONNECT and __name__ are no way round a ban of the name."""
    bans = Bans(lambda: 0.0)
    bans.add("rude", None, "")
    hall = Hall(policy=Policy(bans))
    for first in ("CONNECT rude", "__name__:RUDE"):
        assert hall.join(first).lines() == ["* you are banned"]


@pytest.mark.parametrize("first", ["/name other", "CONNECT other", "__name__:other"])
def test_a_certificates_name_goes_before_any_other(first: str) -> None:
    """Whatever is asked for, at first or later, one is called as certified; the
    name asked for stays free."""
    hall = Hall()
    guest = hall.connect()
    session: Any = guest.protocol.session
    session.handshake.certify("Alice")
    guest.send(first)
    hall.wait(0.3)
    told = [line for line in guest.lines() if line != "SUCCESS"]
    assert told == ["* You are Alice, 1 here. /help lists the commands."]
    guest.send("/name other")
    assert guest.lines() == ["* error: your certificate says what you are called"]
    assert hall.room.roster.find("other") is None


@pytest.mark.parametrize(
    "lines",
    [
        ("/quiet", "/name al", "/format json"),
        ("/format json", "/QUIET", "/name al"),
        ("/name al", "/format json", "/quiet"),
    ],
)
def test_quiet_in_any_order(lines: tuple[str, ...]) -> None:
    """/quiet is a line of an introduction like the others; the greeting answers it."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = hall.join(*lines)
    (welcome,) = [json.loads(line) for line in guest.lines()]
    assert (welcome["event"], welcome["name"], welcome["count"]) == ("welcome", "al", 2)
    assert watcher.lines() == []
    watcher.send("/who")
    assert watcher.lines() == ["* 2 here: al (quiet), watcher"]
    guest.send("/who a", "/quiet")
    who, error = [json.loads(line) for line in guest.lines()]
    assert (who["names"], who["quiet"]) == (["al"], ["al"])
    assert (error["code"], error["command"]) == ("bad-argument", "quiet")


def test_what_makes_nobody_quiet() -> None:
    """A word too many is an error; who comes by another protocol is announced."""
    hall = Hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = hall.join("/quiet please", "/name al")
    assert guest.lines()[1:] == ["* error: /quiet takes no words"]
    hall.join("CONNECT bo"), hall.join("__name__:cy")
    assert watcher.lines() == [f"* {n} joined the chat" for n in ("al", "bo", "cy")]


def test_who_is_lost_and_turned_away_is_forgotten() -> None:
    """Whoever may not come in, and is gone before that is found, leaves nothing behind:
    a ban, a full room."""
    bans = Bans(lambda: 0.0)
    bans.add("rude", None, "")
    full = Hall(max_members=1)
    full.join("/name inside")
    for hall, line, left in (
        (Hall(policy=Policy(bans)), "CONNECT rude", 0),
        (full, "", 1),
    ):
        guest = hall.connect()
        guest.protocol.dataReceived(f"{line}\nhello\n".encode())
        guest.drop()
        hall.wait(1)
        assert len(hall.directory.sessions) == left
