"""Pages that begin before the ring, against plain lists."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed

from broadcast.protocol.dialects import RAW, TEXT, Speaker
from broadcast.store.archive import Archive, Question
from broadcast.store.base import Page as Kept
from broadcast.store.entries import Batch, Run
from broadcast.store.log import Log, ReplayCursor
from broadcast.store.memory import MemoryStore

SPEAKER = Speaker("al")


class ListStore(MemoryStore):
    """Keeps batches of so many lines, the ids without holes, from one id on."""

    def __init__(self, counts: list[int], first_id: int) -> None:
        super().__init__(lambda: 0.0)
        self.batches: list[Batch] = []
        for count in counts:
            self.batches.append(_batch(first_id, count))
            first_id += count

    @property
    def first_id(self) -> int:
        """The oldest line's id."""
        return self.batches[0].first if self.batches else 1

    def read_before(self, id: int, lines: int, size: int) -> Deferred[Kept]:
        """Return the last lines before ``id``."""
        found: list[Batch] = []
        had = 0
        for batch in reversed(self.batches):
            if batch.first >= id:
                continue
            if had >= lines:
                return succeed(Kept(found, had - lines, lines, more=True))
            found.insert(0, batch)
            had += min(batch.count, id - batch.first)
        count = min(had, lines)
        return succeed(Kept(found, had - count, count, more=had > count))

    def read_after(self, id: int, lines: int, size: int) -> Deferred[Kept]:
        """Return the first lines after ``id``."""
        found: list[Batch] = []
        had = 0
        for batch in self.batches:
            if batch.first + batch.count - 1 <= id:
                continue
            if had >= lines:
                return succeed(Kept(found, _skip(found, id), lines, more=True))
            found.append(batch)
            had += batch.count - max(0, id + 1 - batch.first)
        count = min(had, lines)
        return succeed(Kept(found, _skip(found, id), count, more=had > count))


def _batch(first: int, count: int) -> Batch:
    text = b"".join(b"al: %d\n" % id for id in range(first, first + count))
    return Batch([Run(1, SPEAKER, text, count)], first, 0.0)


def _skip(found: list[Batch], id: int) -> int:
    return max(0, id + 1 - found[0].first) if found else 0


@dataclass
class Answer:
    """What an archive answers: the ids of the lines, and what is said of them."""

    ids: list[int]
    missing: int | None
    more: bool


def ask(archive: Archive, question: Question, log: Log) -> Answer:
    """Ask an archive as a session does."""
    where, page = log, archive.in_ring(question, TEXT)
    if archive.lacks(question):
        got: list[Kept] = []
        archive.read(question).addCallback(got.append)
        where, page = archive.page(question, got[0], TEXT)
    cursor, text = ReplayCursor(where, page.stretch), b""
    while piece := cursor.read(RAW):
        text += piece
    ids = [int(line.split(b": ")[1]) for line in text.splitlines()]
    assert page.stretch.count == len(ids)
    assert page.first == (ids[0] if ids else None)
    if ids:
        assert page.last == ids[-1]
    return Answer(ids, page.missing, page.more)


COUNTS = st.lists(st.integers(1, 7), min_size=1, max_size=20)
PART = st.integers(0, 20)
DEPTHS = st.one_of(st.none(), st.integers(0, 120))


@given(COUNTS, PART, PART, DEPTHS, st.integers(0, 140), st.integers(0, 100))
@settings(deadline=None, max_examples=400)
def test_wherever_lines_are(
    counts: list[int], gone: int, old: int, depth: int | None, id: int, count: int
) -> None:
    """Some lines are gone, some in the store alone, some in the ring as well.

    Every question is answered with the lines that a list of all of them has.
    """
    gone = min(gone, len(counts) - 1)
    old = min(max(old, gone), len(counts) - 1)
    first = 1 + sum(counts[:gone])
    store = ListStore(counts[gone:], first)
    log = Log(1 << 30)
    log.begin(sum(counts[:old]))
    for at in range(old, len(counts)):
        log.append(_batch(log.last_id + 1, counts[at]))
    last = sum(counts)
    may = range(first if depth is None else max(first, last + 1 - depth), last + 1)
    archive = Archive(store, log, depth)

    found = ask(archive, Question(None, count), log)
    wanted = list(may)[-count:] if count else []
    assert found == Answer(wanted, 0, bool(wanted) and wanted[0] > may[0])

    found = ask(archive, Question(id, count), log)
    wanted = [each for each in may if each < id][-count:] if count else []
    asked = min(count, max(0, id - 1))
    assert found.ids == wanted
    assert found.missing == (None if id > last else asked - len(wanted))
    assert found.more == (bool(wanted) and wanted[0] > may[0])

    found = ask(archive, Question(id, None), log)
    known = id if id <= last else 0
    wanted = [each for each in may if each > known]
    missing = None if id > last else last - id - len(wanted)
    assert found == Answer(wanted, missing, more=False)
    assert ask(archive, Question(None, None), log) == Answer(
        list(may), None, more=False
    )


@pytest.mark.parametrize(
    ("question", "lacks"),
    [
        (Question(None, 5), False),
        (Question(None, 6), True),
        (Question(13, 2), False),
        (Question(13, 3), True),
        (Question(10, None), False),
        (Question(9, None), True),
        (Question(16, None), True),
        (Question(None, None), True),
        (Question(5, 0), True),
    ],
)
def test_the_store_is_asked_for_what_the_ring_lacks_alone(
    question: Question, lacks: bool
) -> None:
    """A page that the ring has is not read; nor is one that nobody may ask for."""
    store, log = ListStore([10, 5], 1), Log(1 << 30)
    log.begin(10)
    log.append(_batch(11, 5))
    assert Archive(store, log, None).lacks(question) is lacks
    assert not Archive(store, log, 5).lacks(question)
    memory = MemoryStore(lambda: 0.0)
    memory.commit(_batch(1, 15).entries, lambda batch: None)
    assert not Archive(memory, log, None).lacks(question)


def test_a_page_goes_from_the_store_into_the_ring() -> None:
    """A long way forwards has pages of a thousand lines, each asked from the last."""
    store, log = ListStore([900] * 4, 1), Log(1 << 30)
    log.begin(2700)
    log.append(_batch(2701, 900))
    archive, ids, id = Archive(store, log, None), list[int](), 0
    while (found := ask(archive, Question(id, None), log)).more:
        assert (len(found.ids), found.missing) == (1000, 0)
        ids, id = ids + found.ids, found.ids[-1]
    assert ids + found.ids == list(range(1, 3601))


def test_what_is_left_of_a_long_line_is_more() -> None:
    """A page that is cut for its bytes says that there is more, both ways."""
    store, log = ListStore([], 1), Log(1 << 30)
    text = b"al: %s\n" % (b"x" * 300_000)
    for id in range(1, 9):
        store.batches.append(Batch([Run(1, SPEAKER, text, 1)], id, 0.0))
    log.begin(8)
    log.append(_batch(9, 1))
    archive = Archive(store, log, None)
    for question, first, last in (
        (Question(9, 8), 6, 8),
        (Question(2, None), 3, 5),
    ):
        got: list[Kept] = []
        archive.read(question).addCallback(got.append)
        _, page = archive.page(question, got[0], TEXT)
        assert (page.first, page.last, page.missing, page.more) == (
            *(first, last, 0),
            True,
        )
