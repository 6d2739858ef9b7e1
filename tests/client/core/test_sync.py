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


def test_a_resume_goes_on_until_there_is_no_more() -> None:
    """A long absence is made good answer by answer; live lines wait for the last one,
    nothing is lost or doubled, and it looks like one replay."""
    script = ScriptedSession()
    script.live()
    script.message(6)
    script.session.disconnected()
    assert "/since e:6" in script.connect()
    script.welcome(id=10)
    assert script.hear("replay", count=2, missing=0) == [ev.Replay(2, 0)]
    assert ids(script.message(7, replayed=True) + script.message(8, replayed=True)) == [
        7,
        8,
    ]
    assert script.hear("replayed", position="e:8", first="e:7", more=True) == []
    assert script.sent() == ["/since e:8"]
    assert script.state() is State.REPLAYING
    assert script.message(11) == []
    assert script.hear("replay", count=3, missing=0) == []
    seen = [script.message(n, replayed=True) for n in (9, 10, 11)]
    assert [ids(events) for events in seen] == [[9], [10], [11]]
    (end,) = script.hear("replayed", position="e:11", first="e:9", more=False)
    assert end == ev.Replayed("e:11", "e:9")
    assert script.state() is State.LIVE
    assert script.sent() == []
    assert script.session.position == Position("e", 11)


def test_a_resume_that_is_interrupted_goes_on_from_where_it_was() -> None:
    """What has come of it is not asked for again."""
    script = ScriptedSession(since=Position("e", 1))
    assert "/since e:1" in script.connect()
    script.welcome(id=9)
    script.hear("replay", count=1, missing=0)
    script.message(2, replayed=True)
    script.hear("replayed", position="e:2", first="e:2", more=True)
    script.session.disconnected()
    assert "/since e:2" in script.connect()


def test_a_gap_within_a_long_resume_is_told() -> None:
    """Where lines are lost between two answers, that is told in its place, and what we
    said may have been said or not."""
    script = ScriptedSession(since=Position("e", 1))
    script.connect()
    script.welcome(id=9)
    script.hear("replay", count=1, missing=0)
    script.message(2, replayed=True)
    script.hear("replayed", position="e:2", first="e:2", more=True)
    assert script.hear("replay", count=1, missing=5) == [ev.Replay(1, 5)]
    script.message(8, replayed=True)
    script.hear("replayed", position="e:8", first="e:8", more=False)


def test_a_replay_by_hand_in_a_resume_loses_nothing() -> None:
    """What a person asks for meanwhile is shown; all that is missing still comes."""
    script = ScriptedSession(since=Position("e", 1))
    script.connect()
    script.welcome(id=9)
    script.session.command("/history 1")
    script.sent()
    script.hear("replay", count=1, missing=0)
    script.message(2, replayed=True)
    script.hear("replayed", position="e:2", first="e:2", more=True)
    assert script.sent() == ["/since e:2"]
    script.hear("replay", count=1, missing=0)
    assert ids(script.message(9, replayed=True)) == [9]
    script.hear("replayed", position="e:9", first="e:9", more=True)
    assert script.sent() == []
    script.hear("replay", count=7, missing=0)
    seen = [script.message(n, replayed=True) for n in range(3, 10)]
    assert [id for events in seen for id in ids(events)] == list(range(3, 10))
    script.hear("replayed", position="e:9", first="e:3", more=False)
    assert script.state() is State.LIVE


def test_the_first_history_does_not_go_on() -> None:
    """It is as many lines as were asked for: nobody wants the older ones."""
    script = ScriptedSession(history=1)
    script.connect()
    script.welcome()
    script.hear("replay", count=1, missing=0)
    script.message(5, replayed=True)
    script.hear("replayed", position="e:5", first="e:5", more=True)
    assert script.sent() == []
    assert script.state() is State.LIVE


def test_a_server_that_does_not_move_is_not_asked_for_ever() -> None:
    """More from the same position is no answer: and it ends."""
    script = ScriptedSession(since=Position("e", 4))
    script.connect()
    script.welcome(id=5)
    script.hear("replay", count=0, missing=0)
    script.hear("replayed", position="e:4", more=True)
    assert script.sent() == []
    assert script.state() is State.LIVE
