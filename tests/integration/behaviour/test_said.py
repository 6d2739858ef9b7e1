"""What is said: to whom, in which order, in both dialects, and made safe."""

import pytest

from tests.support.room import Room


def test_others_hear_and_the_speaker_does_not(room: Room) -> None:
    """In text a line goes to all the others; one's own is left out."""
    alice, bob = room.join("alice"), room.join("bob")
    assert alice.since_ping("hello") == []
    assert bob.since_ping() == ["alice: hello"]


@pytest.mark.options("--echo")
def test_echo_returns_own_lines(room: Room) -> None:
    """With --echo one's own lines come back in their place."""
    alice = room.join("alice")
    assert alice.since_ping("one", "two") == ["alice: one", "alice: two"]


def test_json_returns_own_lines(room: Room) -> None:
    """In json one's own lines come back with their id, before the next answer."""
    alice = room.join_json("alice")
    alice.send("one", "/ping x", "two", "/ping y")
    events = alice.events_until("pong", token="y")
    seen = [event.get("text", event.get("token")) for event in events]
    assert [one for one in seen if one in ("one", "two")] == ["one", "two"]
    assert [one for one in seen if one in ("x", "y")] == ["x", "y"]
    assert seen.index("one") < seen.index("x")
    assert events[0]["id"] < events[seen.index("two")]["id"]


def test_a_message_has_id_time_name_and_text(room: Room) -> None:
    """A json message carries exactly id, at, name and text; at is RFC 3339."""
    alice, bob = room.join("alice"), room.join_json("bob")
    alice.send("hello")
    message = bob.await_event("message")
    assert set(message) == {"event", "id", "at", "name", "text"}
    assert (message["name"], message["text"]) == ("alice", "hello")
    assert 0 < message["id"] < 2**53
    stamp = message["at"]
    assert len(stamp) == len("2026-01-02T03:04:05.678Z")
    assert stamp[10] == "T"
    assert stamp[-5] == "."
    assert stamp[-1] == "Z"


def test_a_slash_doubled_is_said(room: Room) -> None:
    """//x says /x, and ///x says //x."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("//quit", "///x", "a / b")
    assert bob.since_ping() == ["alice: /quit", "alice: //x", "alice: a / b"]


def test_blank_lines_are_ignored_and_spaces_are_not(room: Room) -> None:
    """An empty line is nothing; a line of spaces is said as it is."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("", "one", "", "", "  ", "two")
    assert bob.since_ping() == ["alice: one", "alice:   ", "alice: two"]


def test_active_characters_arrive_visible(room: Room) -> None:
    """C0 and DEL become pictures; C1, separators and bidi controls U+FFFD."""
    alice, bob, carol = room.join("alice"), room.join("bob"), room.join_json("carol")
    alice.send_bytes(b"nul\0 esc\x1b[2J del\x7f tab\t cr\rx bel\x07\n")
    alice.send("c1\x9b2J sep\u2028 bidi\u202e isolate\u2066 end\u2069")
    alice.since_ping()
    texts = [
        "nul␀ esc␛[2J del␡ tab\t cr␍x bel␇",
        "c1�2J sep� bidi� isolate� end�",
    ]
    assert bob.since_ping() == [f"alice: {text}" for text in texts]
    got = [carol.await_event("message")["text"] for _ in texts]
    assert got == texts


def test_every_control_character_is_mended(room: Room) -> None:
    """No C0 but TAB, no DEL, no C1 and no bidi control ever arrives."""
    codes = [*range(1, 10), *range(11, 32), 127, *range(0x80, 0xA0)]
    codes += [*range(0x2028, 0x202F), *range(0x2066, 0x206A)]
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping(*(f"a{chr(code)}b" for code in codes))
    heard = bob.since_ping()
    assert len(heard) == len(codes)
    for code, line in zip(codes, heard, strict=True):
        char = line.removeprefix("alice: a").removesuffix("b")
        if code == 9:
            assert char == "\t"
        elif code < 32:
            assert char == chr(0x2400 + code)
        else:
            assert char == ("␡" if code == 127 else "�")


def test_nobody_can_forge_a_line_of_another(room: Room) -> None:
    """What looks like a notice or another's line still stands behind one's name."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("* server says", "carol: hi", '{"event":"bye"}', "x\rcarol: y")
    assert bob.since_ping() == [
        "alice: * server says",
        "alice: carol: hi",
        'alice: {"event":"bye"}',
        "alice: x␍carol: y",
    ]


def test_a_line_too_long_is_dropped_with_an_error(room: Room) -> None:
    """Over 8192 bytes: error too-long, and the connection goes on."""
    alice, bob = room.join_json("alice"), room.join("bob")
    alice.send("x" * 8192, "y" * 8193, "z")
    alice.send("/ping end")
    events = alice.events_until("pong", token="end")
    errors = [event for event in events if event["event"] == "error"]
    assert [(e["code"], e["command"]) for e in errors] == [("too-long", None)]
    assert bob.since_ping() == ["alice: " + "x" * 8192, "alice: z"]


def test_the_length_is_counted_before_repair(room: Room) -> None:
    """8192 bytes that mend to more are said."""
    alice, bob = room.join("alice"), room.join("bob")
    alice.since_ping("\x1b" * 8192)
    assert bob.since_ping() == ["alice: " + "␛" * 8192]


def test_answers_come_after_what_was_said_before(room: Room) -> None:
    """A pong is a receipt: another member has the line before the pong is there."""
    alice, bob = room.join("alice"), room.join("bob")
    for number in range(50):
        alice.since_ping(f"line {number}")
        assert bob.line() == f"alice: line {number}"


def test_many_lines_in_one_write_keep_their_order(room: Room) -> None:
    """Ten thousand lines and commands among them arrive in the order sent."""
    alice, bob = room.join("alice"), room.join("bob")
    lines = [f"line {number}" for number in range(5000)]
    lines.insert(2500, "/ping middle")
    alice.send(*lines, "/ping end")
    assert alice.until("end") == ["* pong middle", "* pong end"]
    lines.remove("/ping middle")
    assert bob.lines(5000) == [f"alice: {line}" for line in lines]
