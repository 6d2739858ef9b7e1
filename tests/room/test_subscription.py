"""A member between the log and its writer: standing, bounds, and a writer's end."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.room.directory import When
from broadcast.room.output import CHUNK, CLOSED_WRITER, MAX_BACKLOG, NEVER, IWriter
from broadcast.session.states import State
from tests.support.hall import Hall
from tests.support.wires import Pipe, join_over


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Keep cycles, as the daemon does for a while: only references free anything."""
    gc.disable()
    yield
    gc.enable()


def test_the_states_of_a_connection() -> None:
    """One introduces itself, joins, closes when its last words are out, is gone."""
    hall = Hall()
    guest = hall.connect()
    session = guest.protocol.session
    seen = [session.state]
    guest.send("/name al")
    seen.append(session.state)
    hall.wait(1)
    seen.append(session.state)
    guest.send("/quit")
    seen.append(session.state)
    guest.drop()
    seen.append(session.state)
    assert [state.name for state in seen] == [
        "HANDSHAKE",
        "HANDSHAKE",
        "JOINED",
        "CLOSING",
        "GONE",
    ]


def test_nothing_is_sent_to_one_who_is_gone() -> None:
    """The writer of a lost connection takes nothing, whatever is said or asked."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    session = guest.protocol.session
    subscription = session.subscription
    hall.room.answer(subscription, Bye("x", "an answer that is due"))
    guest.protocol.dataReceived(b"/who\n")
    guest.take()
    guest.drop()
    talker.send("hello")
    hall.directory.close(session.member, Bye("kicked", "kicked"))
    hall.wait(10)
    assert guest.take() == b""
    assert subscription.next_chunk() == b""
    writer: IWriter = CLOSED_WRITER
    assert subscription.writer is writer
    assert writer.send(b"x\n") == writer.send_shared(b"x\n") == 0


@pytest.mark.usefixtures("uncollected")
def test_a_session_that_is_kept_keeps_no_connection() -> None:
    """A lost connection is freed at once, though something knows its session still."""
    hall = Hall()
    guest = hall.join("/name al")
    session = guest.protocol.session
    connection = weakref.ref(guest.protocol)
    guest.drop()
    guest.transport.unregisterProducer()  # Twisted's own forget it, too
    hall.wait(10)
    del guest
    assert connection() is None
    assert session.state is State.GONE


def test_who_has_not_joined_has_nothing_of_the_log_to_read() -> None:
    """The log may move on: no cursor of an applicant holds it, or is passed."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1)
    talker, guest = hall.join("/name talker"), hall.connect()
    subscription = guest.protocol.session.subscription
    for n in range(5):
        talker.send(f"line {n}")
    assert subscription.cursor == NEVER > hall.room.log.end
    assert subscription.oldest == NEVER
    hall.wait(1)
    assert hall.room.stats.too_slow == 0
    talker.send("now")
    assert guest.lines()[-1] == "talker: now"


def test_who_reads_no_answers_is_not_read() -> None:
    """Unwritten answers stay near their bound; once they are written, all goes on."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.take()
    guest.send("/help")
    answer = guest.take()
    subscription = guest.protocol.session.subscription
    writer = guest.protocol.writer
    writer.pauseProducing()  # type: ignore[union-attr]  # StringTransport's is one
    asked = 0
    while guest.transport.producerState == "producing":
        guest.send("/help")
        asked += 1
        assert subscription.backlog <= MAX_BACKLOG + len(answer)
    assert subscription.backlog > MAX_BACKLOG
    writer.resumeProducing()
    hall.turn()
    assert guest.transport.producerState == "producing"
    assert subscription.backlog == 0
    assert guest.take() == answer * asked


@pytest.mark.parametrize("size", [100, CHUNK - 9, CHUNK - 8, 2 * CHUNK])
def test_a_step_of_catching_up_is_a_chunk_of_whole_lines(size: int) -> None:
    """It takes about 64 KiB: less than a line more, or less, than that."""
    hall = Hall(RoomSettings(max_line=4 * CHUNK), log_size=1 << 24)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.drain()
    wire.is_stuck = True
    count = max(3, CHUNK // size)
    for _ in range(3):
        talker.send(*["x" * size] * count)
    chunks: list[bytes] = []
    while (chunk := session.subscription.next_chunk()) and len(chunks) < 50:
        chunks.append(chunk)
    assert session.subscription.live
    line = len(b"talker: \n") + size
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert all(len(chunk) < CHUNK + line for chunk in chunks)
    assert all(len(chunk) > CHUNK - line for chunk in chunks[:-1])
    before = len(wire.out)
    wire.is_stuck = False
    wire.flush()  # what had been taken of the first line
    assert len(wire.out) - before + sum(map(len, chunks)) == 3 * count * line


class Half(Pipe):
    """Takes half of what it is given, once, and then nothing until it is unstuck."""

    def send(self, data: bytes) -> int:
        taken = super().send(data[: len(data) // 2])
        self.is_stuck = True
        return taken


def test_the_last_words_are_the_last() -> None:
    """What was asked for before is not answered after them, nor in their place."""
    hall = Hall(log_size=60_000)
    talker, guest = hall.join("/name talker"), hall.connect()
    writer: Any = guest.protocol.writer
    writer.pauseProducing()
    guest.protocol.dataReceived(b"/who\n/history 3\n")
    hall.clock.tick = 0.0005  # an answer takes up a turn
    hall.turn(1)
    guest.protocol.session.close(Bye("kicked", "the last words"), When.NOW)
    for _ in range(2):
        talker.send(*["y" * 5000] * 5)  # the log holds few of them
    hall.clock.tick = 0
    hall.wait(1)
    writer.resumeProducing()
    assert guest.lines() == ["* the last words"]


@pytest.mark.counts_turns
@pytest.mark.parametrize("is_overtaken", [False, True])
def test_a_line_that_is_begun_is_ended_before_the_last_words(
    is_overtaken: bool,
) -> None:
    """Kicked, or overtaken by the log, before the rest of a line could be written."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1)
    talker = hall.join("/name talker")
    wire = Half(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    wire.is_stuck = False
    wire.drain()
    greeting = len(wire.out)
    wire.is_stuck = False
    talker.protocol.dataReceived(b"x" * 1000 + b"\n")
    hall.room.commits.flush()
    assert 0 < len(wire.out) - greeting < 1000
    if is_overtaken:
        talker.protocol.dataReceived(b"y" * 1000 + b"\n")
        hall.room.commits.flush()
        assert session.subscription.has_lost_place
    else:
        session.close(Bye("kicked", "out"), When.NOW)
    hall.turn()
    for _ in range(20):
        wire.is_stuck = False
        wire.flush()
    first, last, end = wire.out[greeting:].split(b"\n")
    assert first == b"talker: " + b"x" * 1000
    assert last.startswith(b"* too slow" if is_overtaken else b"* out")
    assert end == b""
