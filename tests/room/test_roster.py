"""How many may be here, in all and from one host."""

import json

import pytest
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.protocol import names
from broadcast.protocol.events import Bye
from broadcast.room.member import Member, Peer
from broadcast.room.occupancy import Occupancy
from broadcast.room.roster import MAX_NUMBERED, NameRefusedError, Roster
from broadcast.store import names as store_names
from broadcast.store.claims import Claim, How
from broadcast.store.memory import MemoryStore
from broadcast.store.names import HOLD
from broadcast.store.outcomes import Outcome
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


def test_a_name_stays_its_owners_while_another_host_makes_thousands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken with a key and lost, from an IPv6 /64 that counts as one host."""
    monkeypatch.setattr(store_names, "MAX_HELD", 30)
    hall = Hall()

    def lose(name: str, key: str, peer: Peer) -> None:
        member = hall.directory.new_member(peer, False)
        _name(hall, member, hall.room.roster.wanted(name, key, member), key)
        hall.room.subscriptions[member.session_id] = hall.room.subscribe(member)
        hall.room.leave(member, "lost")

    lose("victim", "sesame-open", ("192.0.2.1", 1))
    for number in range(31):
        lose(f"h{number}", "sesame-shut", f"[2001:db8::{number:x}]:1")
    hall.turn()
    thief = hall.directory.new_member(("192.0.2.9", 1), False)
    with pytest.raises(NameRefusedError):
        hall.room.roster.wanted("victim", "sesame-shut", thief)
    with pytest.raises(NameRefusedError):
        hall.room.roster.wanted("h2", None, thief)
    assert hall.room.roster.wanted("h0", None, thief)


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
    assert not hall.room.store.state.names.looks.known


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
    hall = Hall()
    for number in range(300):
        hall.join(f"/name вася{number} sesame-open").drop()
    known = hall.room.store.state.names.looks.known
    assert len(known) == 300
    eve = hall.join("/format json", "/name eve")
    assert _answer(hall, eve, "/name вaся7") == "name-taken"
    hall.wait(HOLD)
    assert _answer(hall, eve, "/name вaся7") is None
    assert [*known] == ["вaся7"]


def test_an_account_is_not_imitated() -> None:
    """Names of ``--users`` are reserved in look-alike letters too."""
    store = MemoryStore()
    roster = Roster(store, lambda folded: False, lambda name: name == "аnn")
    member = Hall().join("/name eve").protocol.session.member
    with pytest.raises(NameRefusedError, match="looks like another"):
        roster.wanted("аnn", None, member)
    member.account = names.fold("аnn")
    assert roster.wanted("аnn", None, member).how is How.OWN


def test_two_claims_at_once() -> None:
    """The first one has the name; the other one is a guest, and is told why."""
    hall = Hall()
    one, other = hall.connect(), hall.connect()
    for guest in (one, other):
        guest.protocol.dataReceived(b"/name ann\n/format json\n/ping\n")
    hall.wait(0.3)
    welcomes = [json.loads(guest.lines()[0])["name"] for guest in (one, other)]
    assert welcomes == ["ann", "guest-1"]
    one.protocol.dataReceived(b"/name zoe\n")
    other.protocol.dataReceived(b"/name zoe\n")
    hall.turn()
    assert json.loads(one.lines()[-1])["event"] == "rename"
    assert json.loads(other.lines()[-1])["code"] == "name-taken"


def test_who_comes_back_twice_at_once_is_here_once() -> None:
    """Of two claims with the same key the later one has the name."""
    hall = Hall()
    one, other = hall.connect(), hall.connect()
    for guest in (one, other):
        guest.protocol.dataReceived(b"/name ann sesame-open\n/ping\n")
    hall.wait(0.3)
    assert "you came back in another connection" in one.take().decode()
    assert "You are ann, 1 here" in other.take().decode()
    assert hall.room.count == len(hall.room.subscriptions) == 1
    assert hall.directory.occupancy.count == 1


def test_a_name_that_is_given_up_can_be_had_at_once() -> None:
    """Whoever asks in the same turn, behind a leave or a rename, is not refused."""
    hall = Hall()
    ann, bob, eve = (hall.join(f"/name {name}") for name in ("ann", "bob", "eve"))
    eve.take()
    ann.protocol.dataReceived(b"/name zoe\n")
    eve.protocol.dataReceived(b"/name ann\n")
    hall.turn()
    assert eve.lines()[-1] == "* eve is now ann"
    bob.protocol.connectionLost(Failure(ConnectionLost()))
    eve.protocol.dataReceived(b"/name bob\n")
    hall.turn()
    assert eve.lines()[-1] == "* ann is now bob"


def test_who_goes_before_its_name_is_decided_leaves_nothing_behind() -> None:
    """Neither a seat nor a name, and nobody is told."""
    hall = Hall()
    ear = hall.join("/format json", "/name ear")
    for ending in ("drop", "end"):
        guest = hall.connect()
        ear.take()
        guest.protocol.dataReceived(b"/name ann\n/quit\n"[:10])
        hall.clock.advance(0.3)
        getattr(guest, ending)()
        hall.wait(1)
        assert hall.room.roster.find("ann") is None
        assert hall.room.count == hall.directory.occupancy.count == 1


def test_a_claim_that_was_not_committed_is_taken_back() -> None:
    """Who is closed in the turn in which it came was never here; the name is free."""
    hall = Hall()
    ear = hall.join("/format json", "/name ear")
    ear.take()
    guest, next_one = hall.connect(), hall.connect()
    guest.protocol.dataReceived(b"/name ann sesame-open\nhello\n")
    hall.directory.close(guest.protocol.session.member, Bye("kicked", "out"))
    next_one.protocol.dataReceived(b"/name ann\n/ping\n")
    hall.wait(0.3)
    assert "You are ann, 2 here" in next_one.take().decode()
    told = [json.loads(line) for line in ear.lines()]
    assert [(each["event"], each["name"]) for each in told] == [("join", "ann")]
    assert hall.room.count == hall.directory.occupancy.count == 2
    assert hall.room.claims.withdrawn == []


class Tries(list[str]):
    """The names that were tried: a policy is asked whether each is an account's."""

    def hall(self) -> Hall:
        """Return a room that asks."""
        return Hall(policy=Policy(Bans(lambda: 0.0), reserves=self._reserves))

    def _reserves(self, folded: str) -> bool:
        self.append(folded)
        return False


