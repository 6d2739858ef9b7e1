"""The store that lasts: what it acknowledges is there when it is opened again."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from broadcast.protocol.events import Join
from broadcast.store.base import DamagedError, InUseError, IRoom, IStore, StoreError
from broadcast.store.claims import Claim, How, Leave, Order, Verb
from broadcast.store.database import Database
from broadcast.store.entries import Batch, Run, Told, is_run
from broadcast.store.rows import Rows
from tests.support.logged import failures
from tests.support.stores import Kept, Listener, Loop, run_of

Open = Callable[..., Kept]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open stores; each is closed at the end."""
    with ExitStack() as stack:

        def start(name: str = "room.db", **more: object) -> Kept:
            kept = Kept(tmp_path / name, **more)
            stack.callback(kept.stop)
            return kept.start()

        yield start


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Open]:
    """Open one store again and again: the one before is closed first."""
    open_now: list[Kept] = []

    def start(**more: object) -> Kept:
        if open_now:
            open_now.pop().stop()
        open_now.append(Kept(tmp_path / "room.db", **more))
        return open_now[0].start()

    yield start
    open_now.pop().stop()


def test_it_is_what_a_room_needs(tmp_path: Path) -> None:
    """It has all that the interface asks for, and its room is one that can be told."""
    store: IStore = Kept(tmp_path / "room.db").store
    room: IRoom = Listener()
    assert store.limits is not None
    assert (store.epoch, store.last_id) == ("", 0)
    assert room is not None


def test_what_was_said_is_there_again(reopened: Open) -> None:
    """Lines, names, ids, times and the epoch come back, and ids go on."""
    clock = Clock()
    clock.advance(1000.25)
    kept = reopened(time=clock.seconds)
    kept.say("one", "two")
    clock.advance(5)
    kept.commit(run_of("three", name="Zoë"), run_of("four"))
    epoch, lines = kept.store.epoch, kept.lines
    assert [id for id, _ in lines] == [1, 2, 3, 4]
    again = reopened()
    assert (again.store.epoch, again.store.last_id) == (epoch, 4)
    assert again.lines == lines
    assert [batch.at for batch in again.room.batches] == [1000.25, 1005.25]
    names = [
        entry.speaker.name
        for batch in again.room.batches
        for entry in filter(is_run, batch.entries)
    ]
    assert names == ["al", "Zoë", "al"]
    again.say("five")
    assert reopened().lines == [*lines, (5, "al: five")]


def test_a_line_is_not_numbered_before_it_is_on_the_disk(opened: Open) -> None:
    """Until ``done`` is called, its id is 0; then it is what the file says."""
    kept = opened()
    run = run_of("one")
    done = kept.begin(run)
    assert (run.first, done, kept.store.last_id) == (0, [], 0)
    kept.loop.wait_until(lambda: bool(done))
    assert (run.first, done[0].count, kept.store.last_id) == (1, 1, 1)


