"""Listeners that ask for a name: what they say, what counts as an answer."""

import json
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.interfaces import ISSLTransport
from zope.interface import alsoProvides

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import ASKING
from broadcast.room.directory import When
from broadcast.session.states import State
from tests.support.hall import SECRET, Guest, Hall, LoginHall, Transport

PROMPT = "NICK? "


def _hall(
    joined_text: str = "[INFO] {name}, {count} here", prompt: str = PROMPT
) -> Hall:
    return Hall(RoomSettings(joined_text=joined_text, name_prompt=prompt))


def _asked(hall: Hall) -> Guest:
    """Return somebody who has said nothing for as long as a greeting waits."""
    guest = Guest(hall, role=ASKING)
    hall.wait(0.3)
    assert guest.take() == PROMPT.encode()
    return guest


def test_one_who_says_nothing_is_asked_once_and_is_not_here() -> None:
    """The prompt has no line end; nobody is announced or counted, nothing heard."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = Guest(hall, role=ASKING)
    hall.turn()
    assert guest.take() == b""
    hall.wait(0.3)
    assert guest.take() == PROMPT.encode()
    watcher.send("hello", "/who")
    hall.wait(5)
    assert guest.take() == b""
    assert watcher.lines() == ["* 1 here: watcher"]


def test_the_first_line_is_the_name() -> None:
    """It is answered by the joined text and no greeting; what follows is said."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = _asked(hall)
    guest.send("", " Anna ", "hello", "/ping")
    assert guest.take() == b"[INFO] Anna, 2 here\n* pong\n"
    assert watcher.lines() == ["* Anna joined the chat", "Anna: hello"]


def test_of_two_answers_at_once_one_is_asked_again() -> None:
    """The log gives the name to the first; the other one has no seat meanwhile."""
    hall = _hall()
    one, other = _asked(hall), _asked(hall)
    for guest in (one, other):
        guest.protocol.dataReceived(b"Anna\n")
    hall.turn()
    assert one.take() == b"[INFO] Anna, 1 here\n"
    assert other.take() == b"* error: the name Anna is taken\n" + PROMPT.encode()
    assert hall.room.count == hall.directory.occupancy.count == 1
    other.send("/quit")
    assert hall.directory.occupancy.count == 1


def test_one_who_speaks_first_is_not_asked() -> None:
    """A name that comes at once is taken at once; without a joined text the usual
    greeting is the answer."""
    guest = Guest(_hall(""), role=ASKING)
    guest.send("Anna")
    assert guest.lines() == ["* You are Anna, 1 here. /help lists the commands."]


def test_joined_text_has_one_lf_whatever_the_client_writes() -> None:
    """It is raw; CRLF is for what comes after it."""
    guest = _asked(_hall())
    guest.send_bytes(b"Anna\r\n/ping\r\n")
    assert guest.take() == b"[INFO] Anna, 1 here\n* pong\r\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("watcher", "the name watcher is taken"),
        ("WATCHER", "the name WATCHER is taken"),
        ("admin", "the name admin is reserved"),
        ("two words", "a name is 1 to 32"),
        ("-x", "a name is 1 to 32"),
        ("/name watcher", "the name watcher is taken"),
        ("/name one sesame-open more", "a name has no spaces; what follows it"),
        ("/who", "say what you are called first"),
        ("//Anna", "say what you are called first"),
        ("/login x", "nobody has to log in here"),
        ("{'a': 1}", "a name is 1 to 32"),
        ("x" * 9000, "a name is 1 to 32"),
    ],
)
def test_the_prompt_comes_again_until_the_name_is_good(line: str, told: str) -> None:
    """Each time after an error, and the connection stays as it was."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = _asked(hall)
    for _ in range(20):
        guest.send(line)
        error, prompt = guest.take().decode().split("\n")
        assert error.startswith(f"* error: {told}")
        assert prompt == PROMPT
    assert watcher.take() == b""
    guest.send("Anna")
    assert guest.lines() == ["[INFO] Anna, 2 here"]


def test_a_refused_name_before_the_prompt_is_asked_for_again() -> None:
    """Also where it came within the introduction, and with others in one read."""
    hall = _hall()
    hall.join("/name watcher")
    guest = Guest(hall, role=ASKING)
    guest.send("watcher", "/name watcher", "two words", "Anna", "hello")
    told = guest.take().decode()
    assert told.count(PROMPT) == 3
    assert told.endswith(f"{PROMPT}[INFO] Anna, 2 here\n")
    hall.wait(1)
    assert guest.take() == b""


def test_help_and_farewell_are_answered() -> None:
    """``/help`` before the next prompt; after ``/quit`` nobody was ever here."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = _asked(hall)
    guest.send("/help")
    told = guest.take().decode()
    assert told.startswith("* /name NAME [KEY]")
    assert told.endswith(f"\n{PROMPT}")
    guest.send("/QUIT")
    assert guest.take() == b"* Bye\n"
    assert guest.transport.disconnecting
    assert watcher.take() == b""