def _name(hall: Hall, member: Member, claim: Claim, key: str | None = None) -> None:
    """Have a claim decided, and its member called so."""

    def then(outcome: Outcome, at: float) -> None:
        assert outcome.holder is not None
        hall.room.roster.name(member, outcome.holder, key)

    hall.room.claim(member, claim, then)
    hall.turn()


def _strangers(hall: Hall, wanted: str, count: int) -> list[str]:
    """Let so many come who want a name and are never refused; return their names."""
    found = []
    for _ in range(count):
        member = hall.directory.new_member("unix", False)
        _name(hall, member, hall.room.roster.mended(wanted, member))
        found.append(member.name)
    return found


def test_a_crowd_of_one_name_is_named_quickly() -> None:
    """Of many who want one name each gets a number, in two tries, not in thousands."""
    tries = Tries()
    crowd = _strangers(tries.hall(), "a", 1000)
    assert crowd == ["a", *(f"a-{number}" for number in range(2, 1001))]
    assert len(tries) == 1 + 2 * 999


def test_a_crowd_that_comes_at_once_claims_different_names() -> None:
    """None of them has to claim a second time."""
    tries = Tries()
    hall = tries.hall()
    crowd = [hall.connect() for _ in range(50)]
    for guest in crowd:
        guest.protocol.dataReceived(b"CONNECT a\n")
    hall.turn()
    assert hall.room.count == 50
    assert len(tries) == 1 + 2 * 49


def test_numbers_are_forgotten() -> None:
    """When the name itself is free again, numbers begin anew; few are remembered."""
    tries = Tries()
    hall = tries.hall()
    assert _strangers(hall, "A", 3) == ["A", "A-2", "A-3"]
    for name in ("A", "A-2"):
        member = hall.room.roster.find(name)
        assert member is not None
        hall.room.leave(member, "quit")
    hall.turn()
    assert _strangers(hall, "a", 2) == ["a", "a-2"]
    for number in range(MAX_NUMBERED + 10):
        _strangers(hall, f"b{number}", 2)
    tries.clear()
    assert _strangers(hall, f"b{number}", 1) == [f"b{number}-3"]
    assert tries == [f"b{number}", f"b{number}-3"]
    tries.clear()
    assert _strangers(hall, "a", 1) == ["a-4"]
    assert tries == ["a", "a-2", "a-3", "a-4"]


def test_guests_are_numbered_by_the_log() -> None:
    """A number that somebody has taken is left out."""
    hall = Hall()
    hall.join("/name guest-1")
    found = []
    for _ in range(3):
        member = hall.directory.new_member("unix", False)
        _name(hall, member, hall.room.roster.guest(member))
        found.append(member.name)
    assert found == ["guest-2", "guest-3", "guest-4"]
