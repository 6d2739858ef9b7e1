"""Writers that frame: what waits, and in which order it is written."""

from typing import Any

import pytest

from broadcast.net.writers import RECORD
from broadcast.room.output import CHUNK
from broadcast.session.interfaces import IConnection
from broadcast.web.frames import line_by_line
from broadcast.web.writers import BufferedFrameWriter
from tests.support.hall import Hall
from tests.support.wires import Front

PONG = b"\x8a\x00"


class Narrow:
    """A transport that is full after each write of more than a little."""

    def __init__(self, is_full_at: int) -> None:
        self.written: list[bytes] = []
        self._is_full_at = is_full_at

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if len(data) >= self._is_full_at:
            self.producer.pauseProducing()


def over(transport: Narrow, members: int) -> tuple[Hall, BufferedFrameWriter]:
    """Return a room of so many members, and a writer of one of them."""
    hall = Hall()
    member, *_ = [hall.join("/quiet") for _ in range(members)]
    front: Any = Front(transport)  # type: ignore[arg-type]  # it is one for a writer
    front.session = member.protocol.session
    connection: IConnection = front
    return hall, BufferedFrameWriter(connection, line_by_line, b"head")


@pytest.mark.parametrize(("members", "share"), [(1, CHUNK), (300, RECORD)])
def test_a_batch_is_written_a_share_at_a_time(members: int, share: int) -> None:
    """A control frame comes after it, and nothing else meanwhile."""
    transport = Narrow(1000)
    _, writer = over(transport, members)
    data = bytes(range(256)) * 500
    assert writer.send_shared(data) == len(data)
    assert writer.send_shared(b"more") == 0
    writer.write_control(PONG)
    while PONG not in transport.written:
        writer.resumeProducing()
    assert b"".join(transport.written) == b"head" + data + PONG
    assert all(len(piece) <= share for piece in transport.written)
    assert writer.send_shared(b"more") == 4


def test_a_transport_that_takes_more_is_given_more() -> None:
    """What is left of a batch is a job then: nobody will call for it."""
    transport = Narrow(1 << 20)
    hall, writer = over(transport, 300)
    data = bytes(100_000)
    writer.send_shared(data)
    assert len(transport.written) == 2
    hall.turn()
    assert b"".join(transport.written) == b"head" + data
