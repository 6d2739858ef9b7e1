"""The history of typed lines, with a file and without one."""

import asyncio
import stat
from pathlib import Path

import pytest
from prompt_toolkit.history import History
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from broadcast.client.ui.display import Typed
from broadcast.client.ui.history import MAX_BYTES, typed_lines
from broadcast.client.ui.screen import Screen
from tests.support.client.asynchronous import run


def kept(folder: Path) -> list[str]:
    """The lines of earlier sessions, the newest first."""
    return list(typed_lines(folder / "history", print).load_history_strings())


def test_history_file_is_bounded(tmp_path: Path) -> None:
    """The lines typed before never fill the disk; without one, they are in memory."""
    history = typed_lines(tmp_path / "history", print)
    entry = "x" * 1000
    for number in range(MAX_BYTES // 1000 + 10):
        history.append_string(f"{number} {entry}")
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size > MAX_BYTES
    shorter = kept(tmp_path)
    assert path.stat().st_size <= MAX_BYTES // 2
    assert shorter[0].endswith(entry)
    assert all(line.endswith(entry) for line in shorter)
    (tmp_path / "file").touch()
    assert kept(tmp_path / "file") == []


def test_shortening_touches_no_other_servers_file(tmp_path: Path) -> None:
    """The ports of one host differ in what looks like a file's suffix."""
    other = tmp_path / "history-tcp_127.0.0.new"
    other.write_text("another's")
    path = tmp_path / "history-tcp_127.0.0.1_8000"
    path.write_text("\n# x\n+line\n" * (MAX_BYTES // 10))
    typed_lines(path, print)
    assert path.stat().st_size <= MAX_BYTES // 2
    assert other.read_text() == "another's"


def test_history_is_the_persons_alone(tmp_path: Path) -> None:
    """No one else may read it, also where it was removed meanwhile and made again."""
    history = typed_lines(tmp_path / "bcast" / "history", print)
    (path,) = (tmp_path / "bcast").iterdir()
    path.unlink()
    history.append_string("a secret, perhaps")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(tmp_path / "bcast") == ["a secret, perhaps"]


def test_bytes_that_are_no_text_are_kept_as_marks(tmp_path: Path) -> None:
    """A terminal that sends bytes that are no UTF-8 costs a letter, not the file."""
    history = typed_lines(tmp_path / "history", print)
    history.append_string("caf\udce9")
    assert kept(tmp_path) == ["caf\ufffd"]


async def type_lines(history: History, *lines: str) -> list[str]:
    """Type each and press Enter; what was entered comes back."""
    entered: list[str] = []
    enough = asyncio.Event()

    def enter(text: str) -> Typed:
        entered.append(text)
        if len(entered) == len(lines):
            enough.set()
        return Typed.TAKEN

    with create_pipe_input() as keys:
        screen = Screen(input=keys, output=DummyOutput())
        screen.history = history
        screen.enter = enter
        running = asyncio.create_task(screen.run(lambda: None))
        for line in lines:
            keys.send_text(f"{line}\r")
        await enough.wait()
        screen.leave()
        await running
    return entered


def test_file_that_cannot_be_written_touches_nothing_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each Enter says what was typed since the last one; the failure is told once."""
    notes: list[str] = []
    history = typed_lines(tmp_path / "history", notes.append)
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()

    async def main() -> None:
        assert await type_lines(history, "one", "two", "three") == [
            "one",
            "two",
            "three",
        ]

    run(main())
    assert notes == ["typed lines are no longer kept: Is a directory"]
    assert list(history.get_strings())[-3:] == ["one", "two", "three"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("folder", [None, "/dev/null/home"])
def test_no_history_is_told_once(folder: str | None) -> None:
    """Without a home, or with one that can't be written, a line says so."""
    notes: list[str] = []
    history = typed_lines(Path(folder, "history") if folder else None, notes.append)
    history.append_string("x")
    assert len(notes) == 1
    assert notes[0].startswith("typed lines are not kept: ")


def test_full_disk_is_told_once(tmp_path: Path) -> None:
    """Lines stay in memory where the disk takes no more."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    notes: list[str] = []
    path = tmp_path / "history"
    path.symlink_to(full)
    history = typed_lines(path, notes.append)
    for text in ("one", "two"):
        history.append_string(text)
    assert history.get_strings() == ["one", "two"]
    assert notes == ["typed lines are no longer kept: No space left on device"]
