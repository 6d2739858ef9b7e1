"""Each message once, in order, and each line said once: across reconnects."""

import pytest

from broadcast.client import events as ev
from broadcast.client.core.outbox import MAX_LINES, WINDOW_LINES
from broadcast.client.core.session import State
from broadcast.client.errors import OutboxFullError
from broadcast.client.events import Position
from tests.client.wiretap import AT, Talk, ids


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


def test_lines_are_said_under_tokens_and_settled_by_acks() -> None:
    """Each line goes as `/say TOKEN TEXT`, and is gone when its token is answered."""
    talk = Talk()
    talk.live()
    talk.session.say("one")
    talk.session.say("/two")
    assert talk.sent() == ["/say t-1 one", "/say t-2 /two"]
    assert len(talk.session.outbox) == 2
    assert talk.hear("ack", token="t-1", id=6) == [ev.Ack("t-1", 6)]
    refused = talk.hear("error", code="muted", command="say", text="no", token="t-2")
    assert isinstance(refused[0], ev.Problem)
    assert len(talk.session.outbox) == 0


def test_slowed_is_no_refusal() -> None:
    """A line that the server slows down for is still on its way."""
    talk = Talk()
    talk.live()
    talk.session.say("one")
    talk.hear("error", code="slowed", command="say", text="slower", token="t-1")
    assert len(talk.session.outbox) == 1


def test_unanswered_lines_go_again_under_their_old_tokens() -> None:
    """After a reconnect without a hole: first the unanswered, then what was typed."""
    talk = Talk()
    talk.live()
    talk.session.say("one")
    talk.session.say("two")
    talk.sent()
    talk.hear("ack", token="t-1", id=6)
    talk.session.disconnected()
    talk.session.say("typed while away")
    talk.reconnect(0)
    assert talk.sent() == ["/say t-2 two", "/say t-3 typed while away"]


@pytest.mark.parametrize(
    ("missing", "welcome"), [(3, {}), (None, {}), (0, {"name": "guest-2"})]
)
def test_after_a_hole_a_person_decides(
    missing: int | None, welcome: dict[str, str]
) -> None:
    """Lines that the server may have forgotten are not sent again by themselves."""
    talk = Talk()
    talk.live()
    talk.session.say("said or not")
    talk.sent()
    talk.session.say("never sent")
    talk.session.disconnected()
    events = talk.reconnect(missing, **welcome)
    assert events[-1] == ev.Doubtful(("said or not",))
    assert talk.sent() == ["/say t-2 never sent"]
    assert talk.session.outbox.doubtful == ("said or not",)
    assert talk.session.outbox.resend_doubtful() == 1
    assert talk.sent() == ["/say t-1 said or not"]
    talk.hear("ack", token="t-1", id=7)
    assert talk.session.outbox.drop_doubtful() == 0


def test_guests_cannot_be_sure() -> None:
    """Without a name of ours there is no key, and the server forgets the tokens."""
    talk = Talk(name=None)
    talk.connect()
    talk.welcome(name="guest-1")
    talk.session.say("x")
    talk.sent()
    assert talk.reconnect(0, name="guest-1")[-1] == ev.Doubtful(("x",))


def test_too_long_is_found_here() -> None:
    """A line over the server's limit is given back, since the server would drop it."""
    talk = Talk()
    talk.live()
    talk.session.say("x" * 100)
    talk.session.say("fits")
    assert talk.sent() == ["/say t-2 fits"]
    (problem,) = talk.session.take_events()
    assert isinstance(problem, ev.Problem)
    assert (problem.code, problem.token) == ("too-long", "t-1")
    assert len(talk.session.outbox) == 1


def test_window_and_bound() -> None:
    """At most a window is unanswered; at most `MAX_LINES` wait, then it is said so."""
    talk = Talk()
    talk.live()
    for _ in range(MAX_LINES):
        talk.session.say("x")
    with pytest.raises(OutboxFullError):
        talk.session.say("x")
    with pytest.raises(OutboxFullError):
        talk.session.outbox.check(["y" * 5_000_000])
    assert not talk.session.outbox.has_room
    assert len(talk.sent()) == WINDOW_LINES
    assert talk.sent() == []
    talk.hear("ack", token="t-1", id=6)
    assert len(talk.sent()) == 1
