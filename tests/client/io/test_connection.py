"""The connection: connecting, coming back, giving up. On a clock of the test's own."""

import pytest

from broadcast.client.address import parse_address
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import Session
from broadcast.client.events import Event, Lost, Message
from broadcast.client.io.backoff import Backoff
from broadcast.client.io.connection import Connection
from tests.support.client.memory import MemoryNet, MemoryWire


class Rig:
    """A connection on a network in memory; the backoff's chance is always 0."""

    def __init__(
        self,
        *,
        retry: float | None = None,
        ease: float = 0.0,
        url: str = "tcp://host",
    ) -> None:
        self.loop = MemoryNet()
        self.events: list[Event] = []
        self.session = Session(Profile(name="bob", key="k" * 8, prefix="t"))
        self.connection = Connection(
            self.loop,
            parse_address(url),
            self.session,
            self.events.extend,
            retry=retry,
            backoff=Backoff(lambda: 0.0),
            ease=ease,
        )
        self.connection.start()

    def lost(self) -> list[Lost]:
        return [event for event in self.events if isinstance(event, Lost)]


def is_reading(transport: MemoryWire) -> bool:
    return transport.is_reading


def test_a_key_never_lengthens_a_wait() -> None:
    """A try ahead of time that fails leaves the wait as it was, however many come."""
    rig = Rig()
    rig.loop.accept().welcome()
    rig.loop.taps[-1].closed("reset")
    for _ in range(20):
        rig.loop.advance(0.01)
        rig.connection.wake()
        rig.loop.refuse()
    rig.loop.advance(0.85)
    assert len(rig.loop.taps) == 22
    rig.loop.refuse()
    assert rig.lost()[-1].retry_in == 2


def test_first_connection_is_tried_once() -> None:
    """Where nobody listens at the start, that is the end, and the reason is given."""
    rig = Rig()
    rig.loop.refuse()
    assert rig.events == [Lost("connection refused", None, "cannot-connect")]
    rig.loop.advance(1000)
    assert len(rig.loop.taps) == 1


def test_comes_back_with_growing_waits() -> None:
    """After a loss it tries again after 1 s, 2 s …, and small again once it worked."""
    rig = Rig()
    rig.loop.accept().welcome()
    rig.loop.taps[-1].closed("reset")
    rig.loop.advance(1)
    rig.loop.refuse()
    rig.loop.advance(2)
    rig.loop.accept().resume_log()
    rig.loop.taps[-1].closed("reset")
    assert [lost.retry_in for lost in rig.lost()] == [1, 2, 1]
    assert {lost.code for lost in rig.lost()} == {"lost"}


def test_wakes_at_once() -> None:
    """A key press while waiting tries now; only one try goes on at a time."""
    rig = Rig()
    rig.connection.wake()
    rig.loop.accept().welcome()
    rig.connection.wake()
    assert len(rig.loop.taps) == 1
    rig.loop.taps[-1].closed("reset")
    rig.connection.wake()
    assert len(rig.loop.taps) == 2
    rig.loop.advance(50)
    assert len(rig.loop.taps) == 2


def test_gives_up_after_retry() -> None:
    """``retry`` bounds the time that it tries to come back; 0 is not at all."""
    rig = Rig(retry=5)
    rig.loop.accept().welcome()
    rig.loop.taps[-1].closed("reset")
    for _ in range(10):
        rig.loop.advance(4)
        if rig.lost()[-1].retry_in is None:
            break
        rig.loop.refuse()
    assert rig.lost()[-1] == Lost("connection refused", None, "lost")
    assert rig.loop.time <= 12
    rig = Rig(retry=0)
    rig.loop.accept().welcome()
    rig.loop.taps[-1].closed("reset")
    assert rig.lost() == [Lost("reset", None, "lost")]


