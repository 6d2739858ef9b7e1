"""``Authorization``: what is taken, what is challenged, and how long it is known."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broadcast.auth.authenticator import Refusal
from broadcast.auth.checkers import Admission
from broadcast.auth.ratelimit import PER_HOST
from tests.support.hall import SECRET, LoginHall
from tests.support.http import Http, events_in

BEARER = f"Authorization: Bearer {SECRET}"


def basic(text: str) -> str:
    """Return the header of a name and a password."""
    return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}"


ALICE = basic("alice:alices-own")


@pytest.fixture
def http(tmp_path: Path) -> Http:
    """Give the HTTP port of a room that one has to log in to."""
    return Http(LoginHall(tmp_path))


@pytest.fixture
def tries(http: Http, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Give the logins that are really checked, one after another."""
    assert isinstance(http.hall, LoginHall)
    found: list[list[str]] = []
    admit: Callable[..., Any] = http.hall.authenticator.admit

    async def counted(given: list[str], address: str) -> Admission | Refusal:
        found.append(given)
        result: Admission | Refusal = await admit(given, address)
        return result

    monkeypatch.setattr(http.hall.authenticator, "admit", counted)
    return found


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (BEARER, 200),
        (f"authorization: bearer  {SECRET} ", 200),
        (ALICE, 200),
        ("X: y", 401),
        ("Authorization: Bearer wrong", 401),
        ("Authorization: Bearer", 401),
        ("Authorization: Basic", 401),
        ("Authorization: Basic !!!!", 401),
        ("Authorization: Basic YQ", 401),
        (basic("alice"), 401),
        (basic(":alices-own"), 401),
        (basic("alice:wrong"), 401),
        (basic("alice:"), 401),
        (basic(f"x:{SECRET}"), 401),
        ("Authorization: Basic //86YQ==", 401),
        ("Authorization: Digest x", 401),
        (f"{BEARER}\r\n{ALICE}", 401),
        (f"Authorization: {SECRET}", 401),
    ],
)
@pytest.mark.parametrize("path", ["/say", "/lines?follow=0", "/events"])
def test_a_login_is_asked_for(http: Http, header: str, status: int, path: str) -> None:
    """401 without a right one, with a challenge that no browser asks anybody for."""
    method, body = ("POST", b"x") if path == "/say" else ("GET", None)
    answer = http.ask(method, path, header, body=body)
    assert answer.status == status
    challenge = answer.headers.get("www-authenticate")
    assert challenge == ("Bearer" if status == 401 else None)


def test_a_browser_is_never_asked_for_basic(http: Http) -> None:
    """Not by a wrong one either: it would keep it, and attach it for any page."""
    answer = http.say(b"x", basic("alice:wrong"))
    assert "basic" not in str(answer.headers).lower()


def test_an_account_speaks_under_its_own_name(http: Http) -> None:
    """While it is here too; under another's it can't, nor can a mere secret."""
    alice = http.hall.join("/login alice alices-own")
    alice.take()
    assert http.say(b"1", ALICE).status == 200
    assert http.say(b"2", ALICE, query="?name=alice").status == 200
    assert http.say(b"3", BEARER).status == 200
    assert http.say(b"4", ALICE, query="?name=bob").status == 409
    assert http.say(b"5", BEARER, query="?name=alice").status == 409
    assert http.say(b"6", ALICE, query="?name=nick").status == 200
    assert alice.lines() == ["alice: 1", "alice: 2", "http: 3", "nick: 6"]


def test_a_reader_is_a_guest_all_the_same(http: Http) -> None:
    """It does not take the account's name from its owner, unless it is asked to."""
    http.hall.join("/login alice alices-own")
    events = http.read("/events", ALICE).events()
    assert '"name":"guest-' in events[1]["data"]


