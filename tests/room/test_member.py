"""A member: its cursor, its dialect, and the line ends that it is written."""

from broadcast.protocol.dialects import JSON, TEXT
from tests.support.hall import Hall
from tests.support.wires import Pipe, join_over


def test_crlf_heard_while_behind() -> None:
    """The line that was begun ends as it began; the next ones with CRLF."""
    hall = Hall()
    talker, guest = hall.join("/name talker"), hall.join("/name al")
    guest.take()
    writer = guest.protocol.writer
    writer.pauseProducing()  # type: ignore[union-attr]  # StringTransport's is one
    talker.send("one", "two")
    guest.send_bytes(b"hello\r\n")
    talker.send("three")
    writer.resumeProducing()
    talker.send("four")
    lines = guest.take().split(b"\n")
    assert [line.rstrip(b"\r") for line in lines[:-1]] == [
        b"talker: one",
        b"talker: two",
        b"talker: three",
        b"talker: four",
    ]
    assert all(line.endswith(b"\r") for line in lines[2:-1])


def test_crlf_heard_before_a_queued_switch_to_text() -> None:
    """A member that sends CRLF gets CRLF, even in a dialect that is queued."""
    hall = Hall()
    talker = hall.join("/name talker")
    wire = Pipe(0, is_direct=True)
    session = join_over(hall, wire, is_direct=True)
    session.subscription.switch(JSON)
    session.subscription.writer.wake()
    wire.drain()
    wire.is_stuck = True
    talker.send("one")
    session.subscription.switch(TEXT)
    session.subscription.heard_crlf()
    wire.is_stuck = False
    wire.drain()
    talker.send("two")
    wire.drain()
    assert wire.out.endswith(b"talker: two\r\n")
