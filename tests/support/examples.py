"""Examples out of the docs, so that what is tested is what is written there."""

import re
from pathlib import Path
from textwrap import dedent

DOCS = Path(__file__).parents[2] / "docs"


def example(document: str, first: str) -> str:
    """Return the indented block of a document that begins with the line ``first``.

    Blank lines belong to it as long as more that is indented follows.
    """
    text = (DOCS / document).read_text()
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    found = [block for block in map(dedent, blocks) if _begins(block, first)]
    assert len(found) == 1, f"{len(found)} examples begin with {first!r}"
    return found[0].strip("\n") + "\n"


def _begins(block: str, first: str) -> bool:
    return block.strip("\n").split("\n")[0] == first


def replaced(text: str, **changes: str) -> str:
    """Return ``text`` with each regular expression replaced; each must be there."""
    for pattern, new in changes.items():
        text, count = re.subn(pattern, lambda _: new, text)  # noqa: B023  # used now
        assert count, f"no {pattern!r} in:\n{text}"
    return text
