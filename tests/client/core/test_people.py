"""Who spoke lately, whose coming is told, and who is ignored under which names."""

import pytest

from broadcast.client import events as ev
from broadcast.client.core.people import LATELY, MAX_VOICES, Ignored, Voices

NOON = "2026-01-02T12:00:00.000Z"
LATER = "2026-01-02T12:05:00.000Z"
MUCH_LATER = "2026-01-02T13:00:00.000Z"


def spoken(*names: str) -> Voices:
    voices = Voices()
    for number, name in enumerate(names):
        voices.follow(ev.Message(number, NOON, name, "x"))
    return voices


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (ev.Joined(LATER, "eve", 2), True),
        (ev.Left(LATER, "eve", 2), True),
        (ev.Left(MUCH_LATER, "eve", 2), False),
        (ev.Joined(LATER, "zoe", 2), False),
        (ev.Joined("some day", "eve", 2), False),
        (ev.Presence(LATER, 5, 5, 2), False),
    ],
)
def test_smart_presence_tells_of_talkers(event: ev.Event, told: bool) -> None:
    """Who has spoken within ten minutes is told of; the other modes need no memory."""
    voices = spoken("eve")
    assert voices.is_told(event, "smart") is told
    assert voices.is_told(event, "all")
    assert not voices.is_told(event, "none")


def test_a_voice_goes_with_its_name() -> None:
    """A rename takes the memory along; the rename itself is told."""
    voices = spoken("eve")
    renamed = ev.Renamed(LATER, "eve", "mallory")
    voices.follow(renamed)
    assert voices.is_told(renamed, "smart")
    assert voices.silence("eve", LATER) is None
    assert voices.silence("mallory", LATER) == 300 < LATELY


def test_voices_are_bounded() -> None:
    """The memory is of the last ones."""
    voices = spoken(*(f"n{number}" for number in range(MAX_VOICES + 1)))
    assert voices.silence("n0", NOON) is None
    assert voices.silence("n1", NOON) == 0


def test_ignoring_follows_names_and_lets_go_of_all() -> None:
    """Every name that an ignored member had is hidden, until one is let go."""
    ignored = Ignored([["eve", "mallory"]])
    ignored.add("EVE")
    assert not ignored.follow(ev.Renamed(NOON, "zoe", "eva"))
    assert ignored.follow(ev.Renamed(NOON, "Mallory", "trudy"))
    assert all(name in ignored for name in ("Eve", "mallory", "TRUDY"))
    assert ignored.known == [["eve", "mallory", "trudy"]]
    assert ignored.words == "eve (also mallory, trudy)"
    assert not ignored.remove("zoe")
    assert ignored.remove("trudy")
    assert ("eve" in ignored, len(ignored), ignored.words) == (False, 0, "nobody")
