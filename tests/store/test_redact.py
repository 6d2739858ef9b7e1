"""``bcast-store redact``: which text goes, and that all else stays as it was."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from broadcast.protocol.events import Notice
from broadcast.store import tools
from broadcast.store.claims import Claim, Leave, Order, Verb
from broadcast.store.cli import main
from broadcast.store.codec import Speakers
from broadcast.store.database import Database
from broadcast.store.entries import Entry, Told
from broadcast.store.recall import recall
from broadcast.store.redaction import redact
from broadcast.store.rows import Row, Rows
from tests.support.stores import Kept, failing, lines_of, run_of

ROOT = Path(__file__).parents[2]

SECRET = "correct-horse"

Captured = pytest.CaptureFixture[str]

KILLED = """
import os, signal, sqlite3, sys
word, left = sys.argv.pop(1), int(sys.argv.pop(1))
def watch(statement):
    global left
    left -= statement.startswith(word)
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
def connect(*args, **more):
    made = sqlite3.Connection(*args, **more)
    made.set_trace_callback(watch)
    return made
sqlite3.connect = connect
from broadcast.store.cli import main
sys.exit(main())
"""
"""``bcast-store``, killed before one of its statements.

Its first arguments say what that begins with, and after how many others that do."""


def lines_in(file: str) -> list[tuple[int, str]]:
    """Return each line that a file has."""
    with closing(Rows(file)) as rows:
        batches = [rows.batch(row, Speakers()) for row in rows.since(0)]
    return [line for batch in batches for line in lines_of(batch)]


def rows_in(file: str) -> list[Row]:
    """Return the rows of a file."""
    with closing(Rows(file)) as rows:
        return [*rows.since(0)]


def bytes_of(file: str) -> bytes:
    """Return all that is in a file, and in those that SQLite keeps beside it."""
    return b"".join(
        path.read_bytes() for path in sorted(Path(file).parent.glob("room.db*"))
    )


def heads_of(row: Row) -> list[object]:
    """Return what a row says besides texts: the bytes of a run are left out, too."""
    entries = json.loads(row.body.partition(b"\n")[0])["e"]
    return [[*e[:4], *e[5:]] if e[0] == "r" else e for e in entries]


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ("1", "1 line"),
        ("2", "1 line"),
        ("3", "1 line"),
        ("4", "1 line"),
        ("4 2 3 2", "3 lines"),
        ("1 2 3 4", "4 lines"),
    ],
)
def test_the_text_of_lines_is_removed(
    ids: str, told: str, kept: Kept, file: str, capsys: Captured
) -> None:
    """Anywhere in the file; no other line is changed, and the log is the same one."""
    kept.stop()
    assert main(["redact", file, *ids.split()]) == 0
    assert capsys.readouterr() == (f"the text of {told} was removed\n", "")
    gone = {int(id) for id in ids.split()}
    again = Kept(file).start()
    assert again.lines == [
        (id, f"{line.partition(':')[0]}: [removed]" if id in gone else line)
        for id, line in kept.lines
    ]
    assert again.store.epoch == kept.store.epoch
    assert again.say("next").first == 5
    again.stop()
    assert main(["check", file]) == 0


ENTRIES: tuple[Entry, ...] = (
    Claim(7, "al", "al", "digest", host="h"),
    run_of("a", SECRET, "b"),
    Told(None, Notice("a notice")),
    run_of("c", f"{SECRET} \u241b[31m é", name="Zoë"),
    Order(Verb.MUTE, ("bo",)),
    run_of("* waves", "", name="feed"),
    Leave(7, "quit", is_held=True),
)
"""A batch of everything, whose lines 2 and 5 have the secret."""


def test_all_else_in_the_batch_stays(tmp_path: Path, capsys: Captured) -> None:
    """Claims, notices, orders, sessions, tokens and times, and so all decisions."""
    file = str(tmp_path / "room.db")
    kept = Kept(file).start()
    kept.commit(*ENTRIES)
    kept.say(SECRET, token="t1", key="a-secret-key")
    kept.stop()
    before = rows_in(file)
    with closing(Rows(file)) as rows:
        state = recall(rows).ledger.state.dump()
    assert main(["redact", file, "2", "5", "8"]) == 0
    after = rows_in(file)
    assert [text for _, text in lines_in(file)] == [
        "al: a",
        "al: [removed]",
        "al: b",
        "Zoë: c",
        "Zoë: [removed]",
        "feed: * waves",
        "feed: ",
        "al: [removed]",
    ]
    assert [(r.seq, r.first, r.count, r.at) for r in after] == [
        (r.seq, r.first, r.count, r.at) for r in before
    ]
    assert [*map(heads_of, after)] == [*map(heads_of, before)]
    with closing(Rows(file)) as rows:
        assert recall(rows).ledger.state.dump() == state


def test_a_relays_lines(tmp_path: Path) -> None:
    """They have no name, and may be any bytes."""
    file = str(tmp_path / "room.db")
    kept = Kept(file).start()
    run = run_of("x", name="")
    run.text, run.count = b"\xff\r\n\n\x1b[31m secret\n", 3
    kept.commit(run)
    kept.stop()
    redact(file, [3])
    (row,) = rows_in(file)
    assert row.body.endswith(b"\n\xff\r\n\n[removed]\n")


def crowded(file: str) -> list[int]:
    """Write a file in which SQLite has left copies of texts; return their lines."""
    kept = Kept(file).start()
    for n in range(40):
        kept.say(f"{SECRET} {n} {'x' * 300}")
    for _ in range(40):
        kept.say("y" * 9000)
    kept.say(f"{SECRET} in many pages {'z' * 20_000}")
    kept.stop()
    with closing(Database(file)) as database:
        for _ in range(5):
            database.drop_oldest(1500)
    return [id for id, line in lines_in(file) if SECRET in line]


def test_nothing_of_the_text_is_left_on_the_disk(
    tmp_path: Path, capsys: Captured
) -> None:
    """Neither in free pages nor in the write-ahead log, nor in a later backup."""
    file, copy = str(tmp_path / "room.db"), tmp_path / "copy.db"
    ids = crowded(file)
    assert bytes_of(file).count(SECRET.encode()) > len(ids) > 10
    assert main(["redact", file, *map(str, ids)]) == 0
    assert SECRET.encode() not in bytes_of(file)
    assert main(["backup", file, str(copy)]) == 0
    assert SECRET.encode() not in copy.read_bytes()
    assert main(["check", file]) == 0


def test_the_text_is_overwritten_where_it_was(tmp_path: Path) -> None:
    """Also if there is no room to write the file anew: that is told."""

    def full(sql: str) -> Exception | None:
        return sqlite3.OperationalError("disk full") if sql == "VACUUM" else None

    file = str(tmp_path / "room.db")
    kept = Kept(file).start()
    kept.say(f"{SECRET} {'x' * 20_000}")
    kept.stop()
    assert SECRET.encode() in bytes_of(file)
    (row,) = rows_in(file)
    row.body = b'{"v":1,"e":[["r",7,"al",1,5]]}\nal: \n'
    with (
        closing(Database(file, failing(before=full))) as database,
        pytest.raises(sqlite3.OperationalError),
    ):
        database.rewrite([row])
    assert SECRET.encode() not in bytes_of(file)
    assert lines_in(file) == [(1, "al: ")]


@pytest.mark.parametrize("ids", ["5", "1 2 3 4 5", "9007199254740991 1", "2 99"])
def test_an_id_that_is_no_lines_changes_nothing(
    ids: str, kept: Kept, file: str, capsys: Captured
) -> None:
    """It is told in one line, and the other lines stay as they are."""
    kept.stop()
    before = Path(file).read_bytes()
    assert main(["redact", file, *ids.split()]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    wrong = max(map(int, ids.split()))
    assert told.err == (
        f"bcast-store: {file} has no line {wrong}; see the ids in bcast-store dump"
        " --format ndjson\n"
    )
    assert Path(file).read_bytes() == before


def test_a_line_that_was_deleted(kept: Kept, file: str, capsys: Captured) -> None:
    """It is not there any more; neither is one in a file without lines."""
    kept.stop()
    tools.prune(file, size=0)
    assert main(["redact", file, "3"]) == 1
    assert f"{file} has no line 3; " in capsys.readouterr().err
    assert main(["redact", file, "4"]) == 0
    empty = str(Path(file).with_name("empty.db"))
    Kept(empty).start().stop()
    capsys.readouterr()
    assert main(["redact", empty, "1"]) == 1
    assert f"{empty} has no line 1; " in capsys.readouterr().err


@pytest.mark.parametrize("id", ["0", "x", "1:2", "²", "9007199254740992"])
def test_what_is_no_id(id: str, capsys: Captured) -> None:
    """It is a wrong command line."""
    with pytest.raises(SystemExit) as exit_:
        main(["redact", "room.db", id])
    assert exit_.value.code == 2
    assert f"{id!r} is no id; give the number of a line" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["redact {} 2", "prune --size 0 {}"])
def test_another_program_reads_it(
    command: str,
    kept: Kept,
    file: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told after a while, and a further try does what is left to do."""
    monkeypatch.setattr("broadcast.store.rows.PATIENCE", 0.1)
    kept.stop()
    words = command.format(file).split()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM batch").fetchall()
        assert main(words) == 1
    hint = "another program reads it; wait for that one, and try again"
    assert capsys.readouterr() == ("", f"bcast-store: {file}: {hint}\n")
    assert main(words) == 0
    assert b"two" not in bytes_of(file)


