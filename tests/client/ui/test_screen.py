"""The terminal: what it keeps of the lines typed before."""

from pathlib import Path

from broadcast.client.address import DEFAULT_ADDRESS
from broadcast.client.ui.screen import MAX_BYTES, typed_lines


def test_history_file_is_bounded(tmp_path: Path) -> None:
    """The lines typed before never fill the disk; without one, they are in memory."""
    address = DEFAULT_ADDRESS
    history = typed_lines(tmp_path, address)
    entry = "x" * 1000
    for number in range(MAX_BYTES // 1000 + 10):
        history.append_string(f"{number} {entry}")
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size > MAX_BYTES
    shorter = list(typed_lines(tmp_path, address).load_history_strings())
    assert path.stat().st_size <= MAX_BYTES // 2
    assert shorter[0].endswith(entry)
    assert all(line.endswith(entry) for line in shorter)
    (tmp_path / "file").touch()
    assert not list(typed_lines(tmp_path / "file", address).load_history_strings())