def test_an_introduction_counts_as_an_answer() -> None:
    """It ends as on any listener: by another line, by the delay, or, once one has
    been asked, at once."""
    hall = _hall()
    guest = Guest(hall, role=ASKING)
    guest.send("/name Anna sesame-open")
    assert guest.take() == b""
    hall.wait(0.3)
    assert guest.lines() == ["[INFO] Anna, 1 here"]
    other = _asked(hall)
    other.send("/name Berta")
    assert other.lines() == ["[INFO] Berta, 2 here"]
    third = Guest(hall, role=ASKING)
    third.send("/format text", "Carla")
    assert third.lines() == ["[INFO] guest-1, 3 here"]
    assert guest.lines()[-1] == "guest-1: Carla"


def test_json_is_welcomed_as_ever() -> None:
    """The first line is the welcome, on a line of its own after a prompt; a name
    that can't be had is told after it."""
    hall = _hall()
    early, late = Guest(hall, role=ASKING), _asked(hall)
    early.take()
    for guest, begin in ((early, "\n"), (late, "\n"), (Guest(hall, role=ASKING), "")):
        guest.send("/format json", "/name admin", "/ping")
        told = guest.take().decode()
        assert told.startswith(begin + "{")
        events = [json.loads(line) for line in told.strip("\n").split("\n")]
        kinds = [event["event"] for event in events if event["event"] != "join"]
        assert kinds == ["welcome", "error", "pong"]


def test_other_protocols_introduce_themselves() -> None:
    """CONNECT and ``__name__:`` need no prompt, and are never asked again."""
    hall = _hall()
    hall.join("/name carl")
    guest = Guest(hall, role=ASKING)
    guest.send("CONNECT carl", "\\clients")
    assert guest.lines() == [
        "SUCCESS",
        "[INFO] carl-2, 2 here",
        "* you are called carl-2 here",
        "* 2 here: carl, carl-2",
    ]
    other = _asked(hall)
    other.send("__name__:carl")
    other.send("hello")
    assert other.lines() == [
        "[INFO] carl-3, 3 here",
        "* you are called carl-3 here",
        "carl-3: hello",
    ]


def test_the_wait_is_bounded() -> None:
    """``--login-timeout`` after the prompt it ends, on a line of its own."""
    hall = _hall()
    guest = _asked(hall)
    hall.wait(29)
    guest.send("-x")
    guest.take()
    hall.wait(2)
    assert guest.take() == b"\n* no name in 30 seconds\n"
    assert guest.transport.disconnecting
    named = _asked(hall)
    named.send("Anna")
    named.take()
    hall.wait(31)
    assert named.take() == b""


def test_the_end_of_the_daemon_is_told_on_a_line_of_its_own() -> None:
    """Whatever ends it, the last line begins where a line begins."""
    hall = _hall()
    guest = _asked(hall)
    session = guest.protocol.session
    assert session.state is State.NAMING
    session.close(Bye("shutdown", "The server has shut down"), When.AFTER_READ)
    assert guest.take() == b"\n* The server has shut down\n"


