"""Time and back-pressure, with a clock moved by hand and no socket."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from broadcast.base.settings import Timeouts
from broadcast.options import settings_from
from broadcast.web.site import REQUEST_TIME, WebSite
from broadcast.web.websocket import DEAD_AFTER, PING_AFTER
from tests.support.hall import Hall
from tests.support.websocket import PONG, TEXT, frame, request

PATIENCE = Timeouts(idle=90.0, stall=120.0)
PING = b"\x89\x00"


class Visitor:
    """One HTTP connection's two ends."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        site: Any = WebSite(hall.clock, hall.connections, settings_from({}, (), {}))
        self.channel: Any = site.buildProtocol(None)
        self.channel.callLater = hall.clock.callLater
        self.transport: Any = StringTransport()
        self.channel.makeConnection(self.transport)

    def send(self, *pieces: bytes) -> None:
        """Send bytes, one read for each piece, and let the turn pass."""
        for piece in pieces:
            self.channel.dataReceived(piece)
        self.hall.turn()

    def upgraded(self, name: str) -> "Visitor":
        """Become a WebSocket, joined and greeted."""
        self.send(request(f"/ws?name={name}"))
        self.hall.clock.advance(0.3)
        self.hall.turn()
        assert name.encode() in self.take()
        return self

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def pass_time(self, seconds: int) -> None:
        """Let time pass, watched as the service does."""
        for _ in range(seconds):
            self.hall.clock.advance(1)
            for connection in tuple(self.hall.connections):
                connection.check(self.hall.clock.seconds(), PATIENCE)

    def is_aborted(self) -> bool:
        """The server has cut it off."""
        return bool(self.transport.disconnected or self.transport.disconnecting)


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
    assert len(hall.room.members) == 1


def test_the_dead_are_gone_within_a_minute(hall: Hall) -> None:
    """Who answers no ping is closed, and its name freed, within 60 s."""
    visitor = Visitor(hall).upgraded("alice")
    visitor.pass_time(int(DEAD_AFTER))
    assert not visitor.is_aborted()
    visitor.pass_time(60 - int(DEAD_AFTER))
    assert visitor.is_aborted()
    assert not hall.room.members


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
    assert not hall.room.members
    assert not hall.connections
