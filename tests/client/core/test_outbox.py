"""Each message once, in order, and each line said once: across reconnects."""

from typing import Any

import pytest

from broadcast.client import events as ev
from broadcast.client.core.outbox import MAX_LINES, WINDOW_LINES
from broadcast.client.errors import OutboxFullError
from tests.support.client.scripted_session import ScriptedSession


def test_lines_are_said_under_tokens_and_settled_by_acks() -> None:
    """Each line goes as ``/say TOKEN TEXT``, and is gone when its token is answered."""
    script = ScriptedSession()
    script.live()
    script.session.say("one")
    script.session.say("/two")
    assert script.sent() == ["/say t-1 one", "/say t-2 /two"]
    assert len(script.session.outbox) == 2
    assert script.hear("ack", token="t-1", id=6) == [ev.Ack("t-1", 6)]
    refused = script.hear("error", code="muted", command="say", text="no", token="t-2")
    assert isinstance(refused[0], ev.Problem)
    assert len(script.session.outbox) == 0


def test_slowed_is_no_refusal() -> None:
    """A line that the server slows down for is still on its way."""
    script = ScriptedSession()
    script.live()
    script.session.say("one")
    script.hear("error", code="slowed", command="say", text="slower", token="t-1")
    assert len(script.session.outbox) == 1


def test_unanswered_lines_go_again_under_their_old_tokens() -> None:
    """After a reconnect without a hole: first the unanswered, then what was typed."""
    script = ScriptedSession()
    script.live()
    script.session.say("one")
    script.session.say("two")
    script.sent()
    script.hear("ack", token="t-1", id=6)
    script.session.disconnected()
    script.session.say("typed while away")
    script.reconnect(0)
    assert script.sent() == ["/say t-2 two", "/say t-3 typed while away"]


@pytest.mark.parametrize(
    ("missing", "welcome"),
    [
        (None, {}),
        (0, {"name": "guest-2"}),
        (0, {"epoch": "f"}),
        (0, {"id": 20_000}),
    ],
)
def test_where_the_server_forgot_a_person_decides(
    missing: int | None, welcome: dict[str, Any]
) -> None:
    """Lines that the server may have forgotten are not sent again by themselves."""
    script = ScriptedSession()
    script.live()
    script.session.say("said or not")
    script.sent()
    script.session.say("never sent")
    script.session.disconnected()
    events = script.reconnect(missing, **welcome)
    assert events[-1] == ev.Doubtful(("said or not",))
    assert script.sent() == ["/say t-2 never sent"]
    assert script.session.outbox.doubtful == ("said or not",)
    assert script.session.outbox.resend_doubtful() == 1
    assert script.sent() == ["/say t-1 said or not"]
    script.hear("ack", token="t-1", id=7)
    assert script.session.outbox.drop_doubtful() == 0


def test_missing_lines_are_no_doubt() -> None:
    """Lines that are too old to be had take no token with them, in the same log."""
    script = ScriptedSession()
    script.live()
    script.session.say("one")
    script.sent()
    assert script.reconnect(3, id=9)[-1] == ev.Replayed("e:5")
    assert script.sent() == ["/say t-1 one"]


def test_a_second_crash_leaves_the_first_ones_doubt() -> None:
    """A line of an earlier log is in doubt, though the log now is asked twice."""
    script = ScriptedSession()
    script.live()
    script.session.say("one")
    script.sent()
    script.session.disconnected()
    script.connect()
    script.welcome(epoch="f", id=0)
    assert script.reconnect(0, epoch="f", id=0)[-1] == ev.Doubtful(("one",))


def test_after_a_goodbye_nothing_is_sent() -> None:
    """A server that is going reads no more: lines wait for the next connection."""
    script = ScriptedSession()
    script.live()
    script.hear("bye", code="shutdown", text="", reconnect=True)
    script.session.say("one")
    assert script.sent() == []
    script.reconnect(0)
    assert script.sent() == ["/say t-1 one"]


def test_guests_cannot_be_sure() -> None:
    """Without a name of ours there is no key, and the server forgets the tokens."""
    script = ScriptedSession(name=None)
    script.connect()
    script.welcome(name="guest-1")
    script.session.say("x")
    script.sent()
    assert script.reconnect(0, name="guest-1")[-1] == ev.Doubtful(("x",))


def test_too_long_is_found_here() -> None:
    """A line over the server's limit is given back, since the server would drop it."""
    script = ScriptedSession()
    script.live()
    script.session.say("x" * 100)
    script.session.say("fits")
    assert script.sent() == ["/say t-2 fits"]
    (problem,) = script.session.take_events()
    assert isinstance(problem, ev.Problem)
    assert (problem.code, problem.token) == ("too-long", "t-1")
    assert len(script.session.outbox) == 1


def test_window_and_bound() -> None:
    """At most a window is unanswered; at most ``MAX_LINES`` wait, then it is told."""
    script = ScriptedSession()
    script.live()
    for _ in range(MAX_LINES):
        script.session.say("x")
    with pytest.raises(OutboxFullError):
        script.session.say("x")
    with pytest.raises(OutboxFullError):
        script.session.outbox.check(["y" * 5_000_000])
    with pytest.raises(OutboxFullError, match="more than 10000 lines"):
        ScriptedSession().session.outbox.check(["y"] * 10_001)
    assert not script.session.outbox.has_room
    assert len(script.sent()) == WINDOW_LINES
    assert script.sent() == []
    script.hear("ack", token="t-1", id=6)
    assert len(script.sent()) == 1
