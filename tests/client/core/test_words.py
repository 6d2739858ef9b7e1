"""Numbers with their nouns, and texts cut to a length."""

from broadcast.client.core.words import count_of, in_seconds, shorten


def test_grammar() -> None:
    """One line is no lines."""
    assert [count_of(n, "line") for n in (0, 1, 2)] == ["0 lines", "1 line", "2 lines"]


def test_waits() -> None:
    """A wait that rounds to nothing is none."""
    assert (in_seconds(0.2), in_seconds(2.6)) == ("at once", "in 3 s")


def test_long_texts_are_cut() -> None:
    """What is cut is seen to be."""
    assert (shorten("abc", 3), shorten("abcd", 3)) == ("abc", "ab…")
