"""The ring against a list."""

import gc
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.store.log import RING_CHUNK as CHUNK
from broadcast.store.log import Ring


@given(st.lists(st.integers(-2 * CHUNK, 3 * CHUNK), max_size=12))
@settings(deadline=None)
def test_it_is_a_queue_with_indexes(moves: list[int]) -> None:
    """Whatever is appended (above 0) and dropped (below), each index gives its item."""
    ring, items, number = Ring[int](), list[int](), 0
    for move in moves:
        for _ in range(max(0, move)):
            ring.append(number)
            items.append(number)
            number += 1
        for _ in range(min(len(items), max(0, -move))):
            assert ring.popleft() == items.pop(0)
        assert len(ring) == len(items)
        assert [ring[index] for index in range(len(ring))] == items
        if items:
            assert ring[-1] == items[-1]
        for index in (len(items), -len(items) - 1):
            with pytest.raises(IndexError):
                ring[index]
    if not items:
        with pytest.raises(IndexError):
            ring.popleft()


def test_what_is_dropped_is_let_go() -> None:
    """Nothing keeps an item alive that has been taken out."""
    ring = Ring[set[int]]()
    ring.append({1})
    ring.append({2})
    dropped = weakref.ref(ring.popleft())
    gc.collect()
    assert dropped() is None
