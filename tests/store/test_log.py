"""The log and the replays that read it, against plain lists."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.protocol.dialects import TEXT, Speaker
from broadcast.protocol.events import Join
from broadcast.store.entries import Batch, Entry, Run, Told
from broadcast.store.log import Log

SPEAKER = Speaker("al")
BATCHES = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), max_size=30)


def _fill(log: Log, batches: list[list[int]]) -> list[tuple[int, bytes]]:
    """Append batches of runs (0: somebody joins); return ids and lines."""
    said: list[tuple[int, bytes]] = []
    id = 1
    for counts in batches:
        entries: list[Entry] = []
        first = id
        for count in counts:
            if not count:
                entries.append(Told(None, Join("bob", 1)))
                continue
            lines = [b"al: %d\n" % (id + n) for n in range(count)]
            said += [(id + n, line) for n, line in enumerate(lines)]
            entries.append(Run(1, SPEAKER, b"".join(lines), count))
            id += count
        log.append(Batch(entries, first, 0.0))
        log.trim()
    return said


@given(BATCHES, st.integers(2000, 30_000))
@settings(max_examples=200, deadline=None)
def test_the_log_is_bounded(batches: list[list[int]], limit: int) -> None:
    """All costs counted, renderings too; the newest batch is kept."""
    log = Log(limit)
    _fill(log, batches)
    assert log.size <= limit or len(log) == 1
    for seq in range(log.start, log.end):
        log.shared(log.at(seq), TEXT, bytes.upper)
    rendered = log.size
    log.trim()
    assert log.size <= limit or len(log) <= 1
    total = sum(batch.cost for batch in map(log.at, range(log.start, log.end)))
    assert log.size >= total
    assert rendered >= log.size


def test_a_framing_is_made_once() -> None:
    """All writers with the same framing share one frame; without, there is none."""
    log = Log(10_000)
    _fill(log, [[2]])
    batch = log.at(0)
    rendering, data = log.shared(batch, TEXT, None)
    assert data is rendering.data
    size = log.size
    _, first = log.shared(batch, TEXT, bytes.upper)
    assert first == b"AL: 1\nAL: 2\n"
    assert log.shared(batch, TEXT, bytes.upper)[1] is first
    assert log.size == size + len(first)


def test_what_is_gone_or_not_yet_here() -> None:
    """at raises for both, never giving another batch."""
    log = Log(1)
    _fill(log, [[1], [1], [1]])
    assert (log.start, log.end) == (2, 3)
    assert log.at(2).first == 3
    for seq in (0, 1, 3):
        with pytest.raises(IndexError):
            log.at(seq)


def test_what_is_gone_of_ids_with_holes_is_counted_in_batches() -> None:
    """It is 0 only if nothing is gone, and never more than there may have been."""
    log = Log(3000, spacing=100)
    log.begin(299)
    for seq in range(3, 20):
        run = Run(1, SPEAKER, b"al: one\nal: two\n", 2)
        log.append(Batch([run], 100 * seq, 0.0))
    log.trim()
    first = log.first_id // 100
    assert 3 < first < 19
    oldest = log.oldest

    def missing_after(id: int) -> int:
        return oldest - log.place_after(id)

    assert missing_after(100 * first) == -1
    assert missing_after(100 * first - 99) == 0  # the last line that is gone
    assert missing_after(100 * first - 100) == 1
    assert missing_after(100 * (first - 3)) == 2
    assert missing_after(0) <= log.oldest
