"""The publisher: all that a feed sends is said; it is told nothing, the log is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import Role
from tests.support.hall import SECRET, Guest, Hall, LoginHall

Warnings = list[str]


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    """Give the warnings that the log has got since the test began."""
    told: Warnings = []

    def observe(event: LogEvent) -> None:
        if event["log_level"].name == "warn":
            told.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]  # any callable
    yield told
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]


def _feed(hall: Hall, name: str = "build") -> Guest:
    """Return somebody connected to a listener whose members only speak."""
    made: Any = hall.factory.with_role(Role(hears=False, name=name))
    plain, hall.factory = hall.factory, made
    feed = hall.connect()
    hall.factory = plain
    return feed


def test_the_first_line_announces_it() -> None:
    """A feed joins with its first line, which is said like all others."""
    hall = Hall()
    ear, feed = hall.join("/name ear"), _feed(hall)
    ear.take()
    assert len(hall.room.subscriptions) == 1
    feed.send("/format json", "/login x", "__name__:root")
    assert ear.lines() == [
        "* build joined the chat",
        "build: /format json",
        "build: /login x",
        "build: __name__:root",
    ]


def test_a_silent_feed_is_announced_in_time() -> None:
    """A feed that says nothing is here as soon as anybody else would be."""
    hall = Hall()
    ear, _ = hall.join("/name ear"), _feed(hall)
    ear.take()
    hall.wait(0.3)
    assert ear.lines() == ["* build joined the chat"]


def test_nothing_at_all_is_written_to_it() -> None:
    """No greeting, line, notice, answer or last word reaches a feed."""
    hall = Hall(RoomSettings(welcome="Be kind.", echo=True, max_line=20))
    ear, feed = hall.join("/name ear"), _feed(hall)
    feed.send("one", "/ping", "/name x", "x" * 21)
    ear.send("hello, feed", "/name other")
    hall.room.announce("to all")
    session = feed.protocol.session
    robot = hall.room.roster.wanted("robot", None, session.member)
    hall.room.rename(session.subscription, robot, None)
    hall.turn()
    assert "* build is now robot" in ear.lines()
    hall.directory.close(feed.protocol.session.member, Bye("kicked", "out"))
    hall.turn()
    assert feed.take() == b""
    assert feed.transport.disconnecting


def test_nobody_has_to_log_in_there(tmp_path: Path) -> None:
    """Where members log in, a feed speaks as it is, a login in it being a line."""
    hall = LoginHall(tmp_path)
    ear, feed = hall.join(f"/login {SECRET}"), _feed(hall)
    ear.take()
    feed.send("/login wrong", "hello")
    assert ear.lines()[1:] == ["build: /login wrong", "build: hello"]
    assert not hall.authenticator.refused


def test_too_long_lines_alone_are_dropped(warnings: Warnings) -> None:
    """The lines around them are said in order; the log is told each reason once."""
    hall = Hall(RoomSettings(max_line=10))
    ear, feed = hall.join("/name ear"), _feed(hall)
    ear.take()
    feed.send("one", "x" * 11, "y" * 10, "", "z" * 12, "two")
    feed.send("x" * 13, "three")
    said = ["one", "y" * 10, "two", "three"]
    assert ear.lines()[1:] == [f"build: {line}" for line in said]
    feed.protocol.session.member.silenced = "muted"
    feed.send("four", "five")
    feed.send("six")
    assert ear.lines() == []
    assert warnings == [
        "build: a line of 11 bytes was dropped: the limit is 10",
        "build: 2 lines not said: you are muted",
    ]


def test_a_fast_feed_is_slowed_and_loses_nothing(warnings: Warnings) -> None:
    """--rate holds for feeds: the rest waits unread, and the log is told once."""
    hall = Hall(RoomSettings(rate=10, burst=5))
    ear, feed = hall.join("/name ear"), _feed(hall)
    ear.take()
    feed.send(*(str(n) for n in range(30)))
    assert ear.lines()[1:] == [f"build: {n}" for n in range(5)]
    assert feed.transport.producerState == "paused"
    for _ in range(60):
        hall.wait(0.05)
    assert ear.lines() == [f"build: {n}" for n in range(5, 30)]
    assert warnings == ["build: slowed to 10 lines a second; nothing is lost"]


def test_who_may_not_come_in_is_told_and_closed() -> None:
    """A full room, or a ban, is the one thing a feed is told; its name stays free."""
    full = Hall(max_members=1)
    bans = Bans(lambda: 0.0)
    bans.add("build", None, "too loud")
    for hall, words in (
        (full, "* the room is full: 1 are here"),
        (Hall(policy=Policy(bans)), "* you are banned: too loud"),
    ):
        ear, feed = hall.join("/name ear"), _feed(hall)
        ear.take()
        feed.send("one", "two")
        assert feed.lines() == [words]
        assert feed.transport.disconnecting
        assert ear.lines() == []
        assert hall.room.roster.find("build") is None
