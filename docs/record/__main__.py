"""Record the sessions and the pictures in README.md and ``docs/``.

    python -m docs.record [--check] [SCENE ...]

The scenes of ``docs/record/scenes.py`` are played with the real programs in real
terminals, all of them or those that are named. Two more names are pictures: ``client``
is the terminal client, ``page`` the page for browsers, which needs Chromium. One more,
``messages``, makes the tables of docs/messages.md from the programs' sources.
Without ``--check`` the pages and the pictures are rewritten where they differ. With it,
the differences are printed, and the exit code is 1 if there is one. Times, dates, ports
and the log's epoch don't count.
"""

import difflib
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from docs.record import messages, outline, page, pages, pixels
from docs.record.picture import client
from docs.record.scenes import SCENES, play
from docs.record.stage import masked, missing_tools
from tests.support.browser import Browsers, missing_browser

CLIENT = pages.ROOT / "docs" / "client.svg"
FOLDER = pages.ROOT / "docs"
ALL = (*SCENES, "client", "messages", "page")


def differences(file: Path, new: str) -> list[str]:
    """Return the lines in which a file and its new text differ, for people."""
    old = masked(file.read_text("utf-8")).splitlines()
    name = str(file.relative_to(pages.ROOT))
    told = difflib.unified_diff(old, masked(new).splitlines(), name, "now", lineterm="")
    return list(told)


def record(names: Sequence[str]) -> dict[Path, str]:
    """Return the files that hold recordings of these scenes, with their new text."""
    scenes = [name for name in names if name in SCENES]
    recordings = {
        (name, terminal): text
        for name in scenes
        for terminal, text in play(name).items()
    }
    found = {
        page: pages.rewritten(page.read_text("utf-8"), recordings)
        for page in pages.pages()
    }
    if "client" in names:
        found[CLIENT] = client()
    if "messages" in names:
        found[messages.PAGE] = messages.rewritten(found[messages.PAGE])
    return found


def record_page(is_check: bool) -> Iterator[str]:
    """Draw the pictures of the page; yield the lines in which they differ.

    A picture that differs is written anew, unless it is only checked.
    """
    with ExitStack() as stack:
        browsers = Browsers()
        stack.callback(browsers.stop)
        taken = page.pictures(browsers)
        driver = browsers.take()
        driver.get("about:blank")
        for name, new in taken.items():
            old = page.Picture.read(FOLDER, name)
            told = outline.differences(old.outline, new.outline)
            told += pixels.differences(driver, old, new)
            if told and not is_check:
                new.write(FOLDER, name)
            yield from (f"docs/page-{name}: {line}" for line in told)


def main(words: Sequence[str]) -> int:
    """Run the command; see the module's docstring."""
    is_check = "--check" in words
    named = [word for word in words if not word.startswith("-")] or ALL
    wants_terminals = any(name != "page" for name in named)
    missing = missing_tools() if wants_terminals else []
    missing += missing_browser() if "page" in named else []
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 1
    files = record(named) if wants_terminals else {}
    told = {file: differences(file, new) for file, new in files.items()}
    for file in (file for file, lines in told.items() if lines):
        if not is_check:
            file.write_text(files[file], "utf-8")
        print("\n".join(told[file]))
    lines = list(record_page(is_check)) if "page" in named else []
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if is_check and (lines or any(told.values())) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
