"""``bcast-store backup``: what a copy has, whatever is written meanwhile."""

import stat
from pathlib import Path

import pytest

from broadcast.store.cli import main
from tests.support.stores import Kept
from tests.support.writing import Process

Captured = pytest.CaptureFixture[str]


def test_backup_while_a_daemon_writes(
    kept: Kept, file: str, tmp_path: Path, capsys: Captured
) -> None:
    """The copy has all of it, is nobody else's to read, and begins a new epoch."""
    copy = tmp_path / "copy.db"
    assert main(["backup", file, str(copy)]) == 0
    kept.store.time = lambda: 9.0
    kept.say("after the copy")
    assert capsys.readouterr() == ("", "")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("copy.db?*"))
    restored = Kept(copy).start()
    assert restored.lines == kept.lines[:-1]
    assert restored.store.epoch != kept.store.epoch
    owner = restored.store.owner("Zoë", "a-secret-key")
    assert restored.store.state.tokens.get((owner, "t1")) == 3
    restored.stop()
    again = Kept(copy).start()
    assert again.store.epoch == restored.store.epoch
    again.stop()


def test_a_backup_of_a_busy_file_is_whole(tmp_path: Path, capsys: Captured) -> None:
    """While another process commits as fast as it can, each copy is sound."""
    process = Process(tmp_path / "room.db")
    try:
        for n in range(5):
            process.wait_for("said", 5)
            copy = str(tmp_path / f"{n}.db")
            assert main(["backup", str(tmp_path / "room.db"), copy]) == 0
            assert main(["check", copy]) == 0
            assert capsys.readouterr().out.startswith("ok: ")
    finally:
        process.stop()


def test_check_and_dump_what_a_crash_has_left(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A daemon that was killed leaves a file that can be read as it is."""
    path = str(tmp_path / "room.db")
    process = Process(Path(path))
    process.wait_for("said", 10)
    process.kill()
    assert main(["check", path]) == 0
    assert capfdbinary.readouterr().out.startswith(b"ok: ")
    assert main(["dump", path]) == 0
    assert capfdbinary.readouterr().out.count(b" al: 0/0 ") == 1


def test_a_backup_replaces_nothing(file: str, tmp_path: Path, capsys: Captured) -> None:
    """A file that is there stays as it is."""
    (tmp_path / "copy.db").write_text("mine")
    assert main(["backup", file, str(tmp_path / "copy.db")]) == 1
    assert capsys.readouterr().err.endswith("is there already; name another file\n")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_backup_that_fails_leaves_nothing(
    file: str, tmp_path: Path, capsys: Captured
) -> None:
    """No half of a copy is left, and none has the copy's name."""
    Path(tmp_path / "other.db").write_bytes(b"x" * 5000)
    for source, copy in (
        (tmp_path / "other.db", tmp_path / "copy.db"),
        (tmp_path / "none.db", tmp_path / "copy.db"),
        (file, tmp_path / "none" / "copy.db"),
    ):
        assert main(["backup", str(source), str(copy)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_tells_where_it_can_not_be(
    file: str, tmp_path: Path, capsys: Captured
) -> None:
    """A folder that is missing is the copy's, and not the file's."""
    copy = tmp_path / "none" / "copy.db"
    assert main(["backup", file, str(copy)]) == 1
    told = f"bcast-store: {copy}: no such folder; make it first\n"
    assert capsys.readouterr().err == told


def test_a_backup_leaves_the_part_of_another_one(
    file: str, tmp_path: Path, capsys: Captured
) -> None:
    """Two of them at once don't take the file from each other."""
    part = tmp_path / "copy.db.part"
    part.write_text("half")
    assert main(["backup", file, str(tmp_path / "copy.db")]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"bcast-store: {part} is there already; wait for the backup")
    assert part.read_text() == "half"
    part.unlink()
    assert main(["backup", file, str(tmp_path / "copy.db")]) == 0


def test_a_backup_of_a_damaged_file_names_that(
    kept: Kept, file: str, tmp_path: Path, capsys: Captured
) -> None:
    """Nobody is told of a file that is only half made, or to move it away."""
    kept.stop()
    data = bytearray(Path(file).read_bytes())
    data[2 * 4096 : 2 * 4096 + 24] = b"X" * 24
    Path(file).write_bytes(data)
    assert main(["backup", file, str(tmp_path / "copy.db")]) == 1
    why = "database disk image is malformed"
    assert capsys.readouterr().err == f"bcast-store: {file}: {why}; restore a backup\n"
    assert not list(tmp_path.glob("copy*"))


@pytest.mark.parametrize("command", [("prune", "--size", "0"), ("redact", "2")])
def test_a_copy_that_is_cut_is_one_still(
    command: tuple[str, ...], kept: Kept, file: str, tmp_path: Path
) -> None:
    """It may be restored more than once, and is another log each time."""
    copy = str(tmp_path / "copy.db")
    assert main(["backup", file, copy]) == 0
    name, *rest = command
    assert main([name, copy, *rest]) == 0
    epochs = {kept.store.epoch}
    for n in range(2):
        restored = tmp_path / f"{n}.db"
        restored.write_bytes(Path(copy).read_bytes())
        again = Kept(restored).start()
        again.stop()
        epochs.add(again.store.epoch)
    assert len(epochs) == 3
