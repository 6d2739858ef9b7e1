"""Names: which are good, whose they are, and keys that take them back."""

import pytest

from tests.support.room import Room


def _refusal(room: Room, name: str) -> str:
    """Return the error code for ``/name NAME``, "" if it was taken."""
    client = room.join_json("asker")
    client.send(f"/name {name}", "/ping end")
    events = client.events_until("pong", token="end")
    errors = [event["code"] for event in events if event["event"] == "error"]
    renames = [event["to"] for event in events if event["event"] == "rename"]
    assert len(errors) + len(renames) == 1
    client.close()
    return str(errors[0]) if errors else ""


@pytest.mark.parametrize(
    "name", ["a", "7", "x" * 32, "a_b-c.d", "Ünïcödé", "漢字", "नमस्ते", "ﬁsh", "e\u0301"]
)
def test_good_names(room: Room, name: str) -> None:
    """Letters and digits of any script, marks, and _ - . after the first."""
    assert _refusal(room, name) == ""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x" * 33, "bad-name"),
        ("-a", "bad-name"),
        (".a", "bad-name"),
        ("\u0301a", "bad-name"),
        ("a" + "\u0335" * 4, "bad-name"),
        ("a*b", "bad-name"),
        ("a:b", "bad-name"),
        ("😀", "bad-name"),
        ("a\u200bb", "bad-name"),
        ("a\u202eb", "bad-name"),
        ("a\ufe0f", "bad-name"),
        ("\u1160", "bad-name"),
        ("server", "name-taken"),
        ("ADMIN", "name-taken"),
        ("ａｄｍｉｎ", "name-taken"),
        ("HTTP", "name-taken"),
        ("goodkey12 goodkey12", "bad-name"),
        ("", "bad-argument"),
        ("a short", "bad-argument"),
        ("a goodkey12 more", "bad-argument"),
        ("a " + "k" * 65, "bad-argument"),
    ],
)
def test_refused_names(room: Room, name: str, code: str) -> None:
    """A name that is bad, reserved or no name at all is an error."""
    assert _refusal(room, name) == code


def test_names_are_unique_by_their_fold(room: Room) -> None:
    """Case and compatibility forms don't make another name; the old one stays."""
    room.join("Straße")
    bob = room.join("bob")
    for same in ("STRASSE", "straße", "ｓｔｒａｓｓｅ"):
        assert bob.since_ping(f"/name {same}")[-1].startswith("* error: ")
    assert bob.since_ping("/who b") == ["* 2 here: bob"]


def test_a_name_is_given_in_its_one_true_form(room: Room) -> None:
    """NFKC comes first: the ligature is two letters."""
    client = room.join_json("asker")
    client.send("/name ﬁsh")
    assert client.await_event("rename")["to"] == "fish"


def test_a_name_can_be_changed_in_case(room: Room) -> None:
    """One's own name in another case is not taken."""
    client = room.join("bob")
    assert client.since_ping("/nick BOB") == ["* bob is now BOB"]


def test_others_are_told_of_a_new_name(own_room: Room) -> None:
    """A rename is told to all with the old and the new name, and to oneself once."""
    alice, bob, carol = (own_room.join(name) for name in ("alice", "bob", "carol"))
    json = own_room.join_json("dave")
    alice.until("dave joined")
    bob.until("dave joined")
    assert alice.since_ping("/name eve", "hi") == ["* alice is now eve"]
    assert bob.since_ping() == ["* alice is now eve", "eve: hi"]
    rename = json.await_event("rename")
    assert (rename["name"], rename["to"], rename["count"]) == ("alice", "eve", 4)
    carol.close()


def test_who_gives_no_name_is_a_guest(room: Room) -> None:
    """Guests are guest-N, each N once."""
    first, second = room.connect(), room.connect()
    names = [client.since_ping("/who")[-2].split()[3] for client in (first, second)]
    assert all(name.startswith("guest-") for name in names)
    assert names[0] != names[1]


def test_a_taken_name_in_the_introduction(room: Room) -> None:
    """The error comes after the greeting, which says the name one has instead."""
    room.join("alice")
    other = room.connect()
    other.send("/format json", "/name alice", "/ping end")
    events = other.events_until("pong", token="end")
    assert [event["event"] for event in events] == ["welcome", "error", "pong"]
    assert events[0]["name"].startswith("guest-")
    assert (events[1]["code"], events[1]["command"]) == ("name-taken", "name")


def test_a_key_takes_the_name_back(room: Room) -> None:
    """Who comes with the same name and key replaces the older connection."""
    old = room.join_json("alice", "sesame-open")
    new = room.join("alice", "sesame-open")
    bye = old.await_event("bye")
    assert (bye["code"], bye["reconnect"]) == ("replaced", False)
    assert old.rest() == b""
    assert new.since_ping("/who al") == ["* 1 here: alice"]


def test_another_key_does_not(room: Room) -> None:
    """With another key, or none, a name in use is taken."""
    room.join("alice", "sesame-open")
    bob = room.join("bob")
    assert "taken" in bob.since_ping("/name alice wrong-key")[0]
    assert "taken" in bob.since_ping("/name alice")[0]


@pytest.mark.parametrize("how", ["close", "reset", "half_close"])
def test_a_lost_keyed_name_is_held(room: Room, how: str) -> None:
    """A keyed name whose connection ended, in whatever way, waits for its key."""
    if how == "half_close" and not room.face.half_closes:
        pytest.skip("no half-close here")
    if how == "reset" and not room.face.resets:
        pytest.skip("no reset here")
    name = f"held-{how}"
    alice, bob = room.join(name, "sesame-open"), room.join("bob")
    getattr(alice, how)()
    while name in bob.since_ping("/who held")[-1]:
        pass
    assert "taken" in bob.since_ping(f"/name {name}")[0]
    room.join(name, "sesame-open")


def test_a_keyed_name_given_up_is_free(room: Room) -> None:
    """After /quit, or under a new name, the old one can be had by anybody."""
    alice, bob = room.join("alice", "sesame-open"), room.join("bob")
    alice.since_ping("/name carol sesame-open")
    assert bob.since_ping("/name alice") == ["* bob is now alice"]
    alice.send("/quit")
    alice.rest()
    assert bob.since_ping("/name carol") == ["* alice is now carol"]


def test_a_key_is_never_shown(room: Room) -> None:
    """No answer, and nothing in the log, tells a key."""
    alice = room.join("alice", "sesame-open")
    told = alice.since_ping(
        "/name keyed sesame-shut", "/who", "/name server sesame-1234"
    )
    assert "sesame" not in "".join(told)
    assert "sesame" not in "".join(room.daemon.out.lines)
