"""The room's rules that the model does not know: bounds, bursts, what is forgotten."""

from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from tests.support.hall import Hall


def test_nobody_is_told_of_its_own_leaving() -> None:
    """Neither who quits, nor who ends, nor who is dismissed."""
    hall = Hall()
    for how in ("quit", "end", "dismiss"):
        hall.wait(1)
        guest = hall.join(f"/name {how}")
        guest.take()
        if how == "quit":
            guest.send("/quit")
        elif how == "end":
            guest.end()
        else:
            hall.directory.close(guest.protocol.session.member, Bye("kicked", "out"))
            hall.turn()
        assert not any("left the chat" in line for line in guest.lines())
        assert not hall.room.subscriptions


def test_two_who_are_dismissed_in_one_turn() -> None:
    """Closing one while another's lines are on their way harms neither."""
    hall = Hall(RoomSettings())
    alice, bob, carol = (hall.join(f"/name {name}") for name in ("al", "bo", "ca"))
    for guest in (alice, bob, carol):
        guest.take()
    alice.protocol.dataReceived(b"one\n")
    hall.directory.close(bob.protocol.session.member, Bye("kicked", "out"))
    hall.directory.close(bob.protocol.session.member, Bye("kicked", "again"))
    alice.protocol.dataReceived(b"two\n")
    hall.turn()
    assert bob.lines() == ["* out"]
    assert carol.lines() == ["al: one", "* bo left the chat", "al: two"]
