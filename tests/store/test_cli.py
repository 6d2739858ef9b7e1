"""``bcast-store``: what it tells of a file, and what it does to it."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from broadcast import __version__
from broadcast.store.base import StoreError
from broadcast.store.cli import main, make_parser
from broadcast.store.rows import Rows
from tests.support.stores import Kept, run_of

ROOT = Path(__file__).parents[2]
COMMANDS = ("check", "dump", "prune", "redact", "backup", "new-epoch")


Captured = pytest.CaptureFixture[str]


def test_check_tells_what_there_is(kept: Kept, file: str, capsys: Captured) -> None:
    """Lines, batches and positions, also while a daemon uses the file."""
    assert main(["check", file]) == 0
    epoch = kept.store.epoch
    told = f"ok: 4 lines in 3 batches, {epoch}:1 to {epoch}:4\n"
    assert capsys.readouterr() == (told, "")


def test_check_of_an_empty_file(tmp_path: Path, capsys: Captured) -> None:
    """Nothing is wrong with it."""
    Kept(tmp_path / "new.db").start().stop()
    assert main(["check", str(tmp_path / "new.db")]) == 0
    assert capsys.readouterr().out == "ok: 0 lines in 0 batches, nothing to read\n"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE batch SET count = 7 WHERE first = 3", "row 2: it has not as many"),
        ("UPDATE batch SET body = x'7b' WHERE first = 3", "row 2: the head has no end"),
        ("DELETE FROM batch WHERE first = 3", "row 3 does not follow row 1"),
        ("UPDATE batch SET at = 'x' WHERE first = 3", "row 2: it is none of ours"),
    ],
)
def test_check_finds_what_is_wrong(
    statement: str, problem: str, kept: Kept, file: str, capsys: Captured
) -> None:
    """Each row is read as the daemon would, and a hole is told."""
    kept.stop()
    with closing(sqlite3.connect(file)) as other, other:
        other.execute(statement)
    assert main(["check", file]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("damaged: ")
    assert problem in told.err
    assert all(line.startswith("bcast-store: ") for line in told.err.splitlines())


def test_check_finds_damaged_pages(kept: Kept, file: str, capsys: Captured) -> None:
    """SQLite's own structures are looked at, too."""
    for _ in range(20):
        kept.store.time = lambda: 9.0
        kept.say("x" * 3000)
    kept.stop()
    data = bytearray(Path(file).read_bytes())
    for at in range(8 * 4096, len(data), 4096):
        data[at : at + 40] = b"\xff" * 40
    Path(file).write_bytes(data)
    assert main(["check", file]) == 1
    told = capsys.readouterr().err
    assert told
    assert "Traceback" not in told


