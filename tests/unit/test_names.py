"""The rules for names: what is good, what is the same, what it may cost."""

from unicodedata import normalize

from broadcast import names


def test_a_name_can_not_cost_much() -> None:
    """What is too long for a name is refused unseen; marks are counted."""
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
    given = normalize("NFD", name)
    assert len(given) == 128
    assert names.clean(given) == name
    assert names.fold(given) == names.fold(name)
