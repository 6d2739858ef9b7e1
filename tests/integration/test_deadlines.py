"""What happens by the clock: partial lines, idling pingers, stalled readers."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, SocketWire, connect_tcp

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]


def test_a_partial_line_is_taken_after_silence(daemon: Start, connect: Connect) -> None:
    """--flush-partial: for clients that never send a newline."""
    running = daemon("--flush-partial", "0.05")
    alice, bob = connect(running), connect(running)
    bob.since_ping("/name bob")
    alice.send_bytes(b"CONNECT alice")
    assert alice.line() == "SUCCESS"
    bob.until("alice joined")
    alice.send_bytes(b"hello")
    assert bob.line() == "alice: hello"
    alice.send_bytes("hé".encode()[:2])  # an unfinished character waits
    time.sleep(0.2)
    alice.send_bytes("hé".encode()[2:])
    assert [bob.line(), bob.line()] == ["alice: h", "alice: é"]
    alice.send_bytes(b"a\xff\xfb")
    assert bob.line() == "alice: a"
    alice.send_bytes(b"\x18b\n")
    assert bob.line() == "alice: b"


def test_flush_partial_in_a_relay_adds_lf(daemon: Start, connect: Connect) -> None:
    """The others still get whole lines."""
    running = daemon("--relay", "--flush-partial", "0.05")
    alice, bob = connect(running), connect(running)
    running.out.wait_for("2 here")
    alice.send_bytes(b"hello")
    assert bob.raw_line() == b"hello\n"


def test_flush_partial_turns_strangers_away(daemon: Start, connect: Connect) -> None:
    """An HTTP request without a line end is one too, once it is silent."""
    running = daemon("--flush-partial", "0.05")
    client = connect(running)
    client.send_bytes(b"GET / HTTP/1.1")
    assert client.rest().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("introduction", ["/format json", "CONNECT carl"])
def test_a_pinging_program_is_held_to_it(
    daemon: Start, connect: Connect, introduction: str
) -> None:
    """No byte for --idle-timeout after a ping: bye idle."""
    running = daemon("--idle-timeout", "0.3")
    client = connect(running)
    client.since_ping(introduction)
    begin = time.monotonic()
    assert "nothing heard for 0.3 seconds" in client.rest().decode()
    assert 0.25 < time.monotonic() - begin < 5
    running.out.wait_for(r"left .*\(idle\)")


def test_others_may_be_silent_for_ever(daemon: Start, connect: Connect) -> None:
    """Who never pinged, and people who pinged by hand, are not closed."""
    running = daemon("--idle-timeout", "0.2")
    never, person, program = (connect(running) for _ in range(3))
    never.send("/format json")
    person.since_ping("/name bob")
    program.send("/format json", "/ping")
    program.rest()
    time.sleep(0.3)
    never.send("/ping still")
    never.await_event("pong", token="still")
    assert all(line.startswith("* ") for line in person.since_ping())


def test_bytes_keep_a_pinger_alive(daemon: Start, connect: Connect) -> None:
    """Any byte counts, not only a ping."""
    running = daemon("--idle-timeout", "0.5")
    client = connect(running)
    client.since_ping("/format json")
    for _ in range(8):
        time.sleep(0.15)
        client.send_bytes(b"x")
    client.send_bytes(b"\n/ping end\n")
    client.await_event("pong", token="end")


def test_who_reads_nothing_is_closed(daemon: Start, connect: Connect) -> None:
    """--stall-timeout: one that takes not one byte of what it is sent."""
    running = daemon("--stall-timeout", "0.5")
    stuck = LineClient(connect_tcp(running.port, receive_buffer=4096))
    talker = connect(running)
    stuck.since_ping("/name stuck")
    talker.since_ping("/name talker")
    for _ in range(50):
        talker.since_ping(*("x" * 8000 for _ in range(20)))
    running.out.wait_for(r"stuck left .*\(stalled\)")
    assert talker.until("stuck left")
    with pytest.raises(ConnectionError):
        stuck.rest()
    stuck.close()


def test_who_reads_slowly_is_not_closed_for_that(
    daemon: Start, connect: Connect
) -> None:
    """As long as something is read within --stall-timeout."""
    running = daemon("--stall-timeout", "0.5", "--log-size", "64M")
    slow = LineClient(connect_tcp(running.port, receive_buffer=65536))
    talker = connect(running)
    slow.since_ping("/name slow")
    talker.since_ping("/name talker")
    for _ in range(20):
        talker.since_ping(*("x" * 8000 for _ in range(20)))
    assert isinstance(slow.wire, SocketWire)
    total = 0
    for _ in range(12):
        time.sleep(0.1)
        total += len(slow.wire.socket.recv(65536))
    assert total > 0
    talker.send("/quit")
    slow.until("talker left")
    slow.close()


def test_keepalive_is_set(daemon: Start, connect: Connect) -> None:
    """Dead peers are probed after 20 s of silence, every 5 s, three times."""
    running = daemon()
    client = connect(running)
    client.since_ping()
    assert isinstance(client.wire, SocketWire)
    local = client.wire.socket.getsockname()[1]
    # /proc/net/tcp tells the timer of the daemon's own end: 02 is keepalive.
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ours = next(
        fields
        for fields in map(str.split, lines)
        if int(fields[2].partition(":")[2], 16) == local and fields[3] == "01"
    )
    timer, _, left = ours[5].partition(":")
    assert timer == "02"
    assert 0 < int(left, 16) <= 20 * 100
