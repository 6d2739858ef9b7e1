"""The settings of a person at run time, kept for the next session at that server.

A convenience, as the history is: whatever becomes of the file, nothing raises.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broadcast.client.core.options import BELLS, PRESENCES

_MOST = 1000
"""Names of ignored members that are kept."""


class Remembered:
    """The bell, the presence and who is ignored; None: nothing was set.

    Args:
        path: the file; None where none is kept.
        note: called with one sentence, once, where it can't be read or written.
    """

    def __init__(
        self, path: Path | None = None, note: Callable[[str], None] = lambda _: None
    ) -> None:
        self.bell: str | None = None
        self.presence: str | None = None
        self.ignored: list[list[str]] = []
        self._path = path
        self._note = note
        self._is_broken = False
        try:
            if path is not None and path.exists():
                self._take(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError) as problem:
            self._note(f"settings of the last session are lost: {_why(problem)}")

    def save(self) -> None:
        """Write it; a file is there whole or not at all."""
        if self._path is None or self._is_broken:
            return
        fields = {
            "bell": self.bell,
            "presence": self.presence,
            "ignored": self.ignored[-_MOST:],
        }
        spare = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(fields, file, ensure_ascii=False)
            spare.replace(self._path)
        except (OSError, ValueError) as problem:
            self._is_broken = True
            self._note(f"settings are no longer kept: {_why(problem)}")

    def _take(self, fields: Any) -> None:
        if not isinstance(fields, dict):
            raise ValueError("not an object")
        if fields.get("bell") in BELLS:
            self.bell = fields["bell"]
        if fields.get("presence") in PRESENCES:
            self.presence = fields["presence"]
        self.ignored = [[str(n) for n in names] for names in fields.get("ignored", ())]


def _why(problem: Exception) -> str:
    return getattr(problem, "strerror", None) or "the file is not what it was"
