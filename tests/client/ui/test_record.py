"""The continuous log: dated, one a day where asked, off after a failure."""

import time
from pathlib import Path

from broadcast.client.events import Message
from broadcast.client.ui.record import Record

LINE = Message(1, "2026-01-02T12:00:00.000Z", "eve", "x")


def test_lines_are_appended_with_their_dates(tmp_path: Path) -> None:
    """Each line has the date of its event; texts of ours that of now."""
    path, notes = tmp_path / "log", list[str]()
    path.write_text("before\n")
    record = Record(str(path), notes.append)
    record.add(LINE)
    record.add_text("- one\n- two")
    record.switch(False)
    record.add(LINE)
    record.switch(True)
    record.add(LINE)
    record.flush()
    record.close()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert lines[1] == lines[4]
    assert lines[1].startswith("2026-01-0")
    assert lines[1].endswith(" eve: x")
    assert lines[3].startswith(time.strftime("%Y-"))
    assert lines[3].endswith(" - two")
    assert notes == []


def test_a_failure_is_told_once_and_ends_it(tmp_path: Path) -> None:
    """A folder is no file; lines go on without."""
    notes: list[str] = []
    record = Record(str(tmp_path), notes.append)
    record.add(LINE)
    record.add(LINE)
    record.flush()
    record.close()
    assert notes == [f"the log is off: {tmp_path}: Is a directory"]
    assert not Record(None, notes.append).is_on
