"""How many lines each message has, against a plain list of all of them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.store import contents
from broadcast.store.contents import LINES, Contents

COUNTS = st.lists(st.sampled_from([0, 0, 0, 1, 2, 5, 4095]), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    """Count few messages together."""
    patch = pytest.MonkeyPatch()
    patch.setattr(contents, "BLOCK", 4)
    yield
    patch.undo()


def known(first: int, counts: list[int]) -> Contents:
    """Return what is known of messages with so many lines."""
    found = Contents(first)
    for seq, count in enumerate(counts, first):
        found.note(seq, count)
    return found


def ids_of(first: int, counts: list[int]) -> list[int]:
    """Return the ids of all lines."""
    return [
        seq * LINES + at
        for seq, count in enumerate(counts, first)
        for at in range(count)
    ]


@given(COUNTS, st.integers(1, 9), st.integers(0, 50), st.booleans(), st.data())
@settings(deadline=None)
def test_it_agrees_with_a_list(
    counts: list[int], first: int, dropped: int, is_loaded: bool, data: st.DataObject
) -> None:
    """Wherever it begins, whatever was dropped, and after a dump."""
    found = known(first, counts)
    found.begin_at(first + dropped)
    if is_loaded:
        found = Contents.load(found.freeze()())
    ids = ids_of(first, counts)
    kept = [id for id in ids if id >= found.first * LINES]
    assert found.first_id == (kept[0] if kept else found.end * LINES)
    picks = st.integers(0, found.end * LINES) | st.sampled_from([*ids, 1])
    one, other = sorted((data.draw(picks), data.draw(picks)))
    exact = sum(one <= id < other for id in ids)
    reckoned = found.count(one, other)
    if one >= found.first * LINES or (first == 1 and len(kept) == len(ids)):
        assert reckoned == exact
    assert bool(reckoned) or not exact
    lines = data.draw(st.integers(0, 20))
    earlier = [id for id in kept if id < one]
    if lines and one <= found.end * LINES:
        expected = earlier[-lines] if len(earlier) >= lines else found.first_id
        assert found.id_before(one, lines) == expected
    most = data.draw(st.integers(1, 50))
    before, after = found.before(one, most), found.after(one, most)
    assert before == by_message(earlier)[::-1][:most]
    assert after == by_message([id for id in kept if id > one])[:most]


def by_message(ids: list[int]) -> list[tuple[int, int]]:
    """Return how many lines each message has."""
    seqs = [id // LINES for id in ids]
    return [(seq, seqs.count(seq)) for seq in dict.fromkeys(seqs)]


def test_nothing_is_missing_before_the_first_line_of_all() -> None:
    """Nor before one that follows the last that was dropped."""
    found = known(1, [0, 0, 2, 0, 3])
    assert found.count(1, 3 * LINES) == 0
    found.begin_at(4)
    assert found.count(3 * LINES + 2, 5 * LINES) == 0
    assert found.count(3 * LINES + 1, 5 * LINES) == 1
    assert found.count(1, 5 * LINES) == 3


def test_messages_that_are_not_there_have_no_lines() -> None:
    """Sequences may have holes."""
    found = known(1, [1])
    found.note(30, 2)
    found.note(29, 7)  # of the past
    assert found.after(0, 9) == [(1, 1), (30, 2)]
    assert found.count(1, 40 * LINES) == 3


def test_what_does_not_count_is_known() -> None:
    """The runs of a message that were not let in, beside those that were."""
    found = known(1, [1])
    found.note(2, 2, [0, 2])
    found.note(3, 0, [0])
    found = Contents.load(found.freeze()())
    assert [found.left_out(seq) for seq in (1, 2, 3)] == [(), (0, 2), ()]
    found.begin_at(3)
    assert found.left_out(2) == ()


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the oldest messages beyond a number nothing is known any more."""
    monkeypatch.setattr(contents, "MOST", 16)
    found = known(1, [1] * 100)
    assert 16 - 4 <= found.end - found.first <= 16
    assert found.count(1, found.first * LINES) == found.first - 1
    monkeypatch.setattr(contents, "MOST_PARTIAL", 3)
    for seq in range(101, 106):
        found.note(seq, 1, [0])
    assert found.first == 103
    assert [found.left_out(seq) for seq in range(102, 106)] == [(), (0,), (0,), (0,)]
    found.note(1000, 1)
    assert (found.first, found.first_id) == (1000, 1000 * LINES)
