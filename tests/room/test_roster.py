"""How many may be here, in all and from one host."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from broadcast.protocol import names
from broadcast.protocol.events import Bye
from broadcast.room.roster import (
    HOLD,
    MAX_HELD,
    MAX_NUMBERED,
    HeldNames,
    NameRefusedError,
    Roster,
)
from tests.support.hall import Guest, Hall


def test_a_full_room_says_so() -> None:
    """One too many is told why, in its dialect, and the others stay."""
    hall = Hall(max_members=2)
    for name in ("alice", "bob"):
        hall.join(f"/name {name}")
    late = hall.join("/format json", "/name carol")
    bye = json.loads(late.lines()[-1])
    assert (bye["event"], bye["code"], bye["reconnect"]) == ("bye", "full", True)
    assert len(hall.room.subscriptions) == 2


def test_who_leaves_makes_room() -> None:
    """After one has left, another may come."""
    hall = Hall(max_members=1)
    hall.join("/name alice").send("/quit")
    hall.turn()
    assert "You are bob" in hall.join("/name bob").lines()[-1]


def test_one_host_is_not_everybody() -> None:
    """--max-per-host turns away the host, by its address without the port."""
    from broadcast.room.roster import Occupancy

    occupancy = Occupancy(10, 1)
    occupancy.came("192.0.2.1:5000")
    refused = occupancy.refuse("192.0.2.1:5001")
    assert refused is not None
    assert refused.code == "full"
    assert occupancy.refuse("192.0.2.2:5000") is None
    occupancy.went("192.0.2.1:5000")
    assert occupancy.refuse("192.0.2.1:5001") is None


def test_nobody_joins_a_room_that_is_closed() -> None:
    """Who comes while the daemon stops is told so in its dialect; nobody hears it."""
    hall = Hall()
    hall.join("/name alice").take()
    hall.connections.stop(Bye("shutdown", "The server has shut down"))
    late = hall.join("/format json", "/name bob", "hello")
    (bye,) = map(json.loads, late.lines())
    assert (bye["event"], bye["code"], bye["reconnect"]) == ("bye", "shutdown", True)
    assert hall.join("hello").lines() == ["* The server has shut down"]
    assert [each.member.name for each in hall.room.subscriptions.values()] == ["alice"]
    assert hall.room.log.total == 0


def test_a_name_waits_its_time() -> None:
    """Held again it waits anew; dropped it is free."""
    clock = Clock()
    names = HeldNames(clock)
    names.hold("alice", "one", "h")
    clock.advance(HOLD - 1)
    names.hold("alice", "two", "h")
    names.hold("bob", "three", "h")
    names.drop("bob")
    clock.advance(HOLD - 1)
    assert names.key_of("alice") == "two"
    assert names.key_of("bob") is None
    clock.advance(1)
    assert names.key_of("alice") is None


def test_nobody_pushes_out_another_hosts_name() -> None:
    """Who makes thousands loses its own, the oldest first."""
    names = HeldNames(Clock())
    names.hold("victim", "key", "192.0.2.1")
    for number in range(2 * MAX_HELD):
        names.hold(f"h{number}", "key", "192.0.2.2")
    assert names.key_of("victim") == "key"
    kept = [n for n in range(2 * MAX_HELD) if names.key_of(f"h{n}")]
    assert kept == list(range(MAX_HELD + 1, 2 * MAX_HELD))


def test_a_name_stays_its_owners_while_another_host_makes_thousands() -> None:
    """Taken with a key and lost, from an IPv6 /64 that counts as one host."""
    directory = Hall().directory
    victim = directory.new_member(("192.0.2.1", 1), False)
    directory.roster.take("victim", "sesame-open", victim)
    directory.roster.release(victim, hold=True)
    for number in range(MAX_HELD + 1):
        other = directory.new_member(f"[2001:db8::{number:x}]:1", False)
        directory.roster.take(f"h{number}", "sesame-shut", other)
        directory.roster.release(other, hold=True)
    thief = directory.new_member(("192.0.2.9", 1), False)
    with pytest.raises(NameRefusedError):
        directory.roster.check("victim", "sesame-shut", thief)
    assert directory.roster.check("h0", None, thief) is None


MOVES = st.tuples(
    st.sampled_from(["hold", "drop", "wait"]), st.integers(0, 11), st.integers(0, 3)
)


@given(st.lists(MOVES, max_size=60))
def test_the_greediest_pays(moves: list[tuple[str, int, int]]) -> None:
    """Never too many; who loses one has the most, and loses the oldest."""
    clock = Clock()
    names = HeldNames(clock, limit=5)
    model: dict[str, tuple[int, float]] = {}
    for what, number, host in moves:
        name = f"n{number}"
        if what == "wait":
            clock.advance(number * 10)
        else:
            names.drop(name)
            model.pop(name, None)
        is_there = {n for n in model if names.key_of(n)}
        assert is_there == {n for n, (_, end) in model.items() if end > clock.rightNow}
        model = {n: held_by for n, held_by in model.items() if n in is_there}
        if what != "hold":
            continue
        names.hold(name, "key", f"h{host}")
        model[name] = (host, clock.rightNow + HOLD)
        lost = [n for n in model if not names.key_of(n)]
        assert len(lost) == max(0, len(model) - 5)
        for loser in lost:
            having = [host for host, _ in model.values()]
            theirs = model[loser][0]
            assert having.count(theirs) == max(map(having.count, having))
            assert loser == next(n for n, (h, _) in model.items() if h == theirs)
            del model[loser]


def test_a_held_name_is_let_go() -> None:
    """120 seconds after its connection was lost anybody may have the name."""
    hall = Hall()
    hall.join("/name alice sesame-open").drop()
    bob = hall.join("/name bob")
    bob.take()
    hall.wait(HOLD - 2)
    bob.send("/name alice")
    assert bob.lines() == ["* error: the name alice is taken"]
    hall.wait(2)
    bob.send("/name alice")
    assert bob.lines() == ["* bob is now alice"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("/name sesame-open", "bad-name"),
        ("/name Sesame-OPEN", "bad-name"),
        ("/name ｓesame-open", "bad-name"),
        ("/name carol-carol carol-carol", "bad-name"),
        ("/name Carol-Carol carol-carol", "bad-name"),
        ("/name carol-carol sesame-open", None),
    ],
)
def test_a_key_is_no_name(line: str, code: str | None) -> None:
    """Nobody shows its key to everybody as its name, nor takes its name as a key."""
    hall = Hall()
    alice = hall.join("/format json", "/name alice sesame-open")
    alice.take()
    alice.send(line)
    hall.turn()
    answer = json.loads(alice.lines()[-1])
    assert answer.get("code") == code
    assert ("sesame" in str(answer)) is False


def test_a_key_is_no_name_in_the_introduction() -> None:
    """Whoever introduces itself by its key is a guest, and is told why."""
    hall = Hall()
    hall.join("/format json", "/name sesame-open sesame-open")
    assert [each.member.name for each in hall.room.subscriptions.values()] == [
        "guest-1"
    ]


def _answer(hall: Hall, client: Guest, line: str) -> str | None:
    """Return the code of the refusal of ``line``; None: it was not refused."""
    client.take()
    client.send(line)
    hall.turn()
    code = json.loads(client.lines()[-1]).get("code")
    assert code is None or isinstance(code, str)
    return code


def test_nobody_takes_a_name_that_looks_like_anothers() -> None:
    """In use, held or reserved: it can't be had in letters of another script."""
    hall = Hall()
    bob = hall.join("/format json", "/name bob sesame-open")
    eve = hall.join("/format json", "/name eve")
    for name in ("ВОВ", "аdmin", "Sегvеr", "httр"):
        assert _answer(hall, eve, f"/name {name}") == "name-taken"
    assert _answer(hall, eve, "/name еvе") is None  # her own, as another would see it
    assert _answer(hall, bob, "/name eve") == "name-taken"
    bob.drop()
    hall.turn()
    assert _answer(hall, eve, "/name ВОВ") == "name-taken"
    hall.wait(HOLD)
    assert _answer(hall, eve, "/name ВОВ") is None


