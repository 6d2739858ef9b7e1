"""Where one has to log in, nothing is seen or said before."""

import json
from pathlib import Path

import pytest

from broadcast.base.work import BUDGET
from broadcast.protocol.roles import ASKING
from broadcast.session.states import State
from tests.support.hall import SECRET, Guest, Hall, LoginHall

USAGE = "log in first: /login NAME PASSWORD or /login SECRET"


def test_one_is_asked_to_log_in(login_hall: LoginHall) -> None:
    """Who says nothing is asked, in words, and is told nothing of the room."""
    login_hall.join(f"/login {SECRET}")
    guest = login_hall.arrive()
    assert guest.lines() == [f"* {USAGE}"]
    assert len(login_hall.room.subscriptions) == 1


def test_json_is_asked_with_an_event(login_hall: LoginHall) -> None:
    """A program that asked for json gets the login event, not a welcome."""
    guest = login_hall.arrive("/format json")
    assert [json.loads(x) for x in guest.lines()] == [{"event": "login", "text": USAGE}]


def test_a_secret_opens(login_hall: LoginHall) -> None:
    """The greeting is the answer to a right login; any of the secrets will do."""
    for secret in (SECRET, "the-old-one"):
        guest = login_hall.arrive()
        guest.take()
        guest.send(f"/login {secret}")
        assert "You are guest-" in guest.lines()[0]


def test_an_introduction_with_a_login_is_one(login_hall: LoginHall) -> None:
    """Format, name and login in one piece: the welcome is the first answer."""
    guest = login_hall.join("/format json", "/name carol", f"/login {SECRET}")
    welcome = json.loads(guest.lines()[0])
    assert (welcome["event"], welcome["name"]) == ("welcome", "carol")


@pytest.mark.parametrize("is_late", [False, True])
def test_quiet_is_kept_for_the_greeting(login_hall: LoginHall, is_late: bool) -> None:
    """/quiet before a login counts, whether one has been asked to log in or not."""
    ear = login_hall.join(f"/login {SECRET}", "/name ear")
    ear.send("/name ear")
    ear.take()
    guest = login_hall.connect()
    if is_late:
        login_hall.wait(0.3)
    guest.send("/quiet", "/name carol", f"/login {SECRET}")
    login_hall.wait(0.3)
    assert "You are carol, 2 here" in guest.lines()[-1]
    ear.send("/who c")
    assert ear.lines() == ["* 2 here: carol (quiet)"]


def test_an_account_gives_its_name(login_hall: LoginHall) -> None:
    """Who logs in as alice is called alice, as the checker spells it."""
    guest = login_hall.join("/login alice alices-own")
    assert "You are alice" in guest.lines()[0]


def test_what_follows_the_login_is_said(login_hall: LoginHall) -> None:
    """Lines behind the login in the same read wait for it, and are said."""
    ear = login_hall.join(f"/login {SECRET}")
    ear.take()
    login_hall.join("/login alice alices-own", "hello", "/quit")
    assert "alice: hello" in ear.lines()


def test_the_end_waits_for_the_login(login_hall: LoginHall) -> None:
    """Who pipes its login and its words and closes its half is heard."""
    ear = login_hall.join(f"/login {SECRET}")
    ear.take()
    guest = login_hall.connect()
    guest.protocol.dataReceived(f"/login {SECRET}\nhello\nlast".encode())
    guest.protocol.readConnectionLost()
    login_hall.turn(6)
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
def test_nothing_else_acts(
    login_hall: LoginHall, line: str, command: str | None
) -> None:
    """Lines and commands before the login are login-required, and not said."""
    ear = login_hall.join(f"/login {SECRET}")
    ear.take()
    guest = login_hall.arrive("/format json")
    guest.take()
    guest.send(line)
    error = json.loads(guest.lines()[0])
    assert (error["event"], error["code"]) == ("error", "login-required")
    assert error["command"] == command
    assert ear.lines() == []


def test_the_first_other_line_asks(login_hall: LoginHall) -> None:
    """A line before the time is over is asked for the login, then refused."""
    guest = login_hall.connect()
    guest.send("/format json", "hello")
    kinds = [json.loads(line)["event"] for line in guest.lines()]
    assert kinds == ["login", "error"]


def test_help_and_farewell(login_hall: LoginHall) -> None:
    """/help and /quit act before the login."""
    guest = login_hall.arrive()
    guest.take()
    guest.send("/help", "/quit")
    lines = guest.lines()
    assert any("/login" in line for line in lines)
    assert lines[-1] == "* Bye"


def test_the_dialect_may_be_chosen_late(login_hall: LoginHall) -> None:
    """/format before the login is answered in the new dialect, each time."""
    guest = login_hall.arrive()
    guest.take()
    guest.send("/format json")
    assert json.loads(guest.lines()[0])["event"] == "login"
    guest.send("/format text", "/format nonsense")
    assert guest.lines() == [f"* {USAGE}", "* error: /format text or /format json"]
    guest.send("/format json", f"/login {SECRET}")
    assert json.loads(guest.lines()[-1])["event"] == "welcome"


def test_the_name_is_checked_after_the_login(login_hall: LoginHall) -> None:
    """Before the login nobody learns which names are taken."""
    login_hall.join("/name carol", f"/login {SECRET}")
    guest = login_hall.arrive()
    guest.take()
    guest.send("/name carol")
    assert guest.lines() == []
    guest.send(f"/login {SECRET}")
    assert [line for line in guest.lines() if "carol is taken" in line]


