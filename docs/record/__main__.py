"""Record the sessions and the picture of a terminal in README.md and ``docs/``.

    python -m docs.record [--check] [SCENE ...]
    python -m docs.record --page

The scenes of ``docs/record/scenes.py`` are played with the real programs in real
terminals, all of them or those that are named. Without ``--check`` the pages are
rewritten where the recordings differ. With it, the differences are printed, and the
exit code is 1 if there is one. Times, dates, ports and the log's epoch don't count.
``--page`` draws the pictures of the page for browsers; it needs Chromium.
"""

import difflib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docs.record import pages
from docs.record.picture import client
from docs.record.scenes import SCENES, play
from docs.record.stage import masked, missing_tools

PICTURE = pages.ROOT / "docs" / "client.svg"


def differences(file: Path, new: str) -> list[str]:
    """Return the lines in which a file and its new text differ, for people."""
    old = masked(file.read_text("utf-8")).splitlines()
    name = str(file.relative_to(pages.ROOT))
    told = difflib.unified_diff(old, masked(new).splitlines(), name, "now", lineterm="")
    return list(told)


def record(names: Sequence[str]) -> dict[Path, str]:
    """Return the files that hold recordings of these scenes, with their new text."""
    scenes = [name for name in names if name != "client"]
    recordings = {
        (name, terminal): text
        for name in scenes
        for terminal, text in play(name).items()
    }
    found = {
        page: pages.rewritten(page.read_text("utf-8"), recordings)
        for page in pages.pages()
    }
    return found | ({PICTURE: client()} if "client" in names else {})


def main(words: Sequence[str]) -> int:
    """Run the command; see the module's docstring."""
    if "--page" in words:
        command = [sys.executable, "-m", "benchmarks.page.pictures", "docs"]
        return subprocess.run(command, cwd=pages.ROOT, check=False).returncode
    if missing := missing_tools():
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 1
    named = [word for word in words if not word.startswith("-")]
    files = record(named or [*SCENES, "client"])
    told = {file: differences(file, new) for file, new in files.items()}
    for file in (file for file, lines in told.items() if lines):
        if "--check" not in words:
            file.write_text(files[file], "utf-8")
        print("\n".join(told[file]))
    return 1 if "--check" in words and any(told.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
