"""Old lines, a page at a time, against plain lists."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.protocol.dialects import JSON, RAW, TEXT, TEXT_CRLF, Dialect, Speaker
from broadcast.protocol.events import Join
from broadcast.store.entries import Batch, Entry, Run, Told
from broadcast.store.log import Log, ReplayCursor, Stretch
from broadcast.store.pages import Page, Pages

SPEAKER = Speaker("al")

# Batches of runs with so many lines (0: somebody joins), after a hole in the ids.
BATCHES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 6), min_size=1, max_size=4),
        st.sampled_from([0, 0, 0, 3]),
    ),
    max_size=30,
)
LIMITS = st.integers(2000, 30_000)
DEPTHS = st.one_of(st.none(), st.integers(0, 60))


@dataclass
class Said:
    """A log, and what was said in it: ids and lines; the first ones may be lost."""

    log: Log
    lines: list[tuple[int, bytes]]

    @property
    def gone(self) -> int:
        return len(self.lines) - self.log.lines

    def reachable(self, depth: int | None) -> list[tuple[int, bytes]]:
        kept = self.lines[self.gone :]
        return kept if depth is None else kept[max(0, len(kept) - depth) :]

    def read(self, stretch: Stretch) -> bytes:
        """Return all that a replay gives, without its times."""
        replay = ReplayCursor(self.log, stretch)
        pieces = []
        while piece := replay.read(RAW):
            pieces.append(piece)
        assert self.log.start <= replay.seq <= self.log.end
        return b"".join(pieces)

    def check(self, page: Page, wanted: list[tuple[int, bytes]]) -> None:
        assert page.stretch.count == len(wanted)
        assert self.read(page.stretch) == b"".join(line for _, line in wanted)
        assert page.first == (wanted[0][0] if wanted else None)
        if wanted:
            assert page.last == wanted[-1][0]


def _said(batches: list[tuple[list[int], int]], limit: int, holes: bool = True) -> Said:
    log = Log(limit)
    said: list[tuple[int, bytes]] = []
    id = 1
    for counts, hole in batches:
        id += hole if holes else 0
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
    return Said(log, said)


@given(BATCHES, st.integers(0, 200), LIMITS, DEPTHS)
@settings(max_examples=200, deadline=None)
def test_the_last_lines(
    batches: list[tuple[list[int], int]], count: int, limit: int, depth: int | None
) -> None:
    """The newest that are left and may be had, whatever the batches' edges."""
    said = _said(batches, limit)
    reachable = said.reachable(depth)
    wanted = reachable[max(0, len(reachable) - min(count, 50)) :]
    page = Pages(said.log, depth, TEXT, lines=50).newest(count)
    said.check(page, wanted)
    assert page.missing == 0
    assert page.more is (0 < len(wanted) < len(reachable))
    if not wanted:
        assert page.last == said.log.last_id


@given(BATCHES, st.integers(1, 9), LIMITS, DEPTHS)
@settings(max_examples=200, deadline=None)
def test_paging_back_gives_every_line_once(
    batches: list[tuple[list[int], int]], count: int, limit: int, depth: int | None
) -> None:
    """From the newest to the oldest that may be had; then what is lost is told."""
    said = _said(batches, limit, holes=False)
    pages = Pages(said.log, depth, TEXT, lines=7)
    page = pages.newest(count)
    found = [said.read(page.stretch)]
    while page.more:
        assert page.first is not None
        assert page.missing == 0
        page = pages.before(page.first, count)
        found.insert(0, said.read(page.stretch))
    reachable = said.reachable(depth)
    assert b"".join(found) == b"".join(line for _, line in reachable)
    if page.first is not None:
        lost = len(said.lines) - len(reachable)
        assert pages.before(page.first, count).missing == min(count, 7, lost)


@given(BATCHES, st.integers(0, 150), st.integers(0, 20), LIMITS, DEPTHS)
@settings(max_examples=300, deadline=None)
def test_the_lines_before_one(
    batches: list[tuple[list[int], int]],
    id: int,
    count: int,
    limit: int,
    depth: int | None,
) -> None:
    """The last ones before any id, even in a hole; of a future one nobody knows."""
    said = _said(batches, limit)
    reachable = [found for found in said.reachable(depth) if found[0] < id]
    page = Pages(said.log, depth, TEXT, lines=12).before(id, count)
    said.check(page, reachable[max(0, len(reachable) - min(count, 12)) :])
    assert page.more is (0 < page.stretch.count < len(reachable))
    wanted = min(count, 12, sum(found < id for found, _ in said.lines))
    if id > said.log.last_id:
        assert page.missing is None
    else:
        assert page.missing is not None
        assert page.missing <= wanted - page.stretch.count
        assert page.missing or id < said.log.first_id or wanted == page.stretch.count


