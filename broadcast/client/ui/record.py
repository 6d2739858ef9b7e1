"""A continuous log: the lines that are shown, dated, appended to a file."""

import time
from collections.abc import Callable
from typing import TextIO

from broadcast.client import events as ev
from broadcast.client.ui.format import Formatter

STAMP = "%Y-%m-%d %H:%M:%S "


class Record:
    """Appends to a file while it is on; a failure is told once and switches it off.

    Args:
        path: the file; ``%Y-%m-%d`` and the like in it stand for parts of the date, so
            that each day has its own. None: there is none.
        note: called with one sentence about a failure.
    """

    def __init__(self, path: str | None, note: Callable[[str], None]) -> None:
        self.path = path
        self.is_on = path is not None
        self._note = note
        self._formatter = Formatter(dated=True)
        self._file: TextIO | None = None
        self._open_path = ""

    def follow(self, event: ev.Event) -> None:
        """Know our own name; to be called with each event, in order."""
        self._formatter.follow(event)

    def add(self, event: ev.Event) -> None:
        """An event is shown."""
        if self.is_on and (line := self._formatter.line(event)) is not None:
            self._write(line)

    def add_text(self, text: str) -> None:
        """A text of the client's own, or of the server's, is shown now."""
        if self.is_on:
            stamp = time.strftime(STAMP)
            self._write("\n".join(f"{stamp}{line}" for line in text.split("\n")))

    def flush(self) -> None:
        """See that others can read what was added."""
        if self._file is not None:
            self._try(self._file.flush)

    def switch(self, is_on: bool) -> None:
        """Go on, or end."""
        self.is_on = is_on
        if not is_on:
            self.close()

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            self._try(file.close)

    def _write(self, text: str) -> None:
        path = time.strftime(self.path or "")
        if path != self._open_path:
            self.close()
        if self._file is None:
            self._open_path = path
            self._try(lambda: self._open(path))
        file = self._file
        if file is not None:
            self._try(lambda: file.write(f"{text}\n"))

    def _open(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (OSError, ValueError) as problem:
            self.is_on, self._file = False, None
            reason = getattr(problem, "strerror", None) or problem
            self._note(f"the log is off: {self.path}: {reason}")
