"""Where one has to log in, nothing is seen or said before."""

import json
from pathlib import Path

import pytest

from tests.access.gates import SECRET, GatedHall

USAGE = "log in first: /login NAME PASSWORD or /login SECRET"


def test_one_is_asked_to_log_in(hall: GatedHall) -> None:
    """Who says nothing is asked, in words, and is told nothing of the room."""
    hall.join(f"/login {SECRET}")
    guest = hall.arrive()
    assert guest.lines() == [f"* {USAGE}"]
    assert len(hall.room.members) == 1


def test_json_is_asked_with_an_event(hall: GatedHall) -> None:
    """A program that asked for json gets the login event, not a welcome."""
    guest = hall.arrive("/format json")
    assert [json.loads(x) for x in guest.lines()] == [{"event": "login", "text": USAGE}]


def test_a_secret_opens(hall: GatedHall) -> None:
    """The greeting is the answer to a right login; any of the secrets will do."""
    for secret in (SECRET, "the-old-one"):
        guest = hall.arrive()
        guest.take()
        guest.send(f"/login {secret}")
        assert "You are guest-" in guest.lines()[0]


def test_an_introduction_with_a_login_is_one(hall: GatedHall) -> None:
    """Format, name and login in one piece: the welcome is the first answer."""
    guest = hall.join("/format json", "/name carol", f"/login {SECRET}")
    welcome = json.loads(guest.lines()[0])
    assert (welcome["event"], welcome["name"]) == ("welcome", "carol")


def test_an_account_gives_its_name(hall: GatedHall) -> None:
    """Who logs in as alice is called alice, as the checker spells it."""
    guest = hall.join("/login alice alices-own")
    assert "You are alice" in guest.lines()[0]


def test_what_follows_the_login_is_said(hall: GatedHall) -> None:
    """Lines behind the login in the same read wait for it, and are said."""
    ear = hall.join(f"/login {SECRET}")
    ear.take()
    hall.join("/login alice alices-own", "hello", "/quit")
    assert "alice: hello" in ear.lines()


def test_the_end_waits_for_the_login(hall: GatedHall) -> None:
    """Who pipes its login and its words and closes its half is heard."""
    ear = hall.join(f"/login {SECRET}")
    ear.take()
    guest = hall.connect()
    guest.protocol.dataReceived(f"/login {SECRET}\nhello\nlast".encode())
    guest.protocol.readConnectionLost()
    hall.turn(6)
    said = [line.partition(": ")[2] for line in ear.lines() if ": " in line]
    assert said == ["hello", "last"]
    assert guest.transport.disconnecting


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("hello", None),
        ("//x", "/x"),
        ("/who", "who"),
        ("/ping", "ping"),
        ("/history", "history"),
        ("/since e1:0", "since"),
        ("/say t words", "say"),
        ("/nonsense", "nonsense"),
    ],
)
def test_nothing_else_acts(hall: GatedHall, line: str, command: str | None) -> None:
    """Lines and commands before the login are login-required, and not said."""
    ear = hall.join(f"/login {SECRET}")
    ear.take()
    guest = hall.arrive("/format json")
    guest.take()
    guest.send(line)
    error = json.loads(guest.lines()[0])
    assert (error["event"], error["code"]) == ("error", "login-required")
    assert error["command"] == command
    assert ear.lines() == []


def test_the_first_other_line_asks(hall: GatedHall) -> None:
    """A line before the time is over is asked for the login, then refused."""
    guest = hall.connect()
    guest.send("/format json", "hello")
    kinds = [json.loads(line)["event"] for line in guest.lines()]
    assert kinds == ["login", "error"]


def test_help_and_farewell(hall: GatedHall) -> None:
    """/help and /quit act before the login."""
    guest = hall.arrive()
    guest.take()
    guest.send("/help", "/quit")
    lines = guest.lines()
    assert any("/login" in line for line in lines)
    assert lines[-1] == "* Bye"


def test_the_dialect_may_be_chosen_late(hall: GatedHall) -> None:
    """/format at the gate is answered in the new dialect, each time."""
    guest = hall.arrive()
    guest.take()
    guest.send("/format json")
    assert json.loads(guest.lines()[0])["event"] == "login"
    guest.send("/format text", "/format nonsense")
    assert guest.lines() == [f"* {USAGE}", "* error: /format text or /format json"]
    guest.send("/format json", f"/login {SECRET}")
    assert json.loads(guest.lines()[-1])["event"] == "welcome"


