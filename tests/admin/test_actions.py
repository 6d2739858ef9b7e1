"""The actions of an admin on a room in memory, and their answers."""

import pytest

from broadcast.admin.actions import AdminActions, CommandRefusedError, spell
from broadcast.logstyle import LineFormat
from broadcast.store.mutes import MAX_MUTED
from tests.support.hall import Hall, LoginHall

NO_FILE = "kept until the daemon stops; give it --ban-file FILE"
HOST = "192.168.1.1"  # from where StringTransport says that it comes


def actions_on(hall: Hall) -> AdminActions:
    """Return the orders for the room of ``hall``, and for its connections."""
    return AdminActions(hall.room, hall.connections, LineFormat(), lambda: None)


def is_here(hall: Hall, *names: str) -> bool:
    """Tell whether exactly these are in the room."""
    return [each.member.name for each in hall.room.subscriptions.values()] == list(
        names
    )


def test_a_row_shows_who_is_here() -> None:
    """A connection that has not joined is no member, and has no row."""
    hall = Hall()
    alice = hall.join("/name Alice", "/format json")
    hall.join("/name bob")
    hall.connect()
    alice.protocol.session.member.silenced = "muted"
    rows = list(actions_on(hall).members())
    assert [row["name"] for row in rows] == ["Alice", "bob"]
    assert [row["address"] for row in rows] == [f"{HOST}:54321"] * 2
    assert [row["dialect"] for row in rows] == ["json", "text"]
    assert [row["silenced"] for row in rows] == ["muted", None]
    assert rows[0]["in"] is rows[0]["out"] is None  # no kernel counts them


def test_a_name_is_found_in_any_spelling() -> None:
    """A member is found by its folded name, before its join and after its leave not."""
    hall = Hall()
    actions = actions_on(hall)
    guest = hall.connect()
    guest.send("/name Straße sesame-open")
    with pytest.raises(
        CommandRefusedError, match=r"^nobody here is called Straße; see who$"
    ):
        actions.find("Straße")
    hall.wait(0.3)
    assert actions.find("STRASSE").name == "Straße"
    guest.drop()
    with pytest.raises(
        CommandRefusedError, match=r"^nobody here is called straße; see who$"
    ):
        actions.find("straße")  # though the name is held for its return


@pytest.mark.parametrize(
    ("whom", "closed", "left"),
    [
        ("ALICE", 1, ["bob"]),
        (HOST, 2, []),
        ("192.168.0.0/16", 2, []),
        ("192.168.1.2", 0, ["alice", "bob"]),
        ("carol", 0, ["alice", "bob"]),
    ],
)
def test_a_ban_closes_all_whom_it_concerns(
    whom: str, closed: int, left: list[str]
) -> None:
    """A name, a host or a network; the answer counts those who were closed."""
    hall = Hall()
    hall.join("/name alice")
    hall.join("/name bob")
    told = f"banned {whom} for 10m, {closed} closed"
    answer = {"text": told, "warning": NO_FILE}
    assert actions_on(hall).ban(whom, 600, "enough") == answer
    assert is_here(hall, *left)


def test_a_ban_of_an_account_closes_it_by_any_name(login_hall: LoginHall) -> None:
    """A member with alice's account is closed, whatever its name; others stay."""
    zed = login_hall.arrive("/name zed", "/login alice alices-own")
    login_hall.arrive("/name ann", "/login Bob bobs-own-1")
    login_hall.turn(6)
    zed.take()
    answer = actions_on(login_hall).ban("alice", None, "")
    assert answer["text"] == "banned alice for good, 1 closed"
    assert zed.lines() == ["* you are banned"]
    assert is_here(login_hall, "ann")


def test_one_mute_too_many_is_refused() -> None:
    """The order says how many there are already, and silences nobody."""
    hall = Hall()
    guest, actions = hall.join("/name alice"), actions_on(hall)
    for number in range(MAX_MUTED):
        hall.room.store.state.mutes.add(f"n{number}")
    with pytest.raises(
        CommandRefusedError, match=r"^10000 names are muted already; unmute one first$"
    ):
        actions.mute("alice")
    assert not guest.protocol.session.member.silenced


def test_an_unmute_gives_a_listener_no_voice() -> None:
    """A member silenced for another reason stays so, and is told nothing."""
    hall = Hall()
    actions = actions_on(hall)
    guest = hall.join("/name ear")
    member = guest.protocol.session.member
    member.silenced = "listen-only"
    guest.take()
    assert actions.mute("ear") == "muted ear"
    hall.turn()
    assert actions.unmute("ear") == "unmuted ear"
    hall.turn()
    assert member.silenced == "listen-only"
    assert guest.lines() == []


def test_the_figures_are_those_of_the_room() -> None:
    """Uptime begins with the orders; who has only connected is no member."""
    hall = Hall(log_size=1 << 20)
    actions = actions_on(hall)
    hall.join("/name alice").send("one", "two")
    actions.ban("x", None, "")
    hall.wait(59.4)
    hall.connect()
    actions.threshold.set("error")
    stats = actions.stats()
    assert stats.pop("processor_seconds")
    assert stats.pop("log_bytes")
    assert stats == {
        "members": 1,
        "connections": 2,
        "lines": 2,
        "log_limit": 1 << 20,
        "furthest_behind": 0,
        "too_slow": 0,
        "logins_refused": 0,
        "bans": 1,
        "muted": 0,
        "uptime": 60,
        "log_level": "error",
    }


@pytest.mark.parametrize(
    ("seconds", "spelt"),
    [
        *((1, "1s"), (61, "61s"), (60, "1m"), (5400, "90m"), (3600, "1h")),
        *((86400, "1d"), (90000, "25h"), (36500 * 86400, "36500d"), (0.5, "0.5s")),
        (1_000_000_007, "1000000007s"),
    ],
)
def test_a_time_is_spelt_as_it_may_be_ordered(seconds: float, spelt: str) -> None:
    """The greatest unit that leaves a whole number is taken."""
    assert spell(seconds) == spelt
