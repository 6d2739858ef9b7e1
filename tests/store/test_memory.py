"""The store in memory: ids without gaps, a time, and an epoch for each run."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from broadcast.protocol.dialects import Speaker
from broadcast.protocol.events import Join
from broadcast.store.base import IStore, Page
from broadcast.store.entries import Batch, Entry, Run, Told
from broadcast.store.memory import MemoryStore

BATCHES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4), max_size=12)


def _entries(counts: list[int]) -> list[Entry]:
    """Return runs of so many lines each; 0: somebody joins."""
    speaker = Speaker("al")
    return [
        Run(1, speaker, b"al: x\n" * count, count) if count else Told(1, Join("al", 1))
        for count in counts
    ]


@given(BATCHES)
@settings(deadline=None)
def test_ids_begin_with_1_and_have_no_gaps(batches: list[list[int]]) -> None:
    """Each line has the id after the one before it; presence takes none."""
    store = MemoryStore(Clock().seconds)
    done: list[Batch] = []
    for counts in batches:
        store.commit(_entries(counts), done.append)
    runs = [e for batch in done for e in batch.entries if isinstance(e, Run)]
    ids = [id for run in runs for id in range(run.first, run.first + run.count)]
    assert ids == list(range(1, 1 + sum(map(sum, batches))))


def test_a_batch_is_committed_at_once_with_its_time() -> None:
    """The batch is handed back before ``commit`` returns, dated by the wall clock."""
    clock = Clock()
    store = MemoryStore(clock.seconds)
    done: list[Batch] = []
    for _ in range(2):
        clock.advance(10)
        store.commit(_entries([1]), done.append)
        assert done[-1].when.at == clock.seconds()
    assert [batch.first for batch in done] == [1, 2]


def test_a_line_committed_from_within_a_commit_comes_after_it() -> None:
    """Whoever commits more on being handed a batch gets the ids that follow."""
    store = MemoryStore(Clock().seconds)
    firsts: list[int] = []

    def again(batch: Batch) -> None:
        firsts.append(batch.first)
        if len(firsts) < 3:
            store.commit(_entries([2]), again)

    store.commit(_entries([3]), again)
    assert firsts == [1, 4, 6]


def test_each_run_has_an_epoch_of_its_own() -> None:
    """A position of another run is never good here, and can be written EPOCH:ID."""
    epochs = {MemoryStore(Clock().seconds).epoch for _ in range(20)}
    assert len(epochs) == 20
    assert all(epoch.isalnum() and epoch.isascii() for epoch in epochs)
    assert MemoryStore(Clock().seconds, "e1").epoch == "e1"


def test_it_is_a_store_that_keeps_nothing() -> None:
    """It starts empty, has nothing older than the ring, bounds no commit and stops."""
    store: IStore = MemoryStore(Clock().seconds)
    room: Any = None  # nothing is told it
    pages: list[Page] = []
    ended: list[None] = []
    store.start(room).addCallback(ended.append)
    store.read_before(10, 5, 1000).addCallback(pages.append)
    store.read_after(0, 5, 1000).addCallback(pages.append)
    assert [(p.batches, p.first_id, p.last_id, p.more) for p in pages] == [
        ((), 0, 0, False)
    ] * 2
    assert store.limits is None
    assert store.last_id == 0
    store.commit(_entries([3, 0, 2]), lambda batch: None)
    assert store.last_id == 5
    store.stop().addCallback(ended.append)
    assert ended == [None, None]


def test_owners_differ_by_name_and_by_key() -> None:
    """No two of a folded name and its key are one owner."""
    store = MemoryStore(Clock().seconds)
    pairs = [("al", "key-number-1"), ("al", "key-number-2"), ("bo", "key-number-1")]
    owners = [store.owner(fold, key) for fold, key in pairs]
    assert len(set(owners)) == 3
    assert owners == [store.owner(fold, key) for fold, key in pairs]