def test_a_second_time_changes_nothing(kept: Kept, file: str, tmp_path: Path) -> None:
    """Whoever was cut off may do it again."""
    kept.stop()
    redact(file, [2])
    lines, rows = lines_in(file), rows_in(file)
    redact(file, [2])
    assert (lines_in(file), rows_in(file)) == (lines, rows)


def test_a_file_that_may_not_grow_says_where_to_look(tmp_path: Path) -> None:
    """There is no room to write it anew: the text is gone at the next try only."""
    file = str(tmp_path / "room.db")
    ids = crowded(file)
    blocks = Path(file).stat().st_size // 2048
    command = (
        f"ulimit -f {blocks}; exec {sys.executable}"
        f" -c 'import sys; from broadcast.store.cli import main; sys.exit(main())'"
        f" redact {file} {ids[0]}"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    hint = "disk I/O error; see whether the disk is full, or failing"
    assert (done.returncode, done.stderr) == (1, f"bcast-store: {file}: {hint}\n")
    assert main(["check", file]) == 0


CHECKPOINT = "PRAGMA wal_checkpoint"


@pytest.mark.parametrize(
    ("word", "after", "is_done"),
    [
        ("BEGIN", 0, False),
        ("UPDATE", 1, False),
        ("COMMIT", 0, False),
        (CHECKPOINT, 1, True),
        ("VACUUM", 0, True),
        (CHECKPOINT, 2, True),
    ],
)
def test_kill_9_leaves_all_or_nothing_of_it(
    word: str, after: int, is_done: bool, tmp_path: Path, capsys: Captured
) -> None:
    """The file is sound, and has the marks or the texts; once more, and all is done."""
    file = str(tmp_path / "room.db")
    ids = crowded(file)
    before = lines_in(file)
    words = [file, *map(str, ids)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, word, str(after), "redact", *words],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert main(["check", file]) == 0
    marked = [(id, "al: [removed]" if id in ids else line) for id, line in before]
    assert lines_in(file) == (marked if is_done else before)
    Kept(file).start().stop()
    assert main(["redact", *words]) == 0
    assert lines_in(file) == marked
    assert SECRET.encode() not in bytes_of(file)
