"""The places of recordings in README.md and ``docs/``.

A place is a comment ``<!-- recorded: SCENE TERMINAL -->`` and the fenced block behind
it. The block holds all that the terminal has shown.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from docs.record.stage import masked

ROOT: Final = Path(__file__).parents[2]

_PLACE: Final = re.compile(
    r"(<!-- recorded: (?P<scene>[\w-]+) (?P<terminal>[\w-]+) -->\n```\w+\n)"
    r"(?P<text>.*?)(?=^```$)",
    re.DOTALL | re.MULTILINE,
)

Recordings = Mapping[tuple[str, str], str]
"""(Scene, terminal) → all that was shown."""


def pages() -> list[Path]:
    """Return README.md and the pages of ``docs/``."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def places(text: str) -> dict[tuple[str, str], str]:
    """Return the recordings in the text of a page."""
    return {
        (found["scene"], found["terminal"]): found["text"]
        for found in _PLACE.finditer(text)
    }


def rewritten(text: str, recordings: Recordings) -> str:
    """Return the text of a page with these recordings in their places.

    A recording that differs in times and ports alone stays as it is.
    """

    def put(found: re.Match[str]) -> str:
        new = recordings.get((found["scene"], found["terminal"]), found["text"])
        is_same = masked(new) == masked(found["text"])
        return found[1] + (found["text"] if is_same else new)

    return _PLACE.sub(put, text)
