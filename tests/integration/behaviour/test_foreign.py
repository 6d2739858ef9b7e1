"""Other people's clients, unchanged: CONNECT, __name__, telnet, bare CRLF."""

import re
import socket

import pytest

from tests.support.lineclient import LineClient, SocketWire
from tests.support.room import Room

IAC, SB, SE, WILL = b"\xff", b"\xfa", b"\xf0", b"\xfb"
DO, DONT, WONT, TIMING_MARK = b"\xfd", b"\xfe", b"\xfc", b"\x06"


def test_connect_is_answered_with_success_first(stream: Room) -> None:
    """The first bytes are SUCCESS and the line end that the client writes."""
    for end in (b"\n", b"\r\n"):
        client = stream.connect()
        client.send_bytes(b"CONNECT carl" + end + b"/ping x" + end)
        assert client.raw_line() == b"SUCCESS" + end
        assert client.raw_line().startswith(b"* You are carl,")
        client.send("/quit")
        client.rest()


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("alice", "alice-2"),
        ("ALICE", "ALICE-2"),
        ("a b*c", "a-b-c"),
        ("", "anonymous"),
        ("***", "anonymous"),
        ("server", "server-2"),
        ("x" * 40, "x" * 32),
        ("carl", "carl"),
    ],
)
def test_connect_never_fails_on_the_name(room: Room, wanted: str, name: str) -> None:
    """A name that can't be had is mended, and a notice says so."""
    room.join("alice")
    client = room.connect()
    told = client.since_ping(f"CONNECT {wanted}")
    assert told[0] == "SUCCESS"
    assert told[1].startswith(f"* You are {name},")
    notice = [f"* you are called {name} here"] if name != wanted else []
    assert told[2:] == notice


def test_connect_commands_begin_with_a_backslash(room: Room) -> None:
    """\\ping is silent, \\clients is /who, other backslashes are said."""
    bob = room.join("bob")
    client = room.connect()
    client.since_ping("CONNECT carl")
    assert client.since_ping("\\ping", "\\\\ping") == []
    who = "* 2 here: bob, carl"
    assert client.since_ping("\\clients", "\\\\clients") == [who, who]
    client.since_ping("\\other", "hello")
    assert bob.since_ping() == ["carl: \\other", "carl: hello"]


@pytest.mark.parametrize("word", ["\\exit", "\\\\exit"])
def test_connect_exit(room: Room, word: str) -> None:
    """\\exit, with one backslash or two, leaves."""
    client = room.connect()
    client.since_ping("CONNECT carl")
    client.send(word)
    assert client.rest_lines() == ["* Bye"]


def test_a_backslash_is_said_by_all_others(room: Room) -> None:
    """Only CONNECT members have backslash commands."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("\\exit")
    assert bob.since_ping() == ["alice: \\exit"]


def test_dunder_name_members_hear_themselves(room: Room) -> None:
    """__name__:NAME is as lenient, and one's own lines come back."""
    room.join("alice")
    client = room.connect()
    told = client.since_ping("__name__:alice")
    assert told[0].startswith("* You are alice-2,")
    assert told[1:] == ["* you are called alice-2 here"]
    assert client.since_ping("hello") == ["alice-2: hello"]


def test_these_words_are_an_introduction_only_at_first(room: Room) -> None:
    """CONNECT and __name__ later on are said like anything else."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("CONNECT carl", "__name__:carl")
    assert bob.since_ping() == ["alice: CONNECT carl", "alice: __name__:carl"]


def test_crlf_comes_back_from_the_first_one_on(stream: Room) -> None:
    """LF until the member's own first CRLF, CRLF from then on; LF for others."""
    alice, bob = stream.join("alice"), stream.join("bob")
    alice.since_ping("one")
    assert bob.raw_line() == b"alice: one\n"
    bob.send_bytes(b"hello\r\n/ping x\r\n")
    assert bob.raw_line() == b"* pong x\r\n"
    alice.send("two")
    assert bob.raw_line() == b"alice: two\r\n"
    assert alice.raw_line() == b"bob: hello\n"
    bob.send_bytes(b"/history 1\n")
    replayed = [bob.raw_line() for _ in range(3)]
    assert all(line.endswith(b"\r\n") for line in replayed)


def test_json_lines_end_with_lf_whatever_the_member_writes(stream: Room) -> None:
    """The json dialect knows no CRLF; back in text, CRLF is remembered."""
    client = stream.connect()
    client.send_bytes(b"/format json\r\n/ping x\r\n")
    assert client.raw_line().endswith(b"}\n")
    assert client.raw_line().endswith(b"}\n")
    client.send_bytes(b"/format text\n")
    assert client.raw_line().endswith(b"commands.\r\n")


def test_only_one_cr_is_dropped(stream: Room) -> None:
    """A second CR before the line end is shown; CR alone ends no line."""
    alice, bob = stream.join("alice"), stream.join("bob")
    alice.send_bytes(b"one\r\r\ntwo\rthree\n")
    alice.since_ping()
    assert bob.since_ping() == ["alice: one␍", "alice: two␍three"]


