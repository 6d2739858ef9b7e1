"""How many may be here, in all and from one host."""

import json

from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from tests.support.hall import Hall


def test_a_full_room_says_so() -> None:
    """One too many is told why, in its dialect, and the others stay."""
    hall = Hall(RoomSettings(max_members=2))
    for name in ("alice", "bob"):
        hall.join(f"/name {name}")
    late = hall.join("/format json", "/name carol")
    bye = json.loads(late.lines()[-1])
    assert (bye["event"], bye["code"], bye["reconnect"]) == ("bye", "full", True)
    assert len(hall.room.members) == 2


def test_who_leaves_makes_room() -> None:
    """After one has left, another may come."""
    hall = Hall(RoomSettings(max_members=1))
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
    assert [member.name for member in hall.room.members.values()] == ["alice"]
    assert hall.room.log.total == 0
