"""What the server says, as data."""

from broadcast.protocol.events import who_pieces


def test_a_long_list_of_names_comes_in_pieces() -> None:
    """At most 200 names and about 12 KiB a piece; all but the last say more."""
    listed = [f"name-{n}" for n in range(450)]
    pieces = list(who_pieces(listed, 450))
    assert [len(piece.names) for piece in pieces] == [200, 200, 50]
    assert [piece.more for piece in pieces] == [True, True, False]
    assert [name for piece in pieces for name in piece.names] == listed
    long = ["漢" * 32] * 200
    assert all(len(str(p.record()).encode()) < 16384 for p in who_pieces(long, 200))