@pytest.mark.parametrize(
    ("code", "reconnect", "expected"),
    [
        ("kicked", False, Lost("out", None, "refused")),
        ("quit", False, Lost("out", None, "quit")),
        ("shutdown", True, Lost("out", 1, "lost")),
    ],
)
def test_bye(code: str, reconnect: bool, expected: Lost) -> None:
    """``bye`` says whether to come back, and gives the reason."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    transport.say("bye", code=code, text="out", reconnect=reconnect)
    rig.loop.taps[-1].closed("the server closed the connection")
    assert rig.lost() == [expected]


def test_full_before_the_welcome_is_a_refusal() -> None:
    """A server that sends us away at the door says why, in json or in text."""
    rig = Rig()
    rig.loop.accept().say("bye", code="full", text="no room", reconnect=True)
    rig.loop.taps[-1].closed("closed")
    assert rig.lost() == [Lost("no room", None, "refused")]
    rig = Rig()
    rig.loop.accept().receiver.received(b"* The server is full\n")
    rig.loop.taps[-1].closed("closed")
    assert rig.lost() == [Lost("* The server is full", None, "cannot-connect")]


def test_a_dead_server_is_noticed_within_30_seconds() -> None:
    """Silence, a ping, silence: the connection is dropped, and it says so."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    rig.loop.advance(29)
    assert not transport.is_open
    assert rig.lost() == [Lost("the server does not answer", 1, "lost")]
    assert b"/ping heartbeat\n" in transport.data.partition(b"\n/ping")[2]


def test_pausing_spans_connections_and_is_not_death() -> None:
    """A listener that has enough stays paused over a reconnect, and unbothered."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    rig.connection.set_paused(True)
    rig.loop.advance(100)
    assert (transport.is_open, transport.is_reading) == (True, False)
    rig.loop.taps[-1].closed("reset")
    rig.connection.wake()
    transport = rig.loop.accept()
    assert not is_reading(transport)
    rig.connection.set_paused(False)
    assert is_reading(transport)


def test_easing_reads_in_larger_pieces() -> None:
    """Under load it looks 20 times a second; a large piece is never waited after."""
    rig = Rig(ease=0.05)
    transport = rig.loop.accept()
    rig.loop.advance(1)
    transport.welcome()
    assert is_reading(transport)
    transport.say("notice", text="x")
    assert not is_reading(transport)
    rig.loop.advance(0.05)
    assert is_reading(transport)
    transport.receiver.received(b" " * 100_000)
    assert is_reading(transport)


def test_broken_server() -> None:
    """Bytes of another protocol end the connection with that reason."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    transport.receiver.received(b"x" * 5_000_000)
    assert rig.lost() == [Lost("the server sends a line without end", 1, "lost")]
    transport.receiver.received(b"late\n")


def test_closing() -> None:
    """After ``close`` nothing is tried and no event comes, whatever happens."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    seen = len(rig.events)
    rig.connection.close()
    assert not transport.is_open
    transport.receiver.received(b'{"event":"notice","text":"x"}\n')
    transport.receiver.closed("closed")
    rig.loop.advance(100)
    assert (len(rig.events), len(rig.loop.taps)) == (seen, 1)
    rig = Rig()
    rig.connection.close()
    assert rig.loop.given_up == 1
    assert not rig.loop.accept().is_open


def test_messages_reach_the_listener() -> None:
    """The session's events are handed on at once."""
    rig = Rig()
    transport = rig.loop.accept()
    transport.welcome()
    transport.say("message", id=1, at="x", name="eve", text="hi")
    assert rig.events[-1] == Message(1, "x", "eve", "hi")


def test_leaving_says_goodbye_and_waits_a_moment() -> None:
    """The server is told, so that it keeps no place; then it may take 2 s at most."""
    for answers in (True, False):
        rig = Rig()
        transport = rig.loop.accept()
        transport.welcome()
        left: list[object] = []
        rig.connection.leave(left.append)
        assert transport.data.endswith(b"/quit\n")
        assert not left
        if answers:
            transport.receiver.closed("closed")
        else:
            rig.loop.advance(2)
            assert not transport.is_open
        assert left == [None]
    rig = Rig()
    rig.connection.leave(left.append)
    assert len(left) == 2


def test_of_several_servers_the_next_one_is_tried() -> None:
    """At the start until one answers, and after each loss: in turn, over and over."""
    rig = Rig(url="a,b,c")
    rig.loop.refuse()
    assert rig.events == []
    rig.loop.accept().welcome()
    rig.loop.taps[-1].closed("reset")
    assert rig.connection.address.host == "b"
    rig.loop.advance(1)
    rig.loop.refuse()
    rig.loop.advance(2)
    assert rig.loop.dialled == [f"{name}:8000" for name in "abca"]


def test_if_none_of_several_servers_answers_that_is_the_end() -> None:
    """Each is tried once, at the start."""
    rig = Rig(url="a,b")
    rig.loop.refuse()
    rig.loop.refuse()
    assert rig.events == [Lost("connection refused", None, "cannot-connect")]
    assert rig.connection.address.host == "b"
    rig.loop.advance(1000)
    assert len(rig.loop.taps) == 2