@given(BATCHES, st.integers(0, 150), LIMITS, DEPTHS)
@settings(max_examples=300, deadline=None)
def test_the_lines_after_one(
    batches: list[tuple[list[int], int]], id: int, limit: int, depth: int | None
) -> None:
    """The first ones after an id; going on from the last gives each that is left once,
    and those that can't be had any more are counted."""
    said = _said(batches, limit, holes=False)
    pages = Pages(said.log, depth, TEXT, lines=7)
    page = pages.after(id)
    reachable = said.reachable(depth)
    if id > said.log.last_id:
        assert page.missing is None
    else:
        lost = sum(found > id for found, _ in said.lines[: -len(reachable) or None])
        assert page.missing == lost
        reachable = [found for found in reachable if found[0] > id]
    said.check(page, reachable[:7])
    found = [said.read(page.stretch)]
    while page.more:
        page = pages.after(page.last)
        assert page.missing == 0
        found.append(said.read(page.stretch))
    assert b"".join(found) == b"".join(line for _, line in reachable)
    assert page.last == said.log.last_id


@pytest.mark.parametrize("dialect", [TEXT, TEXT_CRLF, JSON])
@given(
    st.lists(st.text('a"\\\té漢', max_size=40), min_size=1, max_size=40),
    st.integers(1, 4000),
    st.booleans(),
)
@settings(deadline=None)
def test_a_page_is_bounded_in_bytes(
    dialect: Dialect, words: list[str], size: int, forwards: bool
) -> None:
    """Whatever is said, its rendering fits; only a single line may be longer. Lines of
    which there is room for one more are not left to the next page by half."""
    speaker = Speaker("zoë")
    log = Log(1 << 20)
    at = 0
    while at < len(words):
        part = words[at : at + 7]
        text, count = speaker.text("".join(f"{w}\n" for w in part).encode())
        log.append(Batch([Run(1, speaker, text, count)], 2**52 + at, 0.0))
        at += len(part)
    pages = Pages(log, None, dialect, size=size)
    page = pages.all() if forwards else pages.newest(1000)
    replay = ReplayCursor(log, page.stretch)
    rendered = b""
    while piece := replay.read(dialect):
        rendered += piece
    count = page.stretch.count
    assert rendered.count(b"\n") == count >= 1
    assert len(rendered) <= size or count == 1
    assert page.more is (count < len(words))
    if page.more and count > 1:
        assert len(rendered) > size - (count + 1) * 40 - 400


def test_a_thousand_lines_are_one_page() -> None:
    """A page has 1000 lines, and about 1 MiB of longer ones."""
    log = Log(1 << 26)
    for number in range(2500):
        text, _ = SPEAKER.text(b"%d\n" % number)
        log.append(Batch([Run(1, SPEAKER, text, 1)], number + 1, 0.0))
    assert Pages(log, None, TEXT).newest(5000).stretch.count == 1000
    assert Pages(log, None, JSON).after(0).stretch.count == 1000
    for number in range(1000):
        text, _ = SPEAKER.text(b"x" * 8192 + b"\n")
        log.append(Batch([Run(1, SPEAKER, text, 1)], number + 2501, 0.0))
    for dialect in (TEXT, JSON):
        assert 120 <= Pages(log, None, dialect).newest(1000).stretch.count <= 128


def test_a_log_that_goes_on_after_lines_elsewhere() -> None:
    """Lines before it are missing, as many as their ids let think."""
    log = Log(10_000, last_id=100)
    assert Pages(log, None, TEXT).after(100).missing == 0
    assert Pages(log, None, TEXT).after(60).missing == 40
    text, count = SPEAKER.text(b"a\nb\n")
    log.append(Batch([Run(1, SPEAKER, text, count)], 101, 0.0))
    page = Pages(log, None, TEXT).after(90)
    assert (page.stretch.count, page.missing, page.first) == (2, 10, 101)
    assert Pages(log, None, TEXT).before(102, 5).missing == 4
