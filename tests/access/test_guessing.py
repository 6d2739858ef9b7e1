"""Who guesses is stopped, and nobody else."""

import json

from tests.access.gates import SECRET, GatedHall


def test_three_wrong_tries_end_it(hall: GatedHall) -> None:
    """Two are told, with the third the connection is closed; no secret is shown."""
    guest = hall.arrive("/format json")
    guest.take()
    guest.send("/login wrong-one", "/login wrong-two")
    hall.turn(6)
    codes = [json.loads(line)["code"] for line in guest.lines()]
    assert codes == ["login-failed", "login-failed"]
    guest.send("/login wrong-three", f"/login {SECRET}")
    hall.turn(6)
    data = guest.take()
    bye = json.loads(data)
    assert (bye["event"], bye["code"]) == ("bye", "login-failed")
    assert bye["reconnect"] is False
    assert b"wrong-three" not in data


def test_a_name_is_throttled_and_the_class_is_not(hall: GatedHall) -> None:
    """Three wrong tries a minute for a name; others at that address still get in."""
    for _ in range(3):
        hall.arrive("/login alice wrong")
    guest = hall.arrive("/format json", "/login alice alices-own")
    assert json.loads(guest.lines()[0])["code"] == "login-throttled"
    assert "You are Bob" in hall.join("/login Bob bobs-own-1").lines()[0]
    hall.clock.advance(60)
    late = hall.join("/login alice alices-own")
    assert "You are alice" in late.lines()[0]


def test_a_host_is_throttled(hall: GatedHall) -> None:
    """Thirty wrong tries a minute from one address, whatever the names."""
    for number in range(30):
        hall.arrive(f"/login nobody-{number} wrong")
    guest = hall.arrive("/format json", "/login alice alices-own")
    assert json.loads(guest.lines()[0])["code"] == "login-throttled"
    assert hall.authenticator.refused == {"login-failed": 30, "login-throttled": 1}


def test_right_tries_are_not_counted(hall: GatedHall) -> None:
    """A class of fifty behind one address gets in at once."""
    for _ in range(50):
        assert "You are" in hall.join(f"/login {SECRET}").lines()[0]
    assert len(hall.authenticator.throttle) == 0
