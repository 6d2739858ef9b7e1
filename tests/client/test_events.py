"""Positions in a log, and what all events have in common."""

import dataclasses
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.client import events as ev
from broadcast.client.events import MAX_DIGITS, Position

PRINTABLE = string.ascii_letters + string.digits + string.punctuation
KINDS = [
    kind
    for kind in vars(ev).values()
    if isinstance(kind, type) and issubclass(kind, ev.Event) and kind is not ev.Event
]


@settings(deadline=None)
@given(st.text(PRINTABLE, min_size=1), st.integers(0, 10**MAX_DIGITS - 1))
def test_position_is_read_as_it_is_written(epoch: str, number: int) -> None:
    """Whatever a server calls its log, a kept position leads back to the same place."""
    position = Position(epoch, number)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("e:7\n", Position("e", 7)),
        ("  e:7 ", Position("e", 7)),
        ("e:007", Position("e", 7)),
        ("e:0", Position("e", 0)),
        ("a:b:7", Position("a:b", 7)),
        ("e:" + "9" * MAX_DIGITS, Position("e", 9999999999999999)),
    ],
)
def test_position_from_a_file(text: str, position: Position) -> None:
    """White space around it is no part of it; the id stands after the last colon."""
    assert Position.parse(text) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        ":7",
        "e:",
        "e:x",
        "e:-1",
        "e:+1",
        "e: 1",
        "e:1_0",
        "e:１",
        "e:²",
        "two words:1",
        "é:1",
        "e\x00:1",
        "e\n/quit:1",
        "e:0" + "9" * MAX_DIGITS,
    ],
)
def test_what_is_no_position(text: str) -> None:
    """A position that is sent to the server never carries another command."""
    with pytest.raises(ValueError, match="EPOCH:ID"):
        Position.parse(text)


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_frozen_and_compare_by_content(kind: type[ev.Event]) -> None:
    """An event handed to two readers is the same for both; its line is no content."""
    names = [f.name for f in dataclasses.fields(kind) if f.name != "raw"]
    content = {name: f"some {name}" for name in names}
    event, same = kind(**content, raw='{"key":"s3cret"}'), kind(**content)
    assert event == same
    assert hash(event) == hash(same)
    assert "s3cret" not in repr(event)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, names[0], "changed")
    assert event != kind(**(content | {names[-1]: "another"}))
