"""Bytes into lines, and lines of the json dialect into events."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.client import events as ev
from broadcast.client.core.decode import MAX_LINE, LineSplitter, decode
from broadcast.client.errors import BadLineError
from broadcast.protocol.sanitize import is_safe
from tests.support.client.scripted_session import AT


def line(event: str, **fields: Any) -> str:
    return json.dumps({"event": event, **fields})


def test_lines_end_at_line_feeds() -> None:
    """A CR belongs to the end of a line only before an LF; blank lines count."""
    lines = LineSplitter()
    assert lines.feed(b"one\r\n\ntwo\rtoo\nthree\r") == ["one", "", "two\rtoo"]
    assert lines.feed(b"\nfour") == ["three"]
    assert lines.rest() == "four"
    assert lines.rest() == ""
    assert lines.feed(b"five\n") == ["five"]


def test_bad_utf8_is_repaired_and_whole_characters_are_not() -> None:
    """A character cut between two pieces is whole; a broken one spoils one line."""
    lines = LineSplitter()
    data = "bär €".encode()
    assert lines.feed(data[:2]) == []
    assert lines.feed(data[2:-1]) == []
    assert lines.feed(data[-1:] + b"\nx\xff\ny\n") == ["bär €", "x\ufffd", "y"]
    lines.feed(data[:2])
    assert lines.rest() == "b\ufffd"


def test_limit_is_one_lines_and_not_the_connections() -> None:
    """Any number of long lines is taken, however they are cut."""
    lines = LineSplitter()
    half = b"x" * (MAX_LINE // 2)
    assert lines.feed(half) == []
    for _ in range(3):
        assert lines.feed(half + b"\n" + half) == ["x" * MAX_LINE]


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (
            line("message", id=6, at=AT, name="eve", text="x"),
            ev.Message(6, AT, "eve", "x", False),
        ),
        (line("leave", at=AT, name="eve", count=2), ev.Left(AT, "eve", 2, "")),
        (
            line("welcome", name="bob", epoch="e", id=5, count=2),
            ev.Welcome("", "bob", "e", 5, 2, 8192, "", 1),
        ),
        (line("login"), ev.LoginNeeded("")),
        (line("who", names=["bob", 7], count=2), ev.Who(("bob",), 2, False)),
        (line("replay", count=3), ev.Replay(3, 0)),
        (line("replay", count=3, missing=None), ev.Replay(3, None)),
        (line("ack", token="t-1", id=6), ev.Ack("t-1", 6, False)),
        (line("ack", token="t-1", id=6, double=True), ev.Ack("t-1", 6, True)),
        (line("pong"), ev.Pong("")),
        (line("notice"), ev.Notice("")),
        (line("error", command="/say"), ev.Problem("", "say", "", "")),
        (line("bye", missed=7), ev.Bye("", "", False, 7)),
    ],
)
def test_fields_that_may_be_missing(text: str, event: ev.Event) -> None:
    """A server of another version leaves out fields, or adds some: it is understood."""
    assert decode(text) == event
    newer = json.dumps(json.loads(text) | {"mood": ["new", {"in": 2}]})
    assert decode(newer) == event


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        '"message"',
        line("message", id=True, at=AT, name="eve", text="x"),
        line("message", id=6.0, at=AT, name="eve", text="x"),
        line("message", id=6, at=AT, name="eve"),
        line("message", id=6, at=AT, name="eve", text=None),
        line("join", at=AT, name=["eve"], count=1),
        line("who", names=5, count=1),
        line("who", count=1),
        line("replay", count=1, missing="0"),
        line("welcome", name="bob", epoch=5, id=5, count=2),
        line("notice", text=["x"]),
        line("bye", missed=None),
        '{"event":"ack","token":"t","id":' + "1" * 5000 + "}",
    ],
)
def test_broken_lines(text: str) -> None:
    """A field of another type is an error, and never an event with nonsense in it."""
    with pytest.raises(BadLineError):
        decode(text)


def test_raw_is_the_line_as_it_came() -> None:
    """The server's own JSON is printed with its order, spaces and fields."""
    text = '{"text": "\\u001b",  "event":"notice", "z":1, "a":2}'
    event = decode(text)
    assert event == ev.Notice("␛")
    assert event is not None
    assert event.raw == text


def test_paragraphs_keep_their_lines() -> None:
    """In a greeting or notice line ends are meant; elsewhere they are made visible."""
    text = "one\r\ntwo\n\x1b"
    paragraph = "one\ntwo\n␛"
    welcome = decode(line("welcome", name="b", epoch="e", id=1, count=1, text=text))
    assert isinstance(welcome, ev.Welcome)
    assert welcome.text == paragraph
    assert decode(line("login", text=text)) == ev.LoginNeeded(paragraph)
    assert decode(line("bye", text=text)) == ev.Bye("", "one␍␊two␊␛")


@settings(deadline=None)
@given(st.text() | st.text("\ud800\x1b\x9b\u202e\n\\x"))
def test_names_and_tokens_are_safe_too(text: str) -> None:
    """Each string of an event, also one in a list, can be shown and be encoded."""
    for sent in (
        line("who", names=[text], count=1),
        line("rename", at=text, name=text, to=text),
        line("error", code=text, command=text, text=text, token=text),
        json.dumps({"event": "replayed", "position": text}, ensure_ascii=False),
    ):
        match decode(sent):
            case ev.Who(names=(name,)):
                assert is_safe(name)
            case ev.Renamed(at=at, name=name, to=to):
                assert is_safe(at + name + to)
            case ev.Problem(code=code, command=command, text=words, token=token):
                assert is_safe(code + command + words + token)
            case ev.Replayed(position=position):
                assert is_safe(position)
            case other:
                raise AssertionError(other)
