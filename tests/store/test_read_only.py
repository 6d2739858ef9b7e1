"""``bcast-store`` on a file system that can't be written to, as a snapshot is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stores import Kept

_READ_ONLY = (
    'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
)


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run ``bcast-store`` where a folder can't be written to."""
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", _READ_ONLY, "sh"]
    try:
        subprocess.run([*alone, str(folder), "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    ours = [sys.executable, "-m", "broadcast.store.cli", *command]
    return subprocess.run(
        [*alone, str(folder), *ours], capture_output=True, text=True, timeout=60
    )


def test_a_read_only_file_is_looked_at(kept: Kept, file: str, tmp_path: Path) -> None:
    """It is read as it is, once nothing is left to be taken over into it."""
    kept.stop()
    checked = run(tmp_path, "check", file)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("ok: ")
    assert run(tmp_path, "dump", file).stdout.count("\n") == len(kept.lines)
    changed = run(tmp_path, "new-epoch", file)
    assert (changed.returncode, changed.stdout) == (1, "")
    hint = "name a file that you may use"
    assert changed.stderr == f"bcast-store: {file}: read-only file system; {hint}\n"


def test_a_read_only_file_with_a_rest_says_what_to_do(
    kept: Kept, file: str, tmp_path: Path
) -> None:
    """What a crash has left beside it is not in it yet; it would be overlooked."""
    other = tmp_path / "other"
    other.mkdir()
    for end in ("", "-wal"):
        (other / f"room.db{end}").write_bytes(Path(f"{file}{end}").read_bytes())
    checked = run(other, "check", str(other / "room.db"))
    assert checked.returncode == 1
    assert checked.stderr == (
        f"bcast-store: {other}/room.db has a -wal, and nothing can be written beside"
        " it; copy both to another folder\n"
    )
