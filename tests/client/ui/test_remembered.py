"""Settings that outlast a session, and files that are not what they were."""

import stat
from pathlib import Path

import pytest

from broadcast.client.ui.remembered import Remembered


def test_settings_come_back(tmp_path: Path) -> None:
    """All of them, from a file that is mine alone."""
    path = tmp_path / "bcast" / "settings"
    first = Remembered(path)
    first.bell, first.presence, first.ignored = "all", "none", [["eve", "Zoë"]]
    first.save()
    second = Remembered(path)
    assert (second.bell, second.presence) == ("all", "none")
    assert second.ignored == [["eve", "Zoë"]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["settings"]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff", b'{"ignored": 7}', b"[" * 100_000]
)
def test_broken_file_is_told_and_replaced(tmp_path: Path, data: bytes) -> None:
    """What was kept is lost, which is one line; new settings are kept again."""
    path, notes = tmp_path / "settings", list[str]()
    path.write_bytes(data)
    remembered = Remembered(path, notes.append)
    assert len(notes) == 1
    remembered.bell = "mention"
    remembered.save()
    assert Remembered(path, notes.append).bell == "mention"
    assert len(notes) == 1


def test_values_that_are_none_are_left_out(tmp_path: Path) -> None:
    """A value of another version is no value."""
    path = tmp_path / "settings"
    path.write_text('{"bell": "gong", "presence": 7, "ignored": [["eve"]]}')
    remembered = Remembered(path, pytest.fail)
    assert (remembered.bell, remembered.presence) == (None, None)
    assert remembered.ignored == [["eve"]]


def test_file_that_cannot_be_written_is_told_once() -> None:
    """The settings last for this session, then."""
    notes: list[str] = []
    remembered = Remembered(Path("/dev/null/settings"), notes.append)
    remembered.save()
    remembered.save()
    assert len(notes) == 1
    assert notes[0].startswith("settings are no longer kept: ")
    Remembered().save()