def test_a_held_name_that_is_not_ascii_is_not_imitated_either() -> None:
    """It waits for its key, and so do its look-alikes; then all of them are free."""
    hall = Hall()
    bob = hall.join("/name Вова sesame-open")
    eve = hall.join("/format json", "/name eve")
    bob.drop()
    hall.turn()
    assert _answer(hall, eve, "/name Boвa") == "name-taken"
    hall.wait(HOLD)
    assert _answer(hall, eve, "/name Boвa") is None
    assert _answer(hall, eve, "/name eve") is None
    assert not hall.room.directory.roster._looks._looks


def test_within_one_script_nothing_changes() -> None:
    """``l`` and ``I``, ``0`` and ``O`` are other letters, and other names."""
    hall = Hall()
    for name in ("alice", "b0b"):
        hall.join(f"/name {name}")
    eve = hall.join("/format json", "/name eve")
    for name in ("aIice", "bOb", "boo"):
        assert _answer(hall, eve, f"/name {name}") is None


def test_a_mended_name_looks_like_no_other() -> None:
    """Whoever is never refused gets a number to its name."""
    hall = Hall()
    hall.join("/name bob")
    hall.join("CONNECT ВОВ")
    assert [s.member.name for s in hall.room.subscriptions.values()] == ["bob", "ВОВ-2"]