def test_a_muted_or_banned_account_says_nothing(http: Http) -> None:
    """Under whichever name."""
    policy = http.hall.directory.policy
    http.hall.room.store.state.mutes.add("alice")
    assert http.say(b"1", ALICE, query="?name=nick").status == 403
    policy.bans.add("bob", None, "")
    assert http.say(b"1", basic("Bob:bobs-own-1"), query="?name=nick").status == 403
    assert http.ask("GET", "/events", basic("Bob:bobs-own-1")).status == 403
    assert http.hall.room.log.lines == 0


def test_a_right_login_is_known_for_a_minute(
    http: Http, tries: list[list[str]]
) -> None:
    """Checked once; then again; a wrong one each time."""
    for _ in range(3):
        assert http.say(b"x", ALICE).status == 200
    assert len(tries) == 1
    assert http.say(b"x", basic("alice:alices-owN")).status == 401
    assert http.say(b"x", basic("alice:alices-owN")).status == 401
    assert len(tries) == 3
    http.hall.wait(59)
    assert http.say(b"x", ALICE).status == 200
    assert len(tries) == 3
    http.hall.wait(1.5)
    assert http.say(b"x", ALICE).status == 200
    assert len(tries) == 4


def test_it_is_forgotten_when_the_files_are_read_again(
    http: Http, tries: list[list[str]]
) -> None:
    """A password that was taken away is no good at once."""
    assert isinstance(http.hall, LoginHall)
    http.say(b"x", ALICE)
    http.hall.authenticator.version += 1
    http.say(b"x", ALICE)
    assert len(tries) == 2


def test_wrong_ones_are_throttled_as_on_the_wire(http: Http) -> None:
    """By host, whichever way they come; and when to come back is told."""
    for number in range(PER_HOST):
        assert http.say(b"x", f"Authorization: Bearer {number}").status == 401
    answer = http.say(b"x", BEARER)
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert http.ask("GET", "/lines", BEARER).status == 429
    events = http.ask("GET", "/events", BEARER)
    assert events.status == 200
    assert '"reconnect":true' in events_in(events.body.decode())[1]["data"]
    guest = http.hall.connect()
    guest.send(f"/login {SECRET}")
    assert http.say(b"x", BEARER, peer="192.0.2.9").status == 200
    http.hall.wait(61)
    assert http.say(b"x", BEARER).status == 200


def test_nobody_logs_in_where_others_may_listen(tmp_path: Path) -> None:
    """Unencrypted and from another machine: 403, and the secret isn't looked at."""
    http = Http(LoginHall(tmp_path, allows_plaintext=False))
    for header in (BEARER, "X: y"):
        assert http.say(b"x", header).status == 403


def test_keys_belong_to_the_account_or_the_secret(http: Http) -> None:
    """From wherever they come; under another name it is another body."""
    key = "Idempotency-Key: k"
    assert "double" not in http.say(b"x", ALICE, key).json
    assert http.say(b"x", ALICE, key, peer="192.0.2.8").json["double"] is True
    assert "double" not in http.say(b"x", BEARER, key).json
    assert "double" not in http.say(b"x", "Authorization: Bearer the-old-one", key).json
    assert http.say(b"x", BEARER, key, peer="192.0.2.8").json["double"] is True
    assert http.hall.room.log.lines == 3


def test_a_login_that_is_still_checked_when_its_sender_goes(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said, and nothing raises."""
    from twisted.internet.defer import Deferred

    from tests.support.http import request

    waiting: Deferred[Admission] = Deferred()

    async def admit(given: list[str], address: str) -> Admission:
        return await waiting

    assert isinstance(http.hall, LoginHall)
    monkeypatch.setattr(http.hall.authenticator, "admit", admit)
    visitors = [http.visit(), http.visit()]
    visitors[0].send(request("POST", "/say", ALICE, body=b"x"))
    visitors[1].send(request("GET", "/events", ALICE))
    for visitor in visitors:
        visitor.lose()
    waiting.callback(Admission("alice"))
    http.hall.turn()
    assert http.hall.room.log.lines == 0
    assert len(http.hall.connections) == 0
