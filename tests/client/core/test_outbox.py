"""Each message once, in order, and each line said once: across reconnects."""

import pytest

from broadcast.client import events as ev
from broadcast.client.core.outbox import MAX_LINES, WINDOW_LINES
from broadcast.client.errors import OutboxFullError
from tests.support.client.wiretap import Talk


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