def test_the_name_is_checked_after_the_login(hall: GatedHall) -> None:
    """Before the login nobody learns which names are taken."""
    hall.join("/name carol", f"/login {SECRET}")
    guest = hall.arrive()
    guest.take()
    guest.send("/name carol")
    assert guest.lines() == []
    guest.send(f"/login {SECRET}")
    assert [line for line in guest.lines() if "carol is taken" in line]


def test_accounts_names_are_reserved(hall: GatedHall) -> None:
    """Nobody else is called as an account, in the introduction or later."""
    guest = hall.join("/name ALICE", f"/login {SECRET}")
    assert any("reserved" in line for line in guest.lines())
    guest.send("/name Bob")
    assert "reserved" in guest.lines()[0]
    owner = hall.join("/name other", "/login alice alices-own")
    owner.take()
    owner.send("/name Alice")
    assert owner.lines() == ["* other is now Alice"]


def test_an_account_takes_its_name_back(hall: GatedHall) -> None:
    """Who logs in again replaces its older connection."""
    old = hall.join("/login alice alices-own")
    old.take()
    new = hall.join("/login alice alices-own")
    assert "You are alice" in new.lines()[0]
    assert "you came back" in old.lines()[-1]


def test_the_time_to_log_in_is_over(hall: GatedHall) -> None:
    """After --login-timeout one is closed; who is in by then is not."""
    inside, outside = hall.join(f"/login {SECRET}"), hall.arrive("/format json")
    inside.take()
    outside.take()
    hall.clock.advance(29.5)
    assert outside.lines() == []
    hall.clock.advance(0.5)
    hall.turn()
    bye = json.loads(outside.lines()[0])
    assert (bye["event"], bye["code"]) == ("bye", "login-timeout")
    assert inside.lines() == []


def test_no_login_where_others_can_listen(tmp_path: Path) -> None:
    """On an unencrypted connection from elsewhere nobody is asked for a secret."""
    hall = GatedHall(tmp_path, allows_plaintext=False)
    for first in ((), ("hi",), (f"/login {SECRET}",)):
        guest = hall.arrive(*first)
        assert guest.lines() == ["* no login here: this connection is not encrypted"]
    assert not hall.room.members


def test_a_flood_at_the_gate_is_taken_in_turns(hall: GatedHall) -> None:
    """Thousands of lines in one read: a few a turn, each refused, none said."""
    guest = hall.arrive()
    guest.take()
    guest.protocol.dataReceived(b"x\n" * 2000 + b"\n" * 100_000)
    assert len(guest.lines()) <= 16
    hall.turn(3)
    assert len(guest.lines()) == 3 * 16
    hall.turn(150)
    assert len(guest.lines()) == 2000 - 4 * 16


def test_bad_words_are_told(hall: GatedHall) -> None:
    """No word, or three, is a bad argument and no try."""
    guest = hall.arrive("/format json")
    guest.take()
    guest.send("/login", "/login a b c")
    codes = [json.loads(line)["code"] for line in guest.lines()]
    assert codes == ["bad-argument", "bad-argument"]
    assert not hall.authenticator.refused


def test_a_second_login_is_refused(hall: GatedHall) -> None:
    """Who is in is in."""
    guest = hall.join(f"/login {SECRET}")
    guest.take()
    guest.send(f"/login {SECRET}")
    assert guest.lines() == ["* error: you are in already"]


def test_leaving_while_the_login_is_checked(hall: GatedHall) -> None:
    """Who is gone before its login is found right never joins."""
    guest = hall.connect()
    guest.protocol.dataReceived(f"/login {SECRET}\nhello\n".encode())
    guest.drop()
    hall.turn(6)
    assert not hall.room.members
    assert hall.room.log.total == 0


def test_a_connect_client_logs_in(hall: GatedHall) -> None:
    """A CONNECT client's first line from us is SUCCESS, once it is in."""
    guest = hall.arrive("CONNECT old one")
    assert guest.lines() == [f"* {USAGE}"]
    guest.send(f"/login {SECRET}")
    assert guest.lines()[0] == "SUCCESS"