@pytest.mark.parametrize("clean", [True, False])
def test_whole_lines_are_said_though_the_connection_is_lost(clean: bool) -> None:
    """A piped name and its lines, then the end: they are said under that name."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    watcher.take()
    guest = _asked(hall)
    guest.protocol.dataReceived(b"Anna\nhello\n")
    guest.drop(clean)
    hall.turn()
    assert "Anna: hello" in watcher.lines()
    asked = _asked(hall)
    asked.protocol.dataReceived(b"two words\n")
    asked.drop(clean)
    hall.turn()
    assert watcher.lines() == []
    assert asked.protocol.session.state is State.GONE


def test_a_banned_name_is_turned_away() -> None:
    """A prompt is no way round a ban."""
    bans = Bans(lambda: 0.0)
    bans.add("rude", None, "")
    guest = _asked(Hall(policy=Policy(bans)))
    guest.send("Rude")
    assert guest.take() == b"* you are banned\n"


def test_a_certificates_name_is_not_asked_for() -> None:
    """It says what one is called; the first line is said."""
    hall = _hall()
    watcher = hall.join("/name watcher")
    guest = Guest(hall, role=ASKING)
    handshake = guest.protocol.session.handshake  # type: ignore[attr-defined]
    handshake.certify("Alice")
    guest.send("hello")
    assert guest.lines() == ["[INFO] Alice, 2 here"]
    assert watcher.lines()[-1] == "Alice: hello"


def test_a_login_comes_first(tmp_path: Path) -> None:
    """The prompt is the answer to a right secret; an account is called so, unasked;
    what is said of oneself before the login counts."""
    hall = LoginHall(tmp_path)
    guest = Guest(hall, role=ASKING)
    hall.wait(0.3)
    assert guest.lines()[0].startswith("* log in first: ")
    guest.send("Anna")
    assert guest.lines()[0].startswith("* error: log in first")
    guest.send(f"/login {SECRET}")
    hall.turn(6)
    assert guest.take() == PROMPT.encode()
    guest.send("alice")
    assert guest.take().decode().endswith(f"is reserved\n{PROMPT}")
    guest.send("Anna")
    assert guest.lines()[0].startswith("* You are Anna, 1 here")
    for lines, name in (
        (["/login alice alices-own"], "alice"),
        (["/format json", f"/login {SECRET}"], "guest-1"),
        (["/name Berta", f"/login {SECRET}"], "Berta"),
        ([f"/login {SECRET}", "Carla"], "Carla"),
    ):
        guest = Guest(hall, role=ASKING)
        guest.send(*lines)
        hall.turn(6)
        assert name in guest.take().decode(), lines


def test_one_asked_in_json_after_a_login_was_called_for(tmp_path: Path) -> None:
    """``/format json`` after "log in first" is an introduction too: no prompt."""
    hall = LoginHall(tmp_path)
    guest = Guest(hall, role=ASKING)
    hall.wait(0.3)
    guest.take()
    guest.send("/format json", f"/login {SECRET}")
    hall.turn(6)
    kinds = [json.loads(line)["event"] for line in guest.lines()]
    assert kinds == ["login", "welcome"]


def test_a_crowd_of_bad_names_holds_nobody_up() -> None:
    """They are taken some at a time, as a step's time allows."""
    hall = _hall()
    other = hall.join("/name other")
    other.take()
    guest = _asked(hall)
    hall.clock.tick = 0.0005
    guest.protocol.dataReceived(b"two words\n" * 2000)
    hall.turn(1)
    other.send("/ping")
    hall.clock.tick = 0
    assert guest.protocol.session.is_waiting
    assert other.lines() == ["* pong"]


def test_an_empty_prompt_is_silence() -> None:
    """The name is awaited all the same; an error says why nothing came of it."""
    hall = _hall(prompt="")
    hall.join("/name anna")
    guest = Guest(hall, role=ASKING)
    hall.wait(0.3)
    assert guest.take() == b""
    guest.send("Anna")
    assert guest.lines() == ["* error: the name Anna is taken"]
    guest.send("Berta")
    assert guest.lines() == ["[INFO] Berta, 2 here"]


def test_the_prompt_waits_for_the_tls_handshake() -> None:
    """However long that takes: nothing is written before."""
    hall = _hall()
    transport: Any = Transport()  # type: ignore[no-untyped-call]  # Twisted's
    alsoProvides(transport, ISSLTransport)
    guest = Guest(hall, transport, ASKING)
    hall.wait(5)
    assert guest.take() == b""
    guest.protocol.handshakeCompleted()
    hall.wait(0.3)
    assert guest.take() == PROMPT.encode()
