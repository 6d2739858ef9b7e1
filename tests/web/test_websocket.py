"""Time and back-pressure, with a clock moved by hand and no socket."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from broadcast.web.site import REQUEST_TIME
from broadcast.web.websocket import DEAD_AFTER, PING_AFTER
from tests.support.hall import Hall
from tests.support.visitor import Visitor
from tests.support.websocket import PONG, TEXT, frame

PING = b"\x89\x00"


@pytest.fixture
def hall() -> Hall:
    """Give a room without sockets."""
    return Hall()


def test_a_slow_request_is_cut_off(hall: Hall) -> None:
    """Bytes that come one by one earn a request no more time."""
    visitor = Visitor(hall)
    for _ in range(REQUEST_TIME - 1):
        visitor.send(b"G")
        hall.clock.advance(1)
    assert not visitor.is_aborted()
    hall.clock.advance(1.1)
    assert visitor.is_aborted()


def test_a_silent_connection_is_cut_off(hall: Hall) -> None:
    """Who connects and says nothing is let go; the log has better things to tell."""
    told: list[LogEvent] = []
    observer: Any = told.append
    visitor = Visitor(hall)
    globalLogPublisher.addObserver(observer)
    hall.clock.advance(REQUEST_TIME + 0.1)
    globalLogPublisher.removeObserver(observer)
    assert visitor.is_aborted()
    assert told == []


def test_a_websocket_has_no_such_deadline(hall: Hall) -> None:
    """Once upgraded, a member may listen for ever, as long as it answers pings."""
    visitor = Visitor(hall).upgraded("alice")
    for _ in range(10):
        visitor.pass_time(int(PING_AFTER) + 2)
        assert visitor.take() == PING
        visitor.send(frame(PONG))
    assert not visitor.is_aborted()
    assert len(hall.room.subscriptions) == 1


def test_the_dead_are_gone_within_a_minute(hall: Hall) -> None:
    """Who answers no ping is closed, and its name freed, within 60 s."""
    visitor = Visitor(hall).upgraded("alice")
    visitor.pass_time(int(DEAD_AFTER))
    assert not visitor.is_aborted()
    visitor.pass_time(60 - int(DEAD_AFTER))
    assert visitor.is_aborted()
    assert not hall.room.subscriptions


def test_one_who_does_not_pick_up_costs_no_buffer(hall: Hall) -> None:
    """A paused transport is written nothing: not lines, not pongs; then the rest
    comes, in order."""
    alice = Visitor(hall).upgraded("alice")
    bob = Visitor(hall).upgraded("bob")
    alice.take()
    alice.transport.producer.pauseProducing()
    bob.send(frame(TEXT, b"one"))
    alice.send(frame(0x9, b"first"), frame(0x9, b"last"))
    bob.send(frame(TEXT, b"two\nthree"))
    assert alice.take() == b""
    alice.transport.producer.resumeProducing()
    lines = b"bob: one\nbob: two\nbob: three"
    assert alice.take() == b"\x8a\x04last" + bytes([0x81, len(lines)]) + lines
    bob.send(frame(TEXT, b"four"))
    assert alice.take() == b"\x81\x09bob: four"


def test_a_lost_connection_leaves(hall: Hall) -> None:
    """A connection that ends without a close frame is lost, and has left."""
    visitor = Visitor(hall).upgraded("alice")
    visitor.channel.connectionLost(Failure(ConnectionDone()))
    assert not hall.room.subscriptions
    assert not hall.connections