def test_many_held_names_expire_at_once() -> None:
    """However many there are, their look-alikes are free, and nothing is left over."""
    clock = Clock()
    roster = Roster(clock, lambda folded: False)
    members = []
    for number in range(3000):
        member = Hall().connect().protocol.session.member
        roster.take(f"вася{number}", "sesame-open", member)
        members.append(member)
    for member in members:
        roster.release(member, hold=True)
    assert len(roster._looks._looks) == 3000
    with pytest.raises(NameRefusedError, match="looks like another"):
        roster.check("вaся7", None, members[0])
    clock.advance(HOLD)
    assert roster.check("вaся7", None, members[0]) is None
    assert not roster._looks._looks


def test_an_account_is_not_imitated() -> None:
    """Names of ``--users`` are reserved in look-alike letters too."""
    roster = Roster(Clock(), lambda folded: False, lambda name: name == "аnn")
    member = Hall().join("/name eve").protocol.session.member
    with pytest.raises(NameRefusedError, match="looks like another"):
        roster.check("аnn", None, member)
    member.account = names.fold("аnn")
    assert roster.check("аnn", None, member) is None


class CountingRoster(Roster):
    """Counts how often a name is tried.

    Attributes:
        tries: so often.
    """

    tries = 0

    def _is_free(self, name: str) -> bool:
        self.tries += 1
        return super()._is_free(name)


def _strangers(roster: Roster, wanted: str, count: int) -> list[str]:
    """Let so many come who want a name and are never refused; return their names."""
    found = []
    for _ in range(count):
        member = Hall().connect().protocol.session.member
        roster.take_mended(wanted, member)
        found.append(member.name)
    return found


def test_a_crowd_of_one_name_is_named_quickly() -> None:
    """Of many who want one name each gets a number, in two tries, not in thousands."""
    roster = CountingRoster(Clock(), lambda folded: False)
    crowd = _strangers(roster, "a", 1000)
    assert crowd == ["a", *(f"a-{number}" for number in range(2, 1001))]
    assert roster.tries == 1 + 2 * 999


def test_numbers_are_forgotten() -> None:
    """When the name itself is free again, numbers begin anew; few are remembered."""
    roster = CountingRoster(Clock(), lambda folded: False)
    assert _strangers(roster, "A", 3) == ["A", "A-2", "A-3"]
    for name in ("A", "A-2"):
        member = roster.find(name)
        assert member is not None
        roster.release(member)
    assert _strangers(roster, "a", 2) == ["a", "a-2"]
    for number in range(MAX_NUMBERED + 10):
        _strangers(roster, f"b{number}", 2)
    assert len(roster._numbers) == MAX_NUMBERED
    assert _strangers(roster, "a", 1) == ["a-4"]


def test_guests_are_numbered_quickly() -> None:
    """A number that somebody has taken is tried once, not by each guest."""
    roster = CountingRoster(Clock(), lambda folded: False)
    _strangers(roster, "guest-1", 1)
    for _ in range(100):
        roster.take_guest(Hall().connect().protocol.session.member)
    assert roster.find("guest-101") is not None
    assert roster.tries == 1 + 101
