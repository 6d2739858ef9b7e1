"""The history of typed lines, with a file and without one."""

import asyncio
import stat
from pathlib import Path

import pytest
from prompt_toolkit.history import History
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from broadcast.client.address import DEFAULT_ADDRESS
from broadcast.client.ui.history import MAX_BYTES, typed_lines
from broadcast.client.ui.screen import Screen, Typed
from tests.support.client.asynchronous import run


def kept(folder: Path) -> list[str]:
    """The lines of earlier sessions, the newest first."""
    return list(typed_lines(folder, DEFAULT_ADDRESS, print).load_history_strings())


def test_history_file_is_bounded(tmp_path: Path) -> None:
    """The lines typed before never fill the disk; without one, they are in memory."""
    history = typed_lines(tmp_path, DEFAULT_ADDRESS, print)
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


def test_history_is_the_persons_alone(tmp_path: Path) -> None:
    """No one else may read it, also where it was removed meanwhile and made again."""
    history = typed_lines(tmp_path / "bcast", DEFAULT_ADDRESS, print)
    (path,) = (tmp_path / "bcast").iterdir()
    path.unlink()
    history.append_string("a secret, perhaps")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept(tmp_path / "bcast") == ["a secret, perhaps"]


def test_bytes_that_are_no_text_are_kept_as_marks(tmp_path: Path) -> None:
    """A terminal that sends bytes that are no UTF-8 costs a letter, not the file."""
    history = typed_lines(tmp_path, DEFAULT_ADDRESS, print)
    history.append_string("caf\udce9")
    assert kept(tmp_path) == ["caf?"]


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
        screen = Screen(history=history, input=keys, output=DummyOutput())
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
    history = typed_lines(tmp_path, DEFAULT_ADDRESS, notes.append)
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
