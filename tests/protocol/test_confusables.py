"""Names that look alike, in letters of different scripts."""

import pytest

from broadcast.protocol import names
from broadcast.protocol.confusables import LookAlikes, table

ALIKE = [
    ("admin", "аdmin"),
    ("server", "Sегvеr"),
    ("Bob", "Βοb"),
    ("bob", "ΒΟΒ"),
    ("bob", "ВОВ"),
    ("bob", "вов"),
    ("hvin", "Ηνin"),
    ("igor", "Іgor"),
    ("Igor", "Іgor"),
    ("alice", "аӏісе"),
    ("café", "саfé"),
    ("рау", "pay"),
    ("οмега", "омега"),
    ("ɑdam", "аdam"),
    ("へや", "ヘや"),
    ("o-o", "օ-օ"),
]

APART = [
    ("0", "O"),
    ("b0b", "bob"),
    ("alice", "aIice"),
    ("rn", "m"),
    ("ɑdam", "adam"),
    ("café", "cafe"),
    ("дом3", "домЗ"),
    ("σοσ", "οοσ"),
    ("admin", "админ"),
    ("иван", "иваи"),
    ("Straße", "strasse"),
    ("alice", "ａlice"),
    ("b\u0335ob", "ƀob"),
    ("1", "١"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_letters_of_another_script(one: str, other: str) -> None:
    """Whichever is there first, the other is like it; each is no other than itself."""
    for first, second in ((one, other), (other, one)):
        kept = LookAlikes({names.fold(first)}.__contains__)
        kept.add(first)
        assert kept.has_like(second)
        assert not kept.has_like(first)
        assert not kept.has_like(second, {names.fold(first)})
        kept.remove(names.fold(first))
        assert LookAlikes(set[str]().__contains__).has_like(second) is False


@pytest.mark.parametrize(("one", "other"), APART)
def test_letters_of_one_script(one: str, other: str) -> None:
    """Within one script nothing is alike, nor does a digit or an accent make it so."""
    for first, second in ((one, other), (other, one)):
        kept = LookAlikes({names.fold(first)}.__contains__)
        kept.add(first)
        assert not kept.has_like(second)


def test_what_is_removed_is_forgotten() -> None:
    """A name that is kept no longer is like no other, and takes no memory."""
    kept = LookAlikes(set[str]().__contains__)
    for name in ("аdmin", "аdmin", "Βοb"):
        kept.add(name)
    kept.remove("аdmin")
    assert not kept.has_like("admin")
    assert kept.has_like("bob")
    kept.remove(names.fold("Βοb"))
    assert not kept._looks
    assert not kept._found


def test_many_names_of_one_look_are_quickly_told_apart() -> None:
    """Names of one script with one skeleton are one step to look at, however many."""
    kept = LookAlikes(set[str]().__contains__)
    for number in range(1000):
        kept.add("".join("οσ"[bit == "1"] for bit in f"{number:010b}"))
    assert len(kept._found["o" * 10]) == 1
    assert kept.has_like("o" * 10)
    assert not kept.has_like("ο" * 10)


def test_the_version_is_known() -> None:
    """The table says of which Unicode version it is."""
    assert table().version == "17.0.0"
