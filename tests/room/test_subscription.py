"""A member between the log and its writer: standing, bounds, and a writer's end."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from broadcast.base.settings import RoomSettings
from broadcast.protocol.events import Bye
from broadcast.room.subscription import (
    CHUNK,
    CLOSED_WRITER,
    MAX_BACKLOG,
    NEVER,
    IWriter,
    Standing,
)
from tests.support.hall import Hall
from tests.support.wires import Pipe, join_over


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Keep cycles, as the daemon does for a while: only references free anything."""
    gc.disable()
    yield
    gc.enable()


def test_the_standings_of_a_connection() -> None:
    """One applies, is here, leaves while words are unwritten, and is gone."""
    hall = Hall()
    guest = hall.connect()
    member = guest.protocol.session.member
    seen = [member.standing]
    guest.send("/name al")
    seen.append(member.standing)
    hall.wait(1)
    seen.append(member.standing)
    guest.send("/quit")
    seen.append(member.standing)
    guest.drop()
    seen.append(member.standing)
    assert [standing.name for standing in seen] == [
        "APPLYING",
        "APPLYING",
        "HERE",
        "LEAVING",
        "GONE",
    ]


def test_nothing_is_sent_to_one_who_is_gone() -> None:
    """The writer of a lost connection takes nothing, whatever is said or asked."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    member = guest.protocol.session.member
    hall.room.answer(member, Bye("x", "an answer that is due"))
    guest.protocol.dataReceived(b"/who\n")
    guest.take()
    guest.drop()
    talker.send("hello")
    hall.room.dismiss(member, Bye("kicked", "kicked"))
    hall.wait(10)
    assert guest.take() == b""
    assert member.next_chunk() == b""
    writer: IWriter = CLOSED_WRITER
    assert member.writer is writer
    assert writer.send(b"x\n") == writer.send_shared(b"x\n") == 0


@pytest.mark.usefixtures("uncollected")
def test_a_member_that_is_kept_keeps_no_connection() -> None:
    """A lost connection is freed at once, though something knows its member still."""
    hall = Hall()
    guest = hall.join("/name al")
    member = guest.protocol.session.member
    connection = weakref.ref(guest.protocol)
    guest.drop()
    guest.transport.unregisterProducer()  # Twisted's own forget it, too
    hall.wait(10)
    del guest
    assert connection() is None
    assert member.standing is Standing.GONE


def test_who_has_not_joined_has_nothing_of_the_log_to_read() -> None:
    """The log may move on: no cursor of an applicant holds it, or is passed."""
    hall = Hall(RoomSettings(max_line=100_000), log_size=1)
    talker, guest = hall.join("/name talker"), hall.connect()
    member = guest.protocol.session.member
    for n in range(5):
        talker.send(f"line {n}")
    assert member.cursor == NEVER > hall.room.log.end
    assert member.oldest == NEVER
    hall.wait(1)
    assert hall.room.too_slow == 0
    talker.send("now")
    assert guest.lines()[-1] == "talker: now"


def test_who_reads_no_answers_is_not_read() -> None:
    """Unwritten answers stay near their bound; once they are written, all goes on."""
    hall = Hall()
    guest = hall.join("/name al")
    guest.take()
    guest.send("/help")
    answer = guest.take()
    member = guest.protocol.session.member
    writer = guest.protocol.writer
    writer.pauseProducing()  # type: ignore[union-attr]  # StringTransport's is one
    asked = 0
    while guest.transport.producerState == "producing":
        guest.send("/help")
        asked += 1
        assert member.backlog <= MAX_BACKLOG + len(answer)
    assert member.backlog > MAX_BACKLOG
    writer.resumeProducing()
    hall.turn()
    assert guest.transport.producerState == "producing"
    assert member.backlog == 0
    assert guest.take() == answer * asked


@pytest.mark.parametrize("size", [100, CHUNK - 9, CHUNK - 8, 2 * CHUNK])
def test_a_step_of_catching_up_is_a_chunk_of_whole_lines(size: int) -> None:
    """It takes about 64 KiB: less than a line more, or less, than that."""
    hall = Hall(RoomSettings(max_line=4 * CHUNK), log_size=1 << 24)
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    member = join_over(hall, wire, is_direct=True)
    wire.drain()
    wire.is_stuck = True
    count = max(3, CHUNK // size)
    for _ in range(3):
        talker.send(*["x" * size] * count)
    chunks: list[bytes] = []
    while (chunk := member.next_chunk()) and len(chunks) < 50:
        chunks.append(chunk)
    assert member.live
    line = len(b"talker: \n") + size
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert all(len(chunk) < CHUNK + line for chunk in chunks)
    assert all(len(chunk) > CHUNK - line for chunk in chunks[:-1])
    before = len(wire.out)
    wire.is_stuck = False
    wire.flush()  # what had been taken of the first line
    assert len(wire.out) - before + sum(map(len, chunks)) == 3 * count * line
