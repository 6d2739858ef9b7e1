"""The store that lasts in a process of its own: killed, out of room, and ended well."""

import resource
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from broadcast.store.base import InUseError
from broadcast.store.codec import Speakers
from broadcast.store.rows import Rows
from tests.support.stores import Kept, lines_of
from tests.support.writing import Process, texts_of

KILLS = 8


def said_by(process: Process) -> dict[int, str]:
    """Return each line that was acknowledged, by its id."""
    found: dict[int, str] = {}
    for words in process.told:
        if words[0] == "said":
            first, count, number = map(int, words[1:])
            texts = texts_of(number)
            assert len(texts) == count
            found |= {first + n: f"al: {text}" for n, text in enumerate(texts)}
    return found


def lines_in(path: Path) -> dict[int, str]:
    """Return each line that is in the file, by its id."""
    with closing(Rows(str(path))) as rows:
        batches = [rows.batch(row, Speakers()) for row in rows.after(0)]
        checked = rows.connection.execute("PRAGMA integrity_check").fetchall()
    assert checked == [("ok",)]
    return dict(line for batch in batches for line in lines_of(batch))


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """Each line under its id, each once, in one epoch; and nothing was made up."""
    path = tmp_path / "room.db"
    acknowledged: dict[int, str] = {}
    epochs: set[str] = set()
    number = 0
    for kill in range(KILLS):
        process = Process(path, number)
        process.wait_for("said", 5 + 11 * kill)
        process.kill()
        epochs.add(process.told[0][1])
        assert int(process.told[0][2]) >= max(acknowledged, default=0)
        acknowledged |= said_by(process)
        number += sum(words[0] == "said" for words in process.told)
        kept = lines_in(path)
        assert kept.items() >= acknowledged.items()
        assert list(kept) == list(range(1, len(kept) + 1))
        assert len(kept) <= len(acknowledged) + 5 * (kill + 1)  # one was in flight
    assert len(epochs) == 1


def test_what_is_ended_well_has_nothing_in_flight(tmp_path: Path) -> None:
    """What was begun is written, acknowledged, and all that is in the file."""
    path = tmp_path / "room.db"
    process = Process(path)
    process.wait_for("said", 20)
    process.stop()
    assert not Path(f"{path}-wal").exists()
    assert lines_in(path) == said_by(process)


def test_another_process_is_kept_out(tmp_path: Path) -> None:
    """Until it has ended, even by kill -9; after that nobody has to tidy up."""
    path = tmp_path / "room.db"
    process = Process(path)
    kept = Kept(path)
    with pytest.raises(InUseError):
        kept.start()
    kept.stop()
    process.kill()
    Kept(path).start().stop()


def test_a_file_that_can_not_grow_makes_members_wait(tmp_path: Path) -> None:
    """Under a limit of size nothing more is acknowledged; above it, all goes on."""
    path = tmp_path / "room.db"
    process = Process(path)
    process.wait_for("said", 20)
    pid = process.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (200_000, hard))
        process.wait_for("stalled")
        stalled = len(process.told)
        before = lines_in(path)
        assert before == said_by(process)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        process.wait_for("said", 20)
    finally:
        process.stop()
    assert process.told[stalled - 1][0] == "stalled"
    assert process.told[stalled] == ["flowing"]
    assert sum(words[0] == "stalled" for words in process.told) == 1
    assert lines_in(path) == said_by(process)


_FAILING = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fails(void) { return access(getenv("FAIL_SYNC"), F_OK) == 0; }
int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    if (fails()) { errno = EIO; return -1; }
    return real(fd);
}
int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    if (fails()) { errno = EIO; return -1; }
    return real(fd);
}
"""


@pytest.fixture
def failing_syncs(tmp_path: Path) -> Path:
    """Build a library whose syncs fail while a file is there."""
    source, library = tmp_path / "fail.c", tmp_path / "fail.so"
    source.write_text(_FAILING)
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    try:
        subprocess.run(command, check=True, timeout=60, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no C compiler")
    return library


def test_a_sync_that_fails_acknowledges_nothing(
    tmp_path: Path, failing_syncs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing until it succeeds again, and then each line is there once."""
    path, switch = tmp_path / "room.db", tmp_path / "switch"
    monkeypatch.setenv("FAIL_SYNC", str(switch))
    monkeypatch.setenv("LD_PRELOAD", str(failing_syncs))
    process = Process(path)
    monkeypatch.delenv("LD_PRELOAD")
    try:
        for _ in range(3):
            process.wait_for("said", 10)
            switch.touch()
            process.wait_for("stalled")
            assert process.told[-1] == ["stalled", "disk", "I/O", "error"]
            switch.unlink()
            process.wait_for("flowing")
            process.wait_for("said", 10)
    finally:
        process.stop()
    assert lines_in(path) == said_by(process)


def test_a_kill_after_a_failed_sync_loses_nothing(
    tmp_path: Path, failing_syncs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged before is there; what was not may be, and is synced."""
    path, switch = tmp_path / "room.db", tmp_path / "switch"
    monkeypatch.setenv("FAIL_SYNC", str(switch))
    monkeypatch.setenv("LD_PRELOAD", str(failing_syncs))
    process = Process(path)
    monkeypatch.delenv("LD_PRELOAD")
    process.wait_for("said", 10)
    switch.touch()
    process.wait_for("stalled")
    process.kill()
    acknowledged = said_by(process)
    kept = Kept(path).start()
    try:
        journal = Path(f"{path}-wal")
        assert not journal.exists() or not journal.stat().st_size
        assert dict(kept.lines).items() >= acknowledged.items()
        assert len(kept.lines) <= len(acknowledged) + 5  # one commit was in flight
        kept.say("more")
    finally:
        kept.stop()
    assert list(lines_in(path)) == list(range(1, len(kept.lines) + 1))
