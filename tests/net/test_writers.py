"""Writers: which one fits a transport, and what they take and leave in queue."""

import socket
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet import tcp
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactor, StringTransport

from broadcast.base.work import BUDGET
from broadcast.net.writers import (
    RECORD,
    BufferedWriter,
    DirectWriter,
    is_plain,
    writer_for,
)
from broadcast.protocol.events import Bye
from broadcast.room.directory import When
from broadcast.room.output import CHUNK
from broadcast.session.interfaces import ISession
from tests.support.hall import Hall
from tests.support.wires import Front, Pipe, Wire, join_over


class Paper:
    """A transport on which single writes can be told apart, full after some."""

    def __init__(self, space: int) -> None:
        self.written: list[bytes] = []
        self._space = space

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if len(self.written) == self._space:
            self._producer.pauseProducing()


class Strict(Pipe):
    """Has one producer at a time, as Twisted's transports do."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self._producer is None, "registered twice"
        super().registerProducer(producer, streaming)


def _server(kind: type[tcp.Server], sock: socket.socket) -> Any:
    make: Any = kind  # zope knows its arguments
    return make(sock, Protocol(), ("127.0.0.1", 1), None, 0, MemoryReactor())


def test_only_a_bare_socket_is_written_to_directly() -> None:
    """With TLS, in a subclass, or in memory: bytes go through the transport."""
    with socket.socket() as sock:
        transport = _server(tcp.Server, sock)
        front: Any = Front(transport)
        assert is_plain(transport)
        assert type(writer_for(front)) is DirectWriter
        transport.TLS = True  # as startTLS sets it
        assert not is_plain(transport)
        assert not is_plain(_server(type("Wrapping", (tcp.Server,), {}), sock))
    front.transport = StringTransport()
    assert not is_plain(front.transport)
    assert type(writer_for(front)) is BufferedWriter


@pytest.mark.parametrize("error", [BlockingIOError, OSError, BrokenPipeError])
def test_a_full_socket_is_no_broken_one(error: type[OSError]) -> None:
    """Neither takes anything, and nothing is raised; only a failure is kept."""

    def fail(data: bytes) -> int:
        raise error

    wire: Any = Wire(0, is_direct=True)
    wire.send = fail
    front: Any = Front(wire)
    writer = DirectWriter(front)
    assert writer.send(b"x\n") == 0
    assert writer.is_broken is (error is not BlockingIOError)


def test_a_reset_that_sending_sees() -> None:
    """The reactor sees a mere end of file then: nothing unfinished is said."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    guest.send_bytes(b"unfinished")
    wire = Wire(1, is_direct=True)
    front: Any = Front(wire)
    guest.protocol.writer = DirectWriter(front)
    wire.is_reset = True
    assert guest.protocol.writer.send(b"lost\n") == 0
    talker.take()
    guest.end()
    assert talker.lines() == ["* al left the chat"]


def test_a_writer_that_is_woken_again_goes_on_as_it_was() -> None:
    """However often it is woken while it waits: one producer, nothing twice."""
    hall = Hall()
    talker = hall.join("/name talker")
    wire = Strict(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    greeting = wire.out
    wire.is_stuck = True
    talker.send("one")
    session.subscription.writer.wake()
    talker.send("two")
    session.close(Bye("quit", "Bye"), When.AFTER_READ)
    hall.turn()
    wire.is_stuck = False
    wire.drain()
    assert wire.out == greeting + b"talker: one\ntalker: two\n* Bye\n"
    assert wire.is_finished


@pytest.mark.counts_turns
@pytest.mark.parametrize("is_direct", [True, False])
def test_who_catches_up_is_given_so_much_a_turn(is_direct: bool) -> None:
    """A peer that takes all it is given gets some chunks, then others' turn comes.

    A look at the clock takes a tenth of a millisecond here.
    """
    hall = Hall(log_size=1 << 26)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct)
    session = join_over(hall, wire, is_direct)
    wire.is_stuck = True
    for _ in range(900):
        talker.send("x" * 8000)
    hall.clock.tick = 0.0001
    wire.is_stuck = False
    turns = 0
    while not session.subscription.live:
        before = len(wire.out)
        wire.flush()
        hall.turn(1)
        slices = BUDGET / hall.clock.tick
        assert len(wire.out) - before < slices * (CHUNK + 8192)
        turns += 1
    assert turns > 1
    assert wire.out.count(b"talker: ") == 900


@cache
def among(members: int) -> ISession:
    """Return the session of one of so many members."""
    hall = Hall()
    first, *_ = [hall.join("/quiet") for _ in range(members)]
    return first.protocol.session


@pytest.mark.parametrize(
    ("members", "share"), [(1, CHUNK), (64, CHUNK), (100, 2 * RECORD), (300, RECORD)]
)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 100, 15_000, CHUNK - 1, CHUNK, 150_000])),
    space=st.integers(1, 4),
)
@settings(deadline=None, max_examples=30)
def test_what_is_left_over_begins_with_a_line(
    members: int, share: int, sizes: list[int], space: int
) -> None:
    """A transport gets whole lines, a share or one long line a write, until full.

    Of many members each has a smaller share: the reactor writes all of them at once.
    """
    data = b"".join(b"x" * size + b"\n" for size in sizes)
    paper: Any = Paper(space)
    front: Any = Front(paper)
    front.session = among(members)
    sent = BufferedWriter(front).send(data)
    assert b"".join(paper.written) == data[:sent]
    for piece in paper.written:
        assert piece.endswith(b"\n")
        assert len(piece) <= share or piece.count(b"\n") == 1
    assert len(paper.written) <= space
    assert sent == len(data) or len(paper.written) == space