def test_dump_for_people(file: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Each line with its time, in local time, and its name."""
    assert main(["dump", file]) == 0
    stamps = [
        time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) for at in (1, 2, 3)
    ]
    assert capfdbinary.readouterr().out.decode().splitlines() == [
        f"[{stamps[0]}] al: one",
        f"[{stamps[0]}] al: two",
        f"[{stamps[1]}] Zoë: drei",
        f"[{stamps[2]}] al: four",
    ]


def test_dump_for_programs(
    file: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Each line as the protocol's ``message``; no token and no key is told."""
    assert main(["dump", "--format", "ndjson", file]) == 0
    out = capfdbinary.readouterr().out
    records = [json.loads(line) for line in out.splitlines()]
    assert [(r["id"], r["name"], r["text"]) for r in records] == [
        (1, "al", "one"),
        (2, "al", "two"),
        (3, "Zoë", "drei"),
        (4, "al", "four"),
    ]
    at = datetime.fromtimestamp(2, UTC).isoformat(timespec="milliseconds")
    assert records[2]["at"] == at.replace("+00:00", "Z")
    assert {r["event"] for r in records} == {"message"}
    assert b"t1" not in out


@pytest.mark.parametrize("format", ["text", "ndjson"])
def test_a_dump_can_not_act_on_a_terminal(
    format: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A relay's lines may be any bytes: they are made visible, and stay lines."""
    path = tmp_path / "relay.db"
    kept = Kept(path).start()
    run = run_of("x", name="")
    run.text = b"\x1b[31mred\xff\n\n\x9b1m\n"
    run.count = 3
    kept.commit(run)
    kept.stop()
    assert main(["dump", "--format", format, str(path)]) == 0
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 3
    assert "␛[31mred\ufffd" in out.decode()
    assert b"\x1b" not in out


def test_a_dump_that_nobody_reads_on(file: str, kept: Kept) -> None:
    """``| head`` ends it without a word."""
    for _ in range(50):
        kept.store.time = lambda: 9.0
        kept.say("x" * 8000)
    command = f"{sys.executable} -m broadcast.store.cli dump {file} | head -n 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"al: one\n")


@pytest.mark.parametrize(
    "command",
    [("prune", "--size", "0", "{}"), ("redact", "{}", "2"), ("new-epoch", "{}")],
)
def test_what_changes_a_file_needs_the_daemon_stopped(
    command: tuple[str, ...], kept: Kept, file: str, capsys: Captured
) -> None:
    """It is refused in one line, and nothing was changed."""
    assert main([word.format(file) for word in command]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"bcast-store: .*is in use by a running daemon; .*\n", told.err)
    kept.stop()
    again = Kept(file).start()
    again.stop()
    assert (again.store.epoch, again.lines) == (kept.store.epoch, kept.lines)


def test_prune_by_size(kept: Kept, file: str, capsys: Captured) -> None:
    """The oldest go, the file shrinks; the newest batch stays, and ids go on."""
    for n in range(40):
        kept.store.time = lambda: 9.0
        kept.say(f"{n} {'x' * 50_000}")
    epoch, lines = kept.store.epoch, kept.lines
    kept.stop()
    before = Path(file).stat().st_size
    assert main(["prune", "--size", "1M", file]) == 0
    assert re.fullmatch(r"\d+ lines were deleted\n", capsys.readouterr().out)
    assert 900_000 < Path(file).stat().st_size <= 1 << 20 < before
    assert main(["prune", "--size", "0", file]) == 0
    again = Kept(file).start()
    assert (again.store.epoch, again.lines) == (epoch, lines[-1:])
    assert again.say("next").first == lines[-1][0] + 1
    again.stop()


def test_prune_by_date(kept: Kept, file: str, capsys: Captured) -> None:
    """What was said before is gone, from the file's bytes, too."""
    kept.stop()
    assert main(["prune", "--before", "1970-01-01T00:00:03Z", file]) == 0
    assert capsys.readouterr().out == "3 lines were deleted\n"
    with closing(Rows(file)) as rows:
        assert [row.first for row in rows.after(0)] == [4]
    data = b"".join(path.read_bytes() for path in Path(file).parent.iterdir())
    assert b"al: four" in data
    assert b"drei" not in data


def test_new_epoch(kept: Kept, file: str, capsys: Captured) -> None:
    """Positions are another log's from then on; what was said is still there."""
    kept.stop()
    assert main(["new-epoch", file]) == 0
    epoch = capsys.readouterr().out.strip()
    assert epoch != kept.store.epoch
    again = Kept(file).start()
    again.stop()
    assert (again.store.epoch, again.lines) == (epoch, kept.lines)


@pytest.mark.parametrize(
    "command",
    [
        "check none.db",
        "dump none.db",
        "prune --size 0 none.db",
        "prune --before 2026-01-01 none.db",
        "redact none.db 1",
        "backup none.db copy.db",
        "new-epoch none.db",
        "check none/none.db",
    ],
)
def test_nothing_is_made_where_nothing_is(
    command: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong name is one line, and no file."""
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith(": no such file or directory; name a file that exists\n")
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["check", "dump --format ndjson"])
def test_a_full_disk_for_the_answer(command: str, file: str) -> None:
    """The line is about the output, and not about the file."""
    ours = [sys.executable, "-m", "broadcast.store.cli", *command.split(), file]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(ours, stdout=full, stderr=subprocess.PIPE, cwd=ROOT)
    why = b"can't write to standard output: no space left on device"
    assert done.returncode == 1
    assert done.stderr == b"bcast-store: %s; send it elsewhere\n" % why


@pytest.mark.parametrize(
    "command", ["check", "dump", "prune --size 0", "redact", "new-epoch", "backup"]
)
def test_what_is_no_file_is_not_opened(
    command: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named pipe would wait for its writer; nothing is made beside it."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    more = {"backup": ["copy.db"], "redact": ["1"]}.get(command, [])
    assert main([*command.split(), "pipe", *more]) == 1
    told = "bcast-store: pipe is no file; name another one\n"
    assert capsys.readouterr() == ("", told)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.parametrize(
    "command", ["check", "dump", "prune --size 0", "new-epoch", "backup"]
)
def test_what_is_no_store_is_left_where_it_is(
    command: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks at a file is not told to move it away."""
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("# A page\n" * 500)
    copy = ["copy.db"] if command == "backup" else []
    assert main([*command.split(), "README.md", *copy]) == 1
    told = "README.md is no store, or damaged: file is not a database"
    hint = "name another file, or restore a backup"
    assert capsys.readouterr() == ("", f"bcast-store: {told}; {hint}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_whatever_is_damaged_is_told_in_lines(
    kept: Kept, file: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Bytes changed anywhere: the tools and the daemon say what is wrong, or go on.

    Nothing is ever told that was not said.
    """
    kept.stop()
    whole = Path(file).read_bytes()
    harmed = tmp_path / "harmed.db"
    random = Random(7)
    refusals: list[str] = []
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.choice((1, 4, 40))):
            data[random.randrange(len(data))] = random.randrange(256)
        if random.random() < 0.3:
            del data[random.randrange(len(data)) :]
        for path in tmp_path.glob("harmed.db*"):
            path.unlink()
        harmed.write_bytes(data)
        main(["check", str(harmed)])
        main(["dump", str(harmed)])
        again = Kept(harmed)
        try:
            again.start()
        except StoreError as error:
            refusals.append(str(error))
        again.stop()
    assert b"Traceback" not in capfdbinary.readouterr().err
    assert 10 < len(refusals) < 150
    assert not any("\n" in refusal for refusal in refusals)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("prune room.db", "one of the arguments --size --before is required"),
        ("prune --size 1 --before 2026-01-01 room.db", "not allowed with argument"),
        ("prune --size x room.db", "'x' is not a size"),
        ("prune --before yesterday room.db", "'yesterday' is no date"),
        ("redact room.db", "the following arguments are required: ID"),
        ("dump --format xml room.db", "invalid choice: 'xml'"),
        ("", "no command was given; see --help"),
    ],
)
def test_a_wrong_command_line(words: str, told: str, capsys: Captured) -> None:
    """It says what is wrong, and exits 2."""
    with pytest.raises(SystemExit) as exit_:
        main(words.split())
    assert exit_.value.code == 2
    assert told in capsys.readouterr().err


def test_version(capsys: Captured) -> None:
    """It tells its own name and the version."""
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"bcast-store {__version__}\n"


def test_the_man_page_has_all_of_it(capsys: Captured) -> None:
    """Each command and each option."""
    page = (ROOT / "docs/man/bcast-store.1").read_text("utf-8").replace("\\-", "-")
    help = make_parser().format_help()
    for command in COMMANDS:
        assert re.search(rf"^ +{command}\s", help, re.MULTILINE)
        assert f"\n.B {command}\n" in page
        with pytest.raises(SystemExit):
            main([command, "--help"])
        for option in re.findall(r"--[a-z-]+", capsys.readouterr().out):
            assert option in page or option == "--help"
