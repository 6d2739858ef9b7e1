"""The lines that were typed before, in a file for each server.

A convenience: whatever becomes of the file, nothing raises, and the lines of this
session stay in memory.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

MAX_BYTES = 512 * 1024


class TypedLines(History):
    """A history in a file, which may become unwritable at any time.

    Args:
        path: the file.
        note: called with one sentence, once, when a line could not be written; after
            that no more is written.
    """

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        super().__init__()
        self._path = path
        self._file = FileHistory(str(path))
        self._note = note
        self._is_broken = False

    def load_history_strings(self) -> Iterable[str]:
        """The lines of earlier sessions, the newest first."""
        try:
            return list(self._file.load_history_strings())
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Write one more, or tell once that it can't be written."""
        if self._is_broken:
            return
        try:
            _touch(self._path)
            # The terminal's bytes that are no UTF-8 arrive as surrogates.
            data = string.encode(errors="surrogateescape")
            self._file.store_string(data.decode(errors="replace"))
        except OSError as problem:
            self._is_broken = True
            self._note(f"typed lines are no longer kept: {problem.strerror}")


def typed_lines(path: Path | None, note: Callable[[str], None]) -> History:
    """The history in a file; in memory where it can't be had, which is noted.

    Args:
        path: the file; None where this account has no place for one.
        note: see ``TypedLines``.
    """
    if path is None:
        note("typed lines are not kept: this account has no home")
        return InMemoryHistory()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _touch(path)
        _shorten(path)
    except OSError as problem:
        note(f"typed lines are not kept: {path}: {problem.strerror}")
        return InMemoryHistory()
    return TypedLines(path, note)


def _touch(path: Path) -> None:
    """See that the file is there, for us alone."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _shorten(path: Path) -> None:
    """Keep the newer half of a file that has grown over ``MAX_BYTES``."""
    if path.stat().st_size <= MAX_BYTES:
        return
    data = path.read_bytes()[-MAX_BYTES // 2 :]
    entry = data.find(b"\n# ")
    spare = path.with_name(f"{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        spare.unlink()
    binary = getattr(os, "O_BINARY", 0)  # or Windows writes other line ends
    modes = os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary
    descriptor = os.open(spare, modes, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data[max(entry, 0) :])
    spare.replace(path)
