"""Mutes: whom they are for, and that no name evades them."""

import pytest

from broadcast.admin.actions import AdminActions, CommandRefusedError
from broadcast.logstyle import LineFormat
from tests.support.hall import SECRET, Guest, LoginHall

ALICE = "/login alice alices-own"
MUTED = "* error: 1 line not said: you are muted"


@pytest.fixture
def actions(login_hall: LoginHall) -> AdminActions:
    return AdminActions(login_hall.room, [], LineFormat(), lambda: None)


def arrive(login_hall: LoginHall, *lines: str) -> Guest:
    """Return somebody who has logged in."""
    guest = login_hall.arrive(*lines)
    login_hall.turn(6)
    guest.take()
    return guest


def is_muted(guest: Guest) -> bool:
    """Tell whether a line of its own is refused."""
    guest.take()
    guest.send("hello")
    return guest.lines() == [MUTED]


def test_an_account_is_muted_by_any_name(
    login_hall: LoginHall, actions: AdminActions
) -> None:
    """Whether it is here or comes later, whatever it is called."""
    here = arrive(login_hall, "/name zed", ALICE)
    assert actions.mute("ALICE") == "muted zed"
    login_hall.turn()
    assert here.lines() == ["* you are muted"]
    assert is_muted(here)
    assert is_muted(arrive(login_hall, "/name other", ALICE))
    assert not is_muted(arrive(login_hall, "/name guest", f"/login {SECRET}"))


def test_a_name_left_behind_stays_muted(
    login_hall: LoginHall, actions: AdminActions
) -> None:
    """A muted member that renames itself and reconnects under the old name is muted."""
    actions.mute("rude")
    guest = arrive(login_hall, "/name rude", f"/login {SECRET}")
    guest.send("/name tmp")
    assert is_muted(guest)
    guest.drop()
    for name in ("rude", "tmp"):
        assert is_muted(arrive(login_hall, f"/name {name}", f"/login {SECRET}"))
    assert actions.stats()["muted"] == 1


def test_names_passed_through_are_not_muted(
    login_hall: LoginHall, actions: AdminActions
) -> None:
    """A muted member doesn't mute the names that it passes through."""
    actions.mute("rude")
    guest = arrive(login_hall, "/name rude", f"/login {SECRET}")
    guest.send("/name carol", "/name dave", "/name rude")
    guest.drop()
    for name in ("carol", "dave"):
        assert not is_muted(arrive(login_hall, f"/name {name}", f"/login {SECRET}"))


def test_passing_through_a_muted_name_frees_nobody(
    login_hall: LoginHall, actions: AdminActions
) -> None:
    """A name that another order has muted is muted after that too."""
    actions.mute("rude")
    actions.mute("loud")
    guest = arrive(login_hall, "/name rude", f"/login {SECRET}")
    guest.send("/name loud", "/name tmp")
    assert is_muted(guest)
    for name in ("rude", "loud"):
        assert is_muted(arrive(login_hall, f"/name {name}", f"/login {SECRET}"))


@pytest.mark.parametrize("name", ["alice", "zed", "tmp"])
def test_a_mute_is_taken_back_whole(
    login_hall: LoginHall, actions: AdminActions, name: str
) -> None:
    """By the account's name, or by what its owner is called: then it may speak."""
    actions.mute("alice")
    guest = arrive(login_hall, "/name zed", ALICE)
    if name == "tmp":
        guest.send("/name tmp")
    guest.take()
    actions.unmute(name)
    login_hall.turn()
    assert guest.lines() == ["* you may speak again"]
    guest.send("/name alice")
    assert not is_muted(guest)
    with pytest.raises(CommandRefusedError, match="is not muted"):
        actions.unmute("alice")


def test_unmuting_one_frees_no_other(
    login_hall: LoginHall, actions: AdminActions
) -> None:
    """A muted account stays muted when a name that it has used is unmuted."""
    actions.mute("alice")
    actions.mute("zed")
    guest = arrive(login_hall, "/name guest", ALICE)
    actions.unmute("zed")
    assert is_muted(guest)
