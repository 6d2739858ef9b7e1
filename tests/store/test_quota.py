"""What many share: the greediest owner gives way, alike wherever it was loaded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.store.quota import Quota

STEPS = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc"), st.booleans()))


def test_the_owner_with_the_most_loses_its_oldest() -> None:
    """An owner with thousands takes nothing from another."""
    quota = Quota[int, str](4)
    for key, owner in enumerate("abbb"):
        assert quota.put(key, owner, "") is None
    assert quota.put(4, "c", "") == 1
    assert quota.put(5, "b", "") == 2
    assert [key for key, _, _ in quota.items()] == [0, 3, 4, 5]


@given(STEPS, st.integers(0, 30), st.integers(1, 6))
def test_what_was_loaded_goes_on_as_if_it_had_not_been(
    steps: list[tuple[int, str, bool]], at: int, limit: int
) -> None:
    """Of equal owners, too, the same one loses."""
    one, other = Quota[int, int](limit), Quota[int, int](limit)
    for number, (key, owner, is_put) in enumerate(steps):
        if number == at:
            loaded = Quota[int, int](limit)
            loaded.load(other.items(), other.owners())
            other = loaded
        for quota in (one, other):
            if is_put:
                quota.put(key, owner, number)
            else:
                quota.drop(key)
        assert [*one.items()] == [*other.items()]
        assert one.owners() == other.owners()
        assert len(one) <= limit


def test_owners_that_are_not_those_of_the_items_are_an_error() -> None:
    """What is loaded was dumped by the same program."""
    with pytest.raises(ValueError, match="owners"):
        Quota[int, int](4).load([(1, "a", 1)], ["b"])


@given(STEPS)
def test_the_greediest_pays(steps: list[tuple[int, str, bool]]) -> None:
    """Never too many; whichever loses one has the most, and loses its oldest."""
    quota = Quota[int, str](5)
    model: dict[int, str] = {}
    for key, owner, is_put in steps:
        assert quota.drop(key) == (model.pop(key, None) is not None)
        if not is_put:
            continue
        model[key] = owner
        lost = quota.put(key, owner, "")
        assert (lost is not None) == (len(model) > 5)
        if lost is not None:
            having = [*model.values()]
            theirs = model[lost]
            assert having.count(theirs) == max(map(having.count, having))
            assert lost == next(n for n, each in model.items() if each == theirs)
            del model[lost]
        assert [key for key, _, _ in quota.items()] == [*model]
