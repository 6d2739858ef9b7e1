"""The rules for names: what is good, what is the same, what it may cost."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.protocol import names

LETTERS = st.characters(categories=["L", "Nd"])
INNER = st.characters(categories=["L", "M", "Nd"], include_characters="_-.")
NAMES = st.builds("".join, st.tuples(LETTERS, st.text(INNER, max_size=31)))
"""Most are good ones."""


def test_a_name_can_not_cost_much() -> None:
    """A text too long for a name is refused unread; marks are counted."""
    assert names.clean("a" * 100_000) is None
    assert names.clean("a" + "\u0335" * 3 + "b") is not None
    assert names.mend("a" * 100_000) == "a" * 32
    assert names.clean(names.mend("a" + "\u0335" * 9)) is not None
    assert names.numbered("x" * 32, 12) == "x" * 29 + "-12"


def test_marks_are_not_sorted_by_the_thousand() -> None:
    """No normalizing of what is too long: it takes quadratic time."""
    marks = "\u0345\u0334" * 65
    assert normalize("NFKC", marks) != marks
    assert names.fold(marks) is marks


def test_a_name_may_come_decomposed() -> None:
    """The longest of names is the same in four times as many code points."""
    name = "\u1f82" * 32
    spread = normalize("NFD", name)
    assert len(spread) == 128
    assert names.clean(spread) == name
    assert names.fold(spread) == names.fold(name)


@given(NAMES)
def test_a_fold_is_folded(raw: str) -> None:
    """Folding is idempotent: bans and mutes keep folds."""
    folded = names.fold(raw)
    assert names.fold(folded) == folded
    if (name := names.clean(raw)) is not None:
        assert names.clean(name) == name
        assert names.fold(name) == folded
        assert names.is_folded(folded)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160)),
        *((0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E)),
        *((0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3)),
        *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    ],
    ids=hex,
)
def test_nothing_invisible_is_in_a_name(first: int, last: int) -> None:
    """Unicode's Default_Ignorable_Code_Point: else two names look the same."""
    for char in map(chr, range(first, last + 1)):
        assert names.clean(char) is None
        assert names.clean(f"alice{char}") is None
        assert names.mend(f"al{char}ice") == "al-ice"
        assert names.mend(char) == "anonymous"


@pytest.mark.parametrize(
    ("name", "folded"),
    [("ℌello", "hello"), ("ＡＤ", "ad"), ("Straße", "strasse"), ("İ", "i\u0307")],
)
def test_names_that_are_the_same(name: str, folded: str) -> None:
    """Compatibility comes before case: what it brings up is folded too."""
    assert names.fold(name) == folded


def test_most_names_are_one_string() -> None:
    """A name that is its own fold takes no memory twice."""
    for name in ("".join(["al", "ice"]), "漢字"):
        assert names.fold(name) is name
