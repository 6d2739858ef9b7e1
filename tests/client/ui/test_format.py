"""Events as lines: marks, colours, times."""

import re
from datetime import datetime

import pytest

from broadcast.client import events as ev
from broadcast.client.ui.format import PALETTE, Formatter, wants_color

AT = "2026-01-02T03:04:05.678Z"


def message(text: str, name: str = "eve") -> ev.Message:
    return ev.Message(1, AT, name, text)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (message("hi"), "eve: hi"),
        (message("hi", "bob"), "bob [you]: hi"),
        (ev.Joined(AT, "zoe", 3), "* zoe joined (3 here)"),
        (ev.Left(AT, "zoe", 2), "* zoe left (2 here)"),
        (ev.Left(AT, "zoe", 2, "idle"), "* zoe left: idle (2 here)"),
        (ev.Renamed(AT, "zoe", "zora"), "* zoe is now zora"),
        (ev.Presence(AT, 5, 2, 9), "* 5 joined, 2 left, 9 here"),
        (ev.Notice("one\ntwo"), "* one\n* two"),
        (ev.Problem("muted", "say", ""), "* muted"),
        (ev.Who(("a", "b"), 2), "* a, b (2 here)"),
        (ev.Who(("a", "b"), 9, True), "* a, b"),
        (ev.Pong("x"), "* pong x"),
        (ev.Ack("t", 1), None),
    ],
)
def test_plain_lines(event: ev.Event, line: str | None) -> None:
    """Without colours a line is plain text; own lines are marked."""
    formatter = Formatter(0, stamp=False)
    formatter.me = "bob"
    assert formatter.line(event) == line


def test_times_are_local() -> None:
    """The server's UTC is shown as local time; another day's with its date."""
    local = datetime.fromisoformat(AT).astimezone()
    formatter = Formatter(0)
    assert formatter.line(message("x")) == local.strftime("%Y-%m-%d %H:%M:%S eve: x")
    now = datetime.now().astimezone()
    today = ev.Message(1, now.isoformat(), "eve", "x")
    assert formatter.line(today) == now.strftime("%H:%M:%S eve: x")
    assert formatter.line(ev.Message(1, "yesterday", "eve", "x")) == "eve: x"


def luminance(color: int) -> float:
    levels = (0, 95, 135, 175, 215, 255)
    color -= 16
    channels = (levels[color // 36], levels[color // 6 % 6], levels[color % 6])
    linear = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("color", PALETTE)
def test_colours_are_readable_on_dark_and_light(color: int) -> None:
    """Each name's colour has a contrast of 3.5:1 or more with black and with white."""
    bright = luminance(color) + 0.05
    assert bright / 0.05 >= 3.5
    assert 1.05 / bright >= 3.5


def test_a_name_keeps_its_colour() -> None:
    """The colour comes from the name alone, however it is written."""
    assert Formatter(256).name_color("Zoe") == Formatter(256).name_color("ZOE")
    colors = {Formatter(256).name_color(f"user{n}") for n in range(200)}
    assert len(colors) == len(PALETTE)
    assert re.fullmatch(r"\x1b\[3[1-6]m", Formatter(8).name_color("zoe"))
    formatter = Formatter(256)
    for number in range(1200):
        assert formatter.line(message("x", f"user{number}"))


def test_mentions_are_words() -> None:
    """My name as a word in somebody's line is a mention; part of a word is none."""
    formatter = Formatter(256)
    formatter.me = "bob"
    assert formatter.is_mention(message("hi Bob!"))
    assert formatter.is_mention(message("bob: hi"))
    assert not formatter.is_mention(message("bobby"))
    assert not formatter.is_mention(message("bob", "bob"))
    assert "\x1b[7m" in str(formatter.line(message("hi bob")))
    assert "\x1b[7m" not in str(formatter.line(message("hi bobby")))
    assert "[you]" in str(formatter.line(message("hi", "bob")))
    formatter.me = ""
    assert not formatter.is_mention(message("hi Bob!"))


def test_presence_is_dim() -> None:
    """Comings and goings stand back."""
    assert str(Formatter(8).line(ev.Joined(AT, "zoe", 3))).startswith("\x1b[2m")


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "colors"),
    [
        ("auto", {"TERM": "xterm-256color"}, True, 256),
        ("auto", {"TERM": "xterm"}, True, 8),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, True, 256),
        ("auto", {"TERM": "xterm"}, False, 0),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, True, 0),
        ("auto", {"TERM": "dumb"}, True, 0),
        ("always", {"NO_COLOR": "1", "TERM": "xterm"}, False, 8),
        ("never", {"TERM": "xterm"}, True, 0),
    ],
)
def test_when_to_colour(
    choice: str, environ: dict[str, str], terminal: bool, colors: int
) -> None:
    """Colours only on a terminal, unless asked; NO_COLOR is honoured."""
    assert wants_color(choice, environ, terminal) == colors


def test_people_are_not_told_of_quiet_members() -> None:
    """Nor of a burst in which nobody else came or went."""
    formatter = Formatter(0, stamp=False)
    for quiet in (
        ev.Joined(AT, "zoe", 2, quiet=True),
        ev.Left(AT, "zoe", 1, quiet=True),
        ev.Renamed(AT, "zoe", "kim", quiet=True),
        ev.Presence(AT, 0, 0, 9),
    ):
        assert formatter.line(quiet) is None
