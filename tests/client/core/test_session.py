"""The session without a connection: what it sends, what it makes of what it hears."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.client import events as ev
from broadcast.client.core.decode import MAX_LINE
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import Session, State
from broadcast.client.core.sync import MAX_HELD
from broadcast.client.errors import BrokenServerError
from broadcast.client.events import Position
from tests.support.client.scripted_session import AT, ScriptedSession, ids


def test_introduction_is_one_write() -> None:
    """Format, name with key, and a question that ends the introduction at once."""
    script = ScriptedSession()
    assert script.connect() == ["/format json", "/name bob 12345678", "/ping heartbeat"]
    assert ScriptedSession(name=None, history=7).connect() == [
        "/format json",
        "/history 7",
        "/ping heartbeat",
    ]
    since = ScriptedSession(since=Position("e", 9), roster=True).connect()
    assert since[2:] == ["/since e:9", "/who"]


def test_all_before_the_welcome_is_discarded() -> None:
    """A greeting in text, or a line of the room before the welcome, is not shown."""
    script = ScriptedSession()
    script.connect()
    assert script.hear_bytes(b"* hello\n") == []
    assert script.message(1) == []
    assert script.session.preface == "* hello"
    assert isinstance(script.welcome()[0], ev.Welcome)
    assert ids(script.message(6)) == [6]


def test_insisting_on_a_name_holds_lines_back() -> None:
    """A script's lines are never said under a guest's name by accident."""
    script = ScriptedSession(insist=True)
    script.connect()
    script.welcome(name="guest-1")
    script.session.say("x")
    assert script.sent() == []
    script.session.rename("bob-2")
    assert script.sent() == ["/name bob-2 12345678"]
    script.hear("rename", at=AT, name="guest-1", to="bob-2")
    assert script.sent() == ["/say t-1 x"]
    script.session.disconnected()
    assert "/name bob-2 12345678" in script.connect()


def test_name_is_the_same_however_written() -> None:
    """The server may write our name its own way; it is still ours."""
    script = ScriptedSession(name="ＢＯＢ", insist=True)
    script.connect()
    script.welcome(name="BOB")
    script.session.say("x")
    assert script.sent() == ["/say t-1 x"]


def test_login_is_answered_when_asked_and_asks_again_for_what_was_refused() -> None:
    """The secret goes only to a server that asks; then the replay is asked again."""
    script = ScriptedSession(secret="s3cret", history=2)
    assert not any("s3cret" in line for line in script.connect())
    assert isinstance(script.hear("login", text="please")[0], ev.LoginNeeded)
    assert script.sent() == ["/login s3cret"]
    required = {"code": "login-required", "command": "history", "text": "first"}
    assert script.hear("error", **required) == []
    script.welcome()
    assert script.sent() == ["/history 2", "/ping heartbeat"]
    assert script.state() is State.REPLAYING


def test_wrong_secret_is_told_and_another_may_follow() -> None:
    """A failed login is an event; the next secret is kept for reconnects."""
    script = ScriptedSession()
    script.connect()
    script.hear("login", text="please")
    assert script.sent() == []
    script.session.login("wrong")
    (failed,) = script.hear("error", code="login-failed", command="login", text="no")
    assert isinstance(failed, ev.Problem)
    script.session.login("bob right")
    script.welcome()
    script.session.disconnected()
    script.connect()
    script.hear("login", text="please")
    assert script.sent() == ["/login bob right"]


def test_bye() -> None:
    """``reconnect`` false ends it for good; nothing after it is heard."""
    script = ScriptedSession()
    script.live()
    (bye,) = script.hear("bye", code="shutdown", text="later", reconnect=True)
    assert script.state() is State.LIVE
    script.hear_bytes(
        b'{"event":"bye","code":"kicked","text":"out","reconnect":false}\n'
        b'{"event":"notice","text":"late"}\n'
    )
    assert script.state() is State.ENDED
    script.session.disconnected()
    assert script.state() is State.ENDED
    assert isinstance(bye, ev.Bye)


def test_presence_and_names() -> None:
    """The count follows every event; names are asked again after a folded burst."""
    script = ScriptedSession(roster=True)
    script.live()
    assert script.hear("who", names=["bob", "eve"], count=2, more=True) == []
    assert script.hear("who", names=["zoe"], count=3, more=False) == []
    roster = script.session.roster
    assert roster.names == {"bob", "eve", "zoe"}
    script.hear("leave", at=AT, name="eve", count=2, reason="quit")
    script.hear("rename", at=AT, name="zoe", to="zora")
    script.hear("join", at=AT, name="kim", count=3)
    assert (roster.names, roster.count) == ({"bob", "zora", "kim"}, 3)
    script.hear("presence", at=AT, joined=9, left=2, count=10)
    script.now += 11
    script.hear("notice", text="hm")
    assert script.session.tick(script.now) is None
    assert script.sent() == ["/who"]
    assert script.session.tick(script.now + 1) is None
    assert script.sent() == []


def test_who_comes_between_two_pieces_of_names() -> None:
    """Each piece is true when it is told: what is announced between them applies."""
    script = ScriptedSession(roster=True)
    script.live()
    script.hear("who", names=["bob", "eve"], count=4, more=True)
    script.hear("leave", at=AT, name="eve", count=3, reason="quit")
    script.hear("rename", at=AT, name="zoe", to="ann")
    script.hear("join", at=AT, name="abe", count=4)
    script.hear("who", names=["kim"], count=4, more=False)
    assert script.session.roster.names == {"bob", "ann", "abe", "kim"}


def test_answers_to_questions_by_hand() -> None:
    """``/who`` and ``/ping`` typed by a person are shown; our own are not."""
    script = ScriptedSession(roster=True)
    script.live()
    script.session.command("/who")
    assert script.hear("who", names=["bob"], count=1, more=False) == []
    assert script.hear("who", names=["bob"], count=1, more=False) == [
        ev.Who(("bob",), 1, False)
    ]
    script.session.command("/who x y")
    script.hear("error", code="bad-argument", command="who", text="no")
    assert script.hear("pong", token="heartbeat") == []
    assert script.hear("pong", token="mine") == [ev.Pong("mine")]
    assert script.hear("who", names=[], count=1, more=False)


def test_commands_overtake_no_lines() -> None:
    """Lines said before a command, or before another name, go out before it."""
    script = ScriptedSession()
    script.live()
    for number, ask in enumerate((script.session.command, script.session.rename), 1):
        script.session.say("said")
        ask("/who")
        script.session.say("later")
        first, second, third = script.sent()
        assert first == f"/say t-{2 * number - 1} said"
        assert second.split()[0] in ("/who", "/name")
        assert third == f"/say t-{2 * number} later"


def test_second_welcome_is_only_shown() -> None:
    """The answer to another ``/format`` does not begin a session again."""
    script = ScriptedSession()
    script.live()
    script.message(6)
    assert isinstance(script.welcome(id=1)[0], ev.Welcome)
    assert ids(script.message(6)) == []


def test_what_is_no_event_is_told() -> None:
    """A broken line is not swallowed in silence; unknown events are ignored."""
    script = ScriptedSession()
    script.live()
    for line in (b"hello", b"[1]", b'{"event":"message","id":"6"}', b"[" * 100_000):
        (notice,) = script.hear_bytes(line + b"\r\n")
        assert isinstance(notice, ev.Notice)
    assert script.hear("weather", text="sun") == []
    assert script.hear_bytes(b'{"event":["message"]}\n') == []


def test_endless_line_and_endless_wait_are_broken() -> None:
    """Neither a line without end nor a replay that never comes fills the memory."""
    script = ScriptedSession()
    script.live()
    for _ in range(MAX_LINE // 65536):
        script.hear_bytes(b"x" * 65536)
    with pytest.raises(BrokenServerError):
        script.hear_bytes(b"x")
    script.session.disconnected()
    script.connect()
    script.welcome()
    for number in range(MAX_HELD):
        script.message(6 + number)
    with pytest.raises(BrokenServerError):
        script.message(MAX_HELD + 6)


def conversation() -> bytes:
    """A whole one: greeting, lines, presence, a reconnect's replay, an answer."""
    events = [
        {"event": "welcome", "name": "bob", "epoch": "e", "id": 1, "count": 1}
        | {"max_line": 8192, "server": "s", "text": "hällo\nzwei"},
        {"event": "message", "id": 2, "at": AT, "name": "eve", "text": "a\x1b[2J€"},
        {"event": "join", "at": AT, "name": "zoe", "count": 2},
        {"event": "replay", "count": 1, "missing": None},
        {"event": "message", "id": 1, "at": AT, "name": "eve", "text": "\u202e"},
        {"event": "replayed", "position": "e:1"},
        {"event": "notice", "text": "one\ntwo\x9b"},
        {"event": "error", "code": "c", "command": "/x", "text": "t"},
        {"event": "bye", "code": "idle", "text": "t", "reconnect": True},
    ]
    lines = [json.dumps(event, ensure_ascii=False) for event in events]
    return "".join(f"{line}\n" for line in lines).encode()


@settings(deadline=None)
@given(st.lists(st.integers(0, len(conversation())), max_size=12))
def test_any_split_gives_the_same_events(cuts: list[int]) -> None:
    """How the bytes are cut on the way changes nothing."""
    data = conversation()

    def heard(pieces: list[bytes]) -> list[ev.Event]:
        session = Session(Profile(name="bob"))
        session.connected(0)
        for piece in pieces:
            session.receive(piece, 1)
        return session.take_events()

    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert heard(pieces) == heard([data])


@settings(deadline=None)
@given(st.text())
def test_no_text_acts_on_a_terminal(text: str) -> None:
    """Whatever a server sends, what comes out of an event has nothing active in it."""
    script = ScriptedSession()
    script.live()
    (event,) = script.message(6, text)
    (notice,) = script.hear("notice", text=text)
    assert isinstance(event, ev.Message)
    assert isinstance(notice, ev.Notice)
    active = set(range(0x20)) - {9} | set(range(0x7F, 0xA0))
    active |= set(range(0x2028, 0x202F)) | set(range(0x2066, 0x206A))
    assert not {ord(c) for c in event.text} & active
    assert not {ord(c) for c in notice.text} & (active - {10})
