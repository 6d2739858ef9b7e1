"""Each message once, in order, across reconnects."""

from broadcast.client import events as ev
from broadcast.client.core.session import State
from broadcast.client.events import Position
from tests.support.client.wiretap import AT, Talk, ids


def test_each_message_once_in_order_across_a_reconnect() -> None:
    """Live lines that overtake the replay wait for it; nothing comes twice."""
    talk = Talk()
    talk.live()
    assert ids(talk.message(6) + talk.message(7)) == [6, 7]
    talk.session.disconnected()
    assert talk.state() is State.AWAY
    assert "/since e:7" in talk.connect()
    talk.welcome(id=9)
    assert talk.state() is State.REPLAYING
    assert talk.message(10, "live, too early") == []
    joined = talk.hear("join", at=AT, name="zoe", count=3)
    assert joined == []
    talk.hear("replay", count=3, missing=0)
    seen = [talk.message(n, replayed=True) for n in (7, 8, 9)]
    assert [ids(events) for events in seen] == [[], [8], [9]]
    rest = talk.hear("replayed", position="e:9")
    assert ids(rest) == [10]
    assert isinstance(rest[-1], ev.Joined)
    assert talk.state() is State.LIVE
    assert talk.session.position == Position("e", 10)


def test_a_hole_keeps_the_live_lines_that_came() -> None:
    """Where the server's history is too short, held lines fill what they can."""
    talk = Talk()
    talk.live()
    talk.session.disconnected()
    talk.connect()
    talk.welcome(id=50)
    for number in (51, 52, 53):
        talk.message(number)
    replay = talk.hear("replay", count=2, missing=46)
    assert replay == [ev.Replay(2, 46)]
    assert ids(talk.message(53, replayed=True)) == [51, 52, 53]
    assert ids(talk.message(54, replayed=True)) == [54]
    talk.hear("replayed", position="e:54")
    assert talk.session.position == Position("e", 54)


def test_history_by_hand_is_shown_though_seen() -> None:
    """`/history` typed by a person shows lines again; the position stays."""
    talk = Talk()
    talk.live()
    talk.message(6)
    talk.session.command("/history 1")
    talk.hear("replay", count=1, missing=0)
    assert ids(talk.message(6, replayed=True)) == [6]
    talk.hear("replayed", position="e:6")
    assert ids(talk.message(6)) == []
    assert ids(talk.message(7)) == [7]


def test_another_epoch_is_another_log() -> None:
    """After a server began anew, its ids are all new; what is missing is not known."""
    talk = Talk()
    talk.live()
    talk.message(6)
    talk.session.disconnected()
    talk.connect()
    talk.welcome(epoch="f", id=2)
    assert talk.hear("replay", count=2, missing=None) == [ev.Replay(2, None)]
    assert ids(talk.message(1, replayed=True) + talk.message(2, replayed=True)) == [
        1,
        2,
    ]
    talk.hear("replayed", position="f:2")
    assert talk.session.position == Position("f", 2)


def test_first_history_interrupted_is_asked_again() -> None:
    """Without one line seen there is no position to go on from."""
    talk = Talk(history=3)
    talk.connect()
    talk.welcome()
    talk.session.disconnected()
    assert talk.session.position is None
    assert "/history 3" in talk.connect()
    talk.welcome()
    talk.hear("replay", count=2, missing=0)
    talk.message(4, replayed=True)
    talk.session.disconnected()
    assert "/since e:4" in talk.connect()


def test_refused_history_is_not_waited_for() -> None:
    """An error for the replay lets live lines through."""
    talk = Talk(history=3)
    talk.connect()
    talk.welcome()
    talk.message(6)
    problem = talk.hear("error", code="bad-argument", command="/history", text="no")
    assert isinstance(problem[0], ev.Problem)
    assert ids(problem) == [6]
    assert talk.state() is State.LIVE
