"""What the server says, as data."""

from broadcast.protocol.dialects import JSON, TEXT, Moment
from broadcast.protocol.events import Join, Leave, Presence, Rename, Who, who_piece

WHEN = Moment(0.0)


def test_a_long_list_of_names_comes_in_pieces() -> None:
    """At most 200 names and about 12 KiB a piece; all but the last say more."""
    listed = [(f"name-{n}", False) for n in range(450)]
    pieces: list[Who] = []
    while not pieces or pieces[-1].more:
        pieces.append(who_piece(listed[200 * len(pieces) :], 450))
    assert [len(piece.names) for piece in pieces] == [200, 200, 50]
    assert [piece.more for piece in pieces] == [True, True, False]
    assert [name for piece in pieces for name in piece.names] == [n for n, _ in listed]


def test_no_piece_of_names_is_too_long() -> None:
    """The longest names, all quiet, so that each stands twice, fit into 16 KiB."""
    for is_quiet in (False, True):
        piece = who_piece([(f"{n:03}" + "漢" * 29, is_quiet) for n in range(201)], 201)
        assert piece.more
        for dialect in (JSON, TEXT):
            assert len(dialect.told(piece)) < 16384


def test_quiet_members_are_marked_in_the_list() -> None:
    """In words for people, in a list of its own for programs; which is left out if
    nobody is quiet."""
    piece = who_piece([("alice", False), ("carol", True)], 2)
    assert piece.text() == "2 here: alice, carol (quiet)"
    listed = {"names": ["alice", "carol"], "count": 2, "more": False}
    assert piece.record() == listed | {"quiet": ["carol"]}
    assert who_piece([("alice", False)], 1).record() == {
        "names": ["alice"],
        "count": 1,
        "more": False,
    }


def test_what_a_quiet_member_does_is_for_programs() -> None:
    """Nobody reads of it in text, and json marks it; an answer to itself is told."""
    quiet = (
        Join("carol", 2, quiet=True),
        Leave("carol", 1, "quit", quiet=True),
        Rename("carol", 2, "cleo", quiet=True),
    )
    for event in quiet:
        assert TEXT.announced(event, WHEN) == b""
        assert TEXT.told(event, WHEN) != b""
        assert JSON.announced(event, WHEN).endswith(b',"quiet":true}\n')
    assert b"quiet" not in JSON.announced(Join("carol", 2), WHEN)
    folded = Presence(0, 0, 9, quiet=True)
    assert TEXT.announced(folded, WHEN) == b""
    assert folded.record() == {"joined": 0, "left": 0, "count": 9}