def test_telnet_negotiation_is_swallowed(stream: Room) -> None:
    """Commands, options and subnegotiations, also when cut between two reads."""
    bob = stream.join("bob")
    client = stream.connect()
    client.send_bytes(IAC + WILL + b"\x18" + b"/name te" + IAC)
    client.send_bytes(b"\xf1lnet\r\nhel" + IAC + SB + b"\x18\0xterm\n")
    client.send_bytes(b"more" + IAC)
    client.send_bytes(SE + b"lo\r\n/ping x\r\n")
    told, answers = _without_answers(client)
    assert answers == [IAC + DONT + b"\x18"]
    assert told.startswith(b"* You are telnet,")
    assert told.endswith(b"* pong x\r\n* Bye\r\n")
    assert bob.since_ping() == ["telnet: hello"]


def test_an_escaped_iac_is_one_byte(stream: Room) -> None:
    """IAC IAC is the byte 255, which is no UTF-8."""
    alice, bob = stream.join("alice"), stream.join("bob")
    alice.send_bytes(b"a" + IAC + IAC + b"b\n")
    alice.since_ping()
    assert bob.since_ping() == ["alice: a�b"]


def test_telnet_is_told_each_time_that_nothing_is_done(stream: Room) -> None:
    """Before joining and after, as a client needs it that waits for a mark."""
    client = stream.connect()
    client.send_bytes(IAC + DO + TIMING_MARK)
    client.send_bytes(b"/name al\n" + IAC + WONT + b"\n" + IAC + DONT + b"\n")
    for number in range(3):
        client.send_bytes(b"/pi" + IAC + DO + TIMING_MARK + b"ng %d\n" % number)
        client.send_bytes(IAC + WILL + b"\n")
    told, answers = _without_answers(client)
    assert told.split(b"\n")[1:] == [
        b"* pong 0",
        b"* pong 1",
        b"* pong 2",
        b"* Bye",
        b"",
    ]
    wont, dont = IAC + WONT + TIMING_MARK, IAC + DONT + b"\n"
    assert answers == [wont, *[wont, dont] * 3]


def _without_answers(client: LineClient) -> tuple[bytes, list[bytes]]:
    """Return what ``client`` is told until it quits, and telnet's answers in it."""
    pieces = [client.raw_line()]
    client.send("/ping last")
    while b"pong last" not in pieces[-1]:
        pieces.append(client.raw_line())
    client.send("/quit")
    told = b"".join([*pieces, client.rest()])
    answer = re.compile(rb"\xff[\xfc\xfe].", re.DOTALL)
    words = re.sub(rb"\* pong last\r?\n", b"", answer.sub(b"", told))
    return words, answer.findall(told)


def test_no_program_is_answered_as_telnet_is(stream: Room) -> None:
    """One that reads objects gets nothing else."""
    client = stream.join_json("al")
    client.send_bytes(IAC + DO + TIMING_MARK + b"/ping x\n/ping y\n")
    assert client.raw_line() == b'{"event":"pong","token":"x"}\n'
    assert client.raw_line() == b'{"event":"pong","token":"y"}\n'


def test_cr_nul_ends_a_line_of_telnet(stream: Room) -> None:
    """For one that has begun telnet, and only then."""
    alice, bob = stream.join("alice"), stream.join("bob")
    alice.send_bytes(b"a\r\0b\n" + IAC + b"\xf1one\r")
    alice.send_bytes(b"\0two\r\0")
    alice.since_ping()
    assert bob.since_ping() == ["alice: a␍␀b", "alice: one", "alice: two"]


def test_urgent_bytes_stay_in_their_place(stream: Room) -> None:
    """The DM that telnet sends as urgent data belongs to the IAC before it."""
    if str(stream.face) != "tcp":
        pytest.skip("there is no urgent data")
    alice, bob = stream.join("alice"), stream.join("bob")
    wire = alice.wire
    assert isinstance(wire, SocketWire)
    wire.socket.send(IAC + b"\xf2", socket.MSG_OOB)
    alice.since_ping("hello")
    assert bob.since_ping() == ["alice: hello"]


@pytest.mark.options("--flush-partial", "0.05")
def test_a_cr_ends_a_line_of_a_device_that_knows_no_lf(stream: Room) -> None:
    """Each line is said once, and no blank one."""
    alice, bob = stream.join("alice"), stream.join("bob")
    for piece in (b"one\rtwo\r", b"three\r", b"\nfour\r\n"):
        alice.send_bytes(piece)
        last = piece.split()[-1].decode()
        assert bob.until(f": {last}")
    alice.since_ping()
    bob.send("/history 4")
    said = [line.partition("] ")[2] for line in bob.until("that was the last")]
    assert [line for line in said if line] == [
        f"alice: {word}" for word in ("one", "two", "three", "four")
    ]
