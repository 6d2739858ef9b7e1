"""Batches and their renderings: who is sent which bytes of what was committed."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.protocol.dialects import JSON, RAW, TEXT, TEXT_CRLF, Dialect, Speaker
from broadcast.protocol.events import Join, Notice
from broadcast.store.entries import (
    TOKEN_COST,
    Batch,
    Entry,
    Rendering,
    Run,
    Told,
    merge,
    number,
)
from broadcast.store.log import Log

SESSIONS = [1, 2, 3]

# Session and count of lines of a run; or of whom a notice is kept, None: of nobody.
PARTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(SESSIONS), st.integers(1, 3)),
        st.sampled_from([None, *SESSIONS]),
    ),
    min_size=1,
    max_size=8,
)


def _run(session_id: int, count: int = 1, mark: str = "x") -> Run:
    speaker = Speaker(f"s{session_id}")
    text, count = speaker.text(f"{mark}\n".encode() * count)
    return Run(session_id, speaker, text, count)


def _entries(parts: list[tuple[int, int] | int | None]) -> list[Entry]:
    return [
        _run(*part, mark=str(at))
        if isinstance(part, tuple)
        else Told(part, Notice(f"notice {at}"))
        for at, part in enumerate(parts)
    ]


def _is_for(session_id: int, echo: bool, dialect: Dialect, entry: Entry) -> bool:
    """Tell whether a member is to be sent ``entry``."""
    assert isinstance(entry, Run | Told)
    if entry.session_id != session_id:
        return True
    return isinstance(entry, Run) and (echo or dialect.returns_own)


def _alone(entry: Entry, batch: Batch) -> Batch:
    """Return a batch of one of another's entries, at the same time and id."""
    first = entry.first if isinstance(entry, Run) else batch.first
    return Batch([entry], first, batch.at)


@pytest.mark.parametrize("dialect", [TEXT, TEXT_CRLF, JSON, RAW])
@given(PARTS)
@settings(deadline=None)
def test_each_member_is_sent_its_own_copy(
    dialect: Dialect, parts: list[tuple[int, int] | int | None]
) -> None:
    """All but one's own lines, unless they come back, and what one was told apart."""
    batch = Batch(_entries(parts), 1, 0.0)
    rendering = Rendering(batch, dialect)
    for session_id in [*SESSIONS, 4]:
        for echo in (False, True):
            wanted = [
                Rendering(_alone(entry, batch), dialect).data
                for entry in batch.entries
                if _is_for(session_id, echo, dialect, entry)
            ]
            assert rendering.copy_for(session_id, echo) == b"".join(wanted)


@given(PARTS, st.integers(1, 2**53))
@settings(deadline=None)
def test_lines_are_numbered_in_their_order(
    parts: list[tuple[int, int] | int | None], first: int
) -> None:
    """Each run begins with the id after the last one's; presence takes none."""
    batch = Batch(_entries(parts), first, 0.0)
    next_id = first
    for entry in batch.entries:
        if isinstance(entry, Run):
            assert entry.first == next_id
            next_id += entry.count
    assert batch.count == next_id - first


def test_one_private_word_hides_nothing_of_another_batch() -> None:
    """What one batch told a member apart does not touch what others hold."""
    told = Batch([Told(1, Notice("a"))], 1, 0.0)
    Rendering(told, TEXT)
    other = Batch([_run(2), _run(3)], 1, 0.0)
    rendering = Rendering(other, TEXT)
    assert rendering.private == {}
    assert rendering.copy_for(1, echo=False) == rendering.data


def test_one_run_is_rendered_without_a_copy() -> None:
    """The text of the hot path's batch is kept once, for the log and all members."""
    run = _run(1, 3)
    batch = Batch([run], 1, 0.0)
    rendering = Rendering(batch, TEXT)
    assert rendering.data is run.text
    assert rendering.copy_for(2, echo=False) is run.text
    assert rendering.is_text
    assert rendering.is_single
    told = Batch([Told(None, Join("al", 1))], 1, 0.0)
    for other in (told, Batch([run, run], 1, 0.0)):
        assert not Rendering(other, TEXT).is_text
        assert not Rendering(other, TEXT).is_single
    assert not Rendering(batch, JSON).is_text
    assert not Rendering(batch, TEXT_CRLF).is_text
    assert Rendering(batch, TEXT_CRLF).is_single


def test_a_token_costs_as_long_as_it_is_remembered() -> None:
    """A line's token counts to what its batch takes of the log's bytes."""
    plain, named = _run(1), _run(1)
    named.token = "t1"
    costs = [Batch([run], 1, 0.0).cost for run in (plain, named)]
    assert costs[1] - costs[0] == TOKEN_COST


@pytest.mark.parametrize("parts", [[(1, 1)], [(1, 3)], [None], [(1, 1), (2, 2), 1]])
def test_no_batch_takes_more_memory_than_it_counts(
    parts: list[tuple[int, int] | int | None],
) -> None:
    """What the log counts for batches is not less than what they take."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        batches = [Batch(_entries(parts), 1, float(n)) for n in range(500)]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= sum(batch.cost for batch in batches)


@pytest.mark.parametrize("dialect", [TEXT, TEXT_CRLF, JSON])
def test_what_nobody_is_told_is_no_frame(dialect: Dialect) -> None:
    """A batch of a quiet member's coming alone is nothing in text: no empty message."""
    log = Log(10_000)
    batch = Batch([Told(None, Join("al", 1, quiet=True))], 1, 0.0)
    log.append(batch)
    rendering, framed = log.shared(batch, dialect, lambda data: b"frame " + data)
    assert (framed == b"") is (rendering.data == b"") is (dialect is not JSON)


def test_what_a_member_says_in_a_row_is_one_run() -> None:
    """Its ids and its text stay; other members, tokens and presence stand between."""
    al, bo = Speaker("al"), Speaker("bo")
    entries: list[Entry] = [
        Run(1, al, b"al: one\n", 1),
        Run(1, al, b"al: two\nal: three\n", 2),
        Run(2, bo, b"bo: four\n", 1),
        Told(None, Join("ca", 3)),
        Run(2, bo, b"bo: five\n", 1),
        Run(2, bo, b"bo: six\n", 1),
        Run(2, bo, b"bo: seven\n", 1),
    ]
    token = entries[-1]
    assert isinstance(token, Run)
    token.token = "t1"
    number(entries, 7)
    merged = merge(entries)
    batch = Batch(merged, 7, 0.0)
    assert [
        (run.first, run.count, run.text) if isinstance(run, Run) else run
        for run in batch.entries
    ] == [
        (7, 3, b"al: one\nal: two\nal: three\n"),
        (10, 1, b"bo: four\n"),
        entries[3],
        (11, 2, b"bo: five\nbo: six\n"),
        (13, 1, b"bo: seven\n"),
    ]
    assert merged[-1] is token
    assert [run.first for run in entries if isinstance(run, Run)] == [
        *(7, 8, 10, 11, 12, 13)
    ]