def test_what_was_decided_comes_back(reopened: Open) -> None:
    """Names are held for their keys, mutes stand, numbers are not given again."""
    clock = Clock()
    kept = reopened(time=clock.seconds)
    guest = Claim(3, "", "", how=How.GUEST)
    mute = Order(Verb.MUTE, ("bo",))
    kept.commit(Claim(1, "Al", "al", "k"), Claim(2, "Bo", "bo"), guest, mute)
    assert kept.store.last_id == 0  # what was decided has no ids
    kept.say("one")
    clock.advance(1000)
    again = reopened(time=clock.seconds)
    assert again.lines == [(1, "al: one")]
    assert again.store.incarnation != kept.store.incarnation
    again.commit(guest)
    clock.advance(119)
    wrong, bo, al = again.commit(
        Claim(4, "Al", "al"), Claim(5, "Bo", "bo"), Claim(6, "Al", "al", "k")
    ).outcomes
    assert (wrong[1].refused, bo[1].refused, al[1].refused) == ("taken", "", "")
    assert bo[1].is_muted
    told = [entry for batch in again.room.batches for entry in batch.entries]
    events = [entry.event for entry in told if isinstance(entry, Told)]
    names = [event.name for event in events if isinstance(event, Join)]
    assert names == ["guest-2", "Bo", "Al"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_the_state_is_that_of_the_file(reopened: Open, is_kept: bool) -> None:
    """Read anew, from a dump and what came after it or from all of it, it is the same.

    So it is where the clock has gone back, and lines were said without a token.
    """
    clock = Clock()
    kept = reopened(time=clock.seconds)
    for number in range(12):
        clock.advance(-70 if number == 7 else 30)
        kept.say(f"line {number}")
        kept.say("again", token=f"t{number}", key="a-secret-key")
        kept.commit(Claim(number, "Al", "al", f"k{number % 4}"))
        kept.commit(Leave(number, "lost", is_held=True))
        if is_kept and number == 8:
            kept.store._keep()
    dumped = kept.store.state.dump()
    assert reopened(time=clock.seconds).store.state.dump() == dumped


def test_a_state_that_can_not_be_read(kept: Kept, file: str) -> None:
    """The store does not open, and says so in one line."""
    kept.stop()
    with closing(Database(file)) as database:
        database.keep(1, b"{}")
    with pytest.raises(DamagedError, match=r"what was decided can't be read"):
        Kept(file).start()


def test_tokens_come_back_with_their_owners(reopened: Open) -> None:
    """The owner of a key finds its tokens after a restart, and nobody else does."""
    kept = reopened()
    kept.say("one", token="t1", key="al-secret-key")
    kept.say("two", token="t2")  # by somebody without a key
    kept.say("three", token="t1", key="another-secret")
    again = reopened()
    said = [(*key, id) for key, _, id in again.store.state.tokens.items()]
    assert said == [
        (again.store.owner("al", "al-secret-key"), "t1", 1),
        (again.store.owner("al", "another-secret"), "t1", 3),
    ]


def test_no_key_is_in_the_file(opened: Open, tmp_path: Path) -> None:
    """Only a digest is kept, and another file's is another."""
    kept, other = opened(), opened("other.db")
    kept.say("hi", token="t1", key="al-secret-key")
    kept.stop()
    data = b"".join(path.read_bytes() for path in tmp_path.glob("room.db*"))
    assert kept.store.owner("al", "al-secret-key").encode() in data
    assert b"al-secret-key" not in data
    assert other.store.owner("al", "x" * 8) != kept.store.owner("al", "x" * 8)


def test_the_ring_is_filled_with_the_newest(reopened: Open) -> None:
    """As many whole batches are handed in as may cost so much; one at least."""
    kept = reopened()
    batches = [kept.commit(run_of(f"line {n}")) for n in range(10)]
    cost = batches[0].cost
    again = reopened(refill=3 * cost)
    assert [id for id, _ in again.lines] == [8, 9, 10]
    assert again.store.last_id == 10
    assert [id for id, _ in reopened(refill=1).lines] == [10]


def test_commits_are_in_the_order_of_their_calls(opened: Open) -> None:
    """Whoever commits again from within ``done`` comes after it, and ids have no gaps.

    The room has one commit in flight; a hundred are queued here all the same.
    """
    kept = opened()
    done: list[Batch] = []

    def again(batch: Batch) -> None:
        done.append(batch)
        if len(done) < 100:
            kept.store.commit([run_of(*"ab"[: 1 + len(done) % 2])], again)

    kept.store.commit([run_of("a")], again)
    kept.loop.wait_until(lambda: len(done) == 100)
    ids = [run.first for batch in done for run in batch.entries if isinstance(run, Run)]
    counts = [batch.count for batch in done]
    assert ids == [1 + sum(counts[:n]) for n in range(100)]


def test_the_clock_may_go_back(reopened: Open) -> None:
    """Ids order what was said; times are what the clock said then."""
    clock = Clock()
    clock.advance(5000)
    kept = reopened(time=clock.seconds)
    kept.say("one")
    clock.rightNow = -70.0
    kept.say("two")
    again = reopened()
    assert again.lines == [(1, "al: one"), (2, "al: two")]
    assert [batch.at for batch in again.room.batches] == [5000.0, -70.0]


def test_a_second_store_on_one_file_is_refused(opened: Open, tmp_path: Path) -> None:
    """It says so in one line, by whatever name the file goes; the first goes on."""
    first = opened()
    first.say("one")
    (tmp_path / "link.db").symlink_to(tmp_path / "room.db")
    for name in ("room.db", "link.db"):
        second = Kept(tmp_path / name)
        with pytest.raises(InUseError) as raised:
            second.start()
        second.stop()
        assert str(raised.value) == (
            f"{tmp_path / name} is in use by a running daemon; stop it first, or name"
            " another file"
        )
    first.say("two")
    first.stop()
    assert [id for id, _ in opened().lines] == [1, 2]


def test_a_store_is_started_at_once(tmp_path: Path) -> None:
    """Before any reactor runs; so is what can not be: the daemon says why, and ends."""
    kept = Kept(tmp_path / "room.db")
    started: list[object] = []
    kept.store.start(kept.room).addBoth(started.append)
    assert started == [None]
    assert kept.store.epoch
    second = Kept(tmp_path / "room.db")
    failed: list[Failure] = []
    second.store.start(second.room).addErrback(failed.append)
    assert failed[0].check(InUseError)
    second.stop()
    kept.say("one")
    kept.stop()


def test_what_was_left_by_a_first_one_can_be_opened(opened: Open) -> None:
    """A store that could not be started, too, lets go of the file."""
    kept = opened()
    kept.stop()
    opened().say("one")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("missing/room.db", "can't open {}: no such file or directory; "),
        ("folder", "{} is no file; name another one"),
        ("file/room.db", "can't open {}: not a directory; "),
    ],
)
def test_a_file_that_can_not_be(place: str, told: str, tmp_path: Path) -> None:
    """It is one line, that says which file and why."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    kept = Kept(tmp_path / place)
    with pytest.raises(StoreError) as raised:
        kept.start()
    kept.stop()
    assert str(raised.value).startswith(told.format(tmp_path / place))
    assert "\n" not in str(raised.value)


def test_stop_writes_what_is_in_flight(opened: Open) -> None:
    """What was committed before is on the disk, and acknowledged."""
    kept = opened()
    done = kept.begin(run_of("last words"))
    kept.stop()
    assert len(done) == 1
    assert opened().lines == [(1, "al: last words")]


def test_no_thread_is_left(opened: Open) -> None:
    """When a store has stopped, its threads have ended, or are about to."""
    kept = opened()
    kept.say("one")
    kept.loop.result(kept.store.read_after(0, 10, 1000))
    threads = [t for t in threading.enumerate() if t.name in ("store", "history")]
    assert len(threads) == 2
    kept.stop()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_stop_before_start(tmp_path: Path) -> None:
    """A store that was never started ends, too, and has made nothing."""
    kept = Kept(tmp_path / "room.db")
    kept.stop()
    assert not list(tmp_path.iterdir())


def test_the_oldest_are_deleted_beyond_the_size(opened: Open, tmp_path: Path) -> None:
    """The file stays near its size, whatever is said; the newest lines are there."""
    kept = opened(size=2 << 20, refill=1 << 20)
    for n in range(80):
        kept.say(*(f"{n} {'x' * 98}" for _ in range(1000)))
    kept.stop()
    assert 1 << 20 <= kept.store.figures.size <= 3 << 20
    assert (tmp_path / "room.db").stat().st_size < 5 << 20
    rows = Rows(str(tmp_path / "room.db"))
    kept_rows = list(rows.after(0))
    rows.close()
    assert kept_rows[0].first > 40_000
    assert [row.first for row in kept_rows] == list(
        range(kept_rows[0].first, 80_000, 1000)
    )
    assert opened().lines[-1][0] == 80_000


def test_history_is_read_while_lines_are_written(opened: Open) -> None:
    """Pages are what was acknowledged, and nothing else, whatever is in flight."""
    kept = opened()
    for n in range(10):
        kept.say(f"line {n}")
    done = kept.begin(run_of("in flight"))
    before = kept.store.read_before(8, 3, 1 << 20)
    after = kept.store.read_after(7, 100, 1 << 20)
    page = kept.loop.result(before)
    assert (page.first_id, page.last_id, page.more) == (5, 7, True)
    page = kept.loop.result(after)
    assert (page.first_id, page.last_id, page.more) == (8, 10, False)
    kept.loop.wait_until(lambda: bool(done))
    page = kept.loop.result(kept.store.read_after(7, 100, 1 << 20))
    assert page.last_id == 11


def test_an_error_of_the_room_is_no_error_of_the_store(opened: Open) -> None:
    """Where ``done`` raises, that is logged, and nobody is sent away for it."""
    kept = opened()
    called: list[Batch] = []

    def fail(batch: Batch) -> None:
        called.append(batch)
        raise ZeroDivisionError

    with failures(ZeroDivisionError):
        kept.store.commit([run_of("one")], fail)
        kept.loop.wait_until(lambda: bool(called))
    assert kept.room.told == []
    kept.say("two")


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    """It says to move the file away, and leaves it as it was."""
    path = tmp_path / "room.db"
    path.write_bytes(b"no database" * 500)
    kept = Kept(path)
    with pytest.raises(DamagedError) as raised:
        kept.start()
    kept.stop()
    assert str(raised.value) == (
        f"{path} can't be used: file is not a database; move the file away, its -wal"
        " with it, or name another one"
    )
    assert path.read_bytes() == b"no database" * 500


def test_threads_begin_when_there_is_something_to_do(tmp_path: Path) -> None:
    """A store that is made and not started costs no thread."""
    before = threading.active_count()
    kept = Kept(tmp_path / "room.db")
    assert threading.active_count() == before
    assert isinstance(kept.loop, Loop)


def test_the_figures_of_what_was_committed(tmp_path: Path) -> None:
    """Each commit that is written is timed, its lines and its sync are counted."""
    seconds = iter([10.0, 10.5, 20.0, 20.25, 20.5])
    kept = Kept(tmp_path / "room.db", clock=lambda: next(seconds)).start()
    kept.say("one", "two")
    done = kept.begin(run_of("three"))
    figures = kept.store.figures
    assert figures.waiting == 0.25
    kept.loop.wait_until(lambda: bool(done))
    figures = kept.store.figures
    assert (figures.syncs, figures.waiting) == (2, 0.0)
    assert (figures.seconds.total, figures.lines.total) == (1.0, 3.0)
    assert 0 < figures.size < figures.limit == 1 << 30
    kept.stop()
