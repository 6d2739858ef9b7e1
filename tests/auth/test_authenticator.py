"""The rate limit stops guesses, and no other logins."""

import json

from twisted.cred.credentials import IUsernamePassword
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from broadcast.auth.authenticator import Authenticator, Refusal
from broadcast.auth.checkers import BusyError
from broadcast.base.work import Work
from hostile.rooms import Failures
from tests.support.hall import SECRET, LoginHall


def test_three_wrong_tries_end_it(login_hall: LoginHall) -> None:
    """Two are told, with the third the connection is closed; no secret is shown."""
    guest = login_hall.arrive("/format json")
    guest.take()
    guest.send("/login wrong-one", "/login wrong-two")
    login_hall.turn(6)
    codes = [json.loads(line)["code"] for line in guest.lines()]
    assert codes == ["login-failed", "login-failed"]
    guest.send("/login wrong-three", f"/login {SECRET}")
    login_hall.turn(6)
    data = guest.take()
    bye = json.loads(data)
    assert (bye["event"], bye["code"]) == ("bye", "login-failed")
    assert bye["reconnect"] is False
    assert b"wrong-three" not in data


def test_a_name_is_throttled_and_the_class_is_not(login_hall: LoginHall) -> None:
    """Three wrong tries a minute for a name; others at that address still get in."""
    for _ in range(3):
        login_hall.arrive("/login alice wrong")
    guest = login_hall.arrive("/format json", "/login alice alices-own")
    assert json.loads(guest.lines()[0])["code"] == "login-throttled"
    assert "You are Bob" in login_hall.join("/login Bob bobs-own-1").lines()[0]
    login_hall.clock.advance(60)
    late = login_hall.join("/login alice alices-own")
    assert "You are alice" in late.lines()[0]


def test_a_host_is_throttled(login_hall: LoginHall) -> None:
    """Thirty wrong tries a minute from one address, whatever the names."""
    for number in range(30):
        login_hall.arrive(f"/login nobody-{number} wrong")
    guest = login_hall.arrive("/format json", "/login alice alices-own")
    assert json.loads(guest.lines()[0])["code"] == "login-throttled"
    assert login_hall.authenticator.refused == {
        "login-failed": 30,
        "login-throttled": 1,
    }


def test_right_tries_are_not_counted(login_hall: LoginHall) -> None:
    """A class of fifty behind one address gets in at once."""
    for _ in range(50):
        assert "You are" in login_hall.join(f"/login {SECRET}").lines()[0]
    assert len(login_hall.authenticator.throttle) == 0


class Checker:
    """Takes every name and password, and raises."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, error: Exception) -> None:
        self.error = error

    def requestAvatarId(self, credentials: object) -> bytes:
        raise self.error


def _try(error: Exception) -> tuple[Authenticator, object]:
    clock = Clock()
    authenticator = Authenticator([Checker(error)], Work(clock))
    results: list[object] = []
    coroutine = authenticator.admit(["alice", "password"], "192.0.2.1:1")
    Deferred.fromCoroutine(coroutine).addCallback(results.append)
    return authenticator, results[0]


def test_a_busy_daemon_counts_no_try() -> None:
    """A login that could not be checked doesn't count as an attempt."""
    authenticator, result = _try(BusyError())
    assert isinstance(result, Refusal)
    assert result.code == "login-throttled"
    assert len(authenticator.throttle) == 0


def test_a_broken_checker_opens_nothing() -> None:
    """If a checker fails, that is logged, and nobody gets in."""
    with Failures() as failures:
        _, result = _try(ValueError("broken"))
    assert isinstance(result, Refusal)
    assert result.code == "login-failed"
    assert len(failures.found) == 1
