"""Each message once, in order, across reconnects."""

from broadcast.client import events as ev
from broadcast.client.core.session import State
from broadcast.client.events import Position
from tests.support.client.scripted_session import AT, ScriptedSession, ids


def test_each_message_once_in_order_across_a_reconnect() -> None:
    """Live lines that overtake the replay wait for it; nothing comes twice."""
    script = ScriptedSession()
    script.live()
    assert ids(script.message(6) + script.message(7)) == [6, 7]
    script.session.disconnected()
    assert script.state() is State.AWAY
    assert "/since e:7" in script.connect()
    script.welcome(id=9)
    assert script.state() is State.REPLAYING
    assert script.message(10, "live, too early") == []
    joined = script.hear("join", at=AT, name="zoe", count=3)
    assert joined == []
    script.hear("replay", count=3, missing=0)
    seen = [script.message(n, replayed=True) for n in (7, 8, 9)]
    assert [ids(events) for events in seen] == [[], [8], [9]]
    rest = script.hear("replayed", position="e:9")
    assert ids(rest) == [10]
    assert isinstance(rest[-1], ev.Joined)
    assert script.state() is State.LIVE
    assert script.session.position == Position("e", 10)


def test_a_hole_keeps_the_live_lines_that_came() -> None:
    """Where the server's history is too short, held lines fill what they can."""
    script = ScriptedSession()
    script.live()
    script.session.disconnected()
    script.connect()
    script.welcome(id=50)
    for number in (51, 52, 53):
        script.message(number)
    replay = script.hear("replay", count=2, missing=46)
    assert replay == [ev.Replay(2, 46)]
    assert ids(script.message(53, replayed=True)) == [51, 52, 53]
    assert ids(script.message(54, replayed=True)) == [54]
    script.hear("replayed", position="e:54")
    assert script.session.position == Position("e", 54)


def test_history_by_hand_is_shown_though_seen() -> None:
    """``/history`` typed by a person shows lines again; the position stays."""
    script = ScriptedSession()
    script.live()
    script.message(6)
    script.session.command("/history 1")
    script.hear("replay", count=1, missing=0)
    assert ids(script.message(6, replayed=True)) == [6]
    script.hear("replayed", position="e:6")
    assert ids(script.message(6)) == []
    assert ids(script.message(7)) == [7]


def test_another_epoch_is_another_log() -> None:
    """After a server began anew, its ids are all new; what is missing is not known."""
    script = ScriptedSession()
    script.live()
    script.message(6)
    script.session.disconnected()
    script.connect()
    script.welcome(epoch="f", id=2)
    assert script.hear("replay", count=2, missing=None) == [ev.Replay(2, None)]
    assert ids(script.message(1, replayed=True) + script.message(2, replayed=True)) == [
        1,
        2,
    ]
    script.hear("replayed", position="f:2")
    assert script.session.position == Position("f", 2)


def test_first_history_interrupted_is_asked_again() -> None:
    """Without one line seen there is no position to go on from."""
    script = ScriptedSession(history=3)
    script.connect()
    script.welcome()
    script.session.disconnected()
    assert script.session.position is None
    assert "/history 3" in script.connect()
    script.welcome()
    script.hear("replay", count=2, missing=0)
    script.message(4, replayed=True)
    script.session.disconnected()
    assert "/since e:4" in script.connect()


def test_refused_history_is_not_waited_for() -> None:
    """An error for the replay lets live lines through."""
    script = ScriptedSession(history=3)
    script.connect()
    script.welcome()
    script.message(6)
    problem = script.hear("error", code="bad-argument", command="/history", text="no")
    assert isinstance(problem[0], ev.Problem)
    assert ids(problem) == [6]
    assert script.state() is State.LIVE