def test_accounts_names_are_reserved(login_hall: LoginHall) -> None:
    """Nobody else is called as an account, in the introduction or later."""
    guest = login_hall.join("/name ALICE", f"/login {SECRET}")
    assert any("reserved" in line for line in guest.lines())
    guest.send("/name Bob")
    assert "reserved" in guest.lines()[0]
    owner = login_hall.join("/name other", "/login alice alices-own")
    owner.take()
    owner.send("/name Alice")
    assert owner.lines() == ["* other is now Alice"]


def test_an_account_takes_its_name_back(login_hall: LoginHall) -> None:
    """Who logs in again replaces its older connection."""
    old = login_hall.join("/login alice alices-own")
    old.take()
    new = login_hall.join("/login alice alices-own")
    assert "You are alice" in new.lines()[0]
    assert "you came back" in old.lines()[-1]


def test_the_time_to_log_in_is_over(login_hall: LoginHall) -> None:
    """After --login-timeout one is closed; who is in by then is not."""
    inside, outside = (
        login_hall.join(f"/login {SECRET}"),
        login_hall.arrive("/format json"),
    )
    inside.take()
    outside.take()
    login_hall.clock.advance(29.5)
    assert outside.lines() == []
    login_hall.clock.advance(0.5)
    login_hall.turn()
    bye = json.loads(outside.lines()[0])
    assert (bye["event"], bye["code"]) == ("bye", "login-timeout")
    assert inside.lines() == []


def test_no_login_where_others_can_listen(tmp_path: Path) -> None:
    """On an unencrypted connection from elsewhere nobody is asked for a secret."""
    hall = LoginHall(tmp_path, allows_plaintext=False)
    for first in ((), ("hi",), (f"/login {SECRET}",)):
        guest = hall.arrive(*first)
        assert guest.lines() == ["* no login here: this connection is not encrypted"]
    assert not hall.room.subscriptions


@pytest.mark.counts_turns
def test_a_flood_at_the_gate_is_taken_in_turns(login_hall: LoginHall) -> None:
    """Thousands of lines in one read: a few a turn, each refused, none said.

    A look at the clock takes a tenth of a millisecond here.
    """
    guest = login_hall.arrive()
    guest.take()
    login_hall.clock.tick = 0.0001
    guest.protocol.dataReceived(b"x\n" * 2000 + b"\n" * 100_000)
    assert guest.lines() == []
    refused: list[int] = []
    while sum(refused) < 2000:
        login_hall.turn(1)
        refused.append(len(guest.lines()))
        if sum(refused) < 1900:
            assert guest.transport.producerState == "paused"
    assert max(refused) <= BUDGET / login_hall.clock.tick
    assert min(refused[:-1]) > 0
    login_hall.turn(1)
    assert guest.transport.producerState == "producing"


def test_bad_words_are_told(login_hall: LoginHall) -> None:
    """No word, or three, is a bad argument and no try."""
    guest = login_hall.arrive("/format json")
    guest.take()
    guest.send("/login", "/login a b c")
    codes = [json.loads(line)["code"] for line in guest.lines()]
    assert codes == ["bad-argument", "bad-argument"]
    assert not login_hall.authenticator.refused


def test_a_second_login_is_refused(login_hall: LoginHall) -> None:
    """Who is in is in."""
    guest = login_hall.join(f"/login {SECRET}")
    guest.take()
    guest.send(f"/login {SECRET}")
    assert guest.lines() == ["* error: you are in already"]


def test_leaving_while_the_login_is_checked(login_hall: LoginHall) -> None:
    """Who is gone before its login is found right never joins."""
    guest = login_hall.connect()
    guest.protocol.dataReceived(f"/login {SECRET}\nhello\n".encode())
    guest.drop()
    login_hall.turn(6)
    assert not login_hall.room.subscriptions
    assert login_hall.room.log.total == 0


def test_a_connect_client_logs_in(login_hall: LoginHall) -> None:
    """A CONNECT client's first line from us is SUCCESS, once it is in."""
    guest = login_hall.arrive("CONNECT old one")
    assert guest.lines() == [f"* {USAGE}"]
    guest.send(f"/login {SECRET}")
    assert guest.lines()[0] == "SUCCESS"


@pytest.mark.parametrize("line", ["/quit", "/exit"])
def test_a_farewell_that_waits_when_the_connection_is_lost(
    tmp_path: Path, line: str
) -> None:
    """Nothing is kept of it: neither where one has to log in, nor where one is asked
    for a name."""
    for hall, role in ((LoginHall(tmp_path), None), (Hall(), ASKING)):
        guest = Guest(hall, role=role)
        guest.protocol.dataReceived(f"{line}\n".encode())
        guest.drop()
        hall.turn(6)
        assert guest.protocol.session.state is State.GONE
        assert not hall.directory.sessions


def test_one_turned_away_when_its_connection_is_lost_already() -> None:
    """Nothing is kept of one who could not have come in."""
    hall = Hall(max_members=1)
    hall.join("/name inside")
    guest = hall.connect()
    guest.protocol.dataReceived(b"hello\n")
    guest.drop()
    hall.turn(6)
    assert guest.protocol.session.state is State.GONE
    assert len(hall.directory.sessions) == 1
