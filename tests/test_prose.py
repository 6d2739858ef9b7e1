"""The check of the docstrings, ``.ci/prose.py``."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

GOOD = '''"""A module. One file, or ``code``. See ``other`` for more."""


def join(name: str, *, key: str = "") -> None:
    """Join the room.

    Args:
        name: the name of the member, not of somebody else.
        key: ``what`` is code.
    """


def leave(name: str) -> None:
    """Leave the room."""


class Room:
    """A room.

    Args:
        size: members at most.
    """

    def __init__(self, size: int) -> None:
        self.size = size
'''


def check(file: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run the check of a file with this text."""
    file.write_text(text, "utf-8")
    command = [sys.executable, ".ci/prose.py", str(file)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_good_prose_passes(tmp_path: Path) -> None:
    """Docstrings that keep all rules are no faults, and the exit code is 0."""
    done = check(tmp_path / "good.py", GOOD)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("A module.", "Who joins is told.", "1: a sentence or an entry begins with"),
        ("Leave the room.", "Leave. Whoever stays hears.", "14: a sentence or an"),
        ("size: members at most", "size: what is allowed", "18: a sentence or an"),
        ("One file,", "One who asks,", "1: a sentence or an entry begins with"),
        ("``code``", "`code`", "1: single backticks"),
        ("See ``other`` for more", "See above", "1: 'See above'"),
        ("        key: ``what`` is code.\n", "", "4: join: not under Args: key"),
        ("size: int)", "size: int, cap: int)", "17: Room: not under Args: cap"),
    ],
)
def test_fault_is_found(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """Each rule that is broken is a line with file and line, and the exit code is 1."""
    assert GOOD.count(old) == 1
    file = tmp_path / "bad.py"
    done = check(file, GOOD.replace(old, new))
    assert done.returncode == 1
    assert f"{file}:{fault}" in done.stdout


PAGE = """# A page

With this page you do it, and `Who` is code.

| who | does |
|---|---|

- **One thing.** It is *so*; see [the end](#end).
- Another one: what is told, and to whom.
"""


def test_good_page_passes(tmp_path: Path) -> None:
    """Code, tables and clauses behind a colon are no faults."""
    done = check(tmp_path / "good.md", PAGE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("It is *so*", "Who asks is told", "8: a sentence begins with 'Who'"),
        ("With this page", "Whoever reads, learns. With this", "3: a sentence begins"),
        ("It is *so*", "It is; so; it is", "8: more than one semicolon in a sentence"),
        ("you do it", "you do it " * 20, "3: a sentence of 68 words: With this page"),
        ("see [the end](#end)", "see above", "8: 'see above' or 'see below'"),
    ],
)
def test_fault_of_a_page_is_found(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    """Each rule for pages that is broken is a line, and the exit code is 1."""
    assert PAGE.count(old) == 1
    file = tmp_path / "bad.md"
    done = check(file, PAGE.replace(old, new))
    assert done.returncode == 1
    assert f"{file}:{fault}" in done.stdout, done.stdout


def test_package_is_read(tmp_path: Path) -> None:
    """Without arguments the whole package and all pages are checked."""
    command = [sys.executable, str(ROOT / ".ci" / "prose.py")]
    (tmp_path / "broadcast" / "store").mkdir(parents=True)
    for file in ("broadcast/one.py", "broadcast/store/two.py"):
        (tmp_path / file).write_text('"""Who is here."""\n', "utf-8")
    (tmp_path / "docs").mkdir()
    for file in ("README.md", "docs/page.md"):
        (tmp_path / file).write_text("Who is here.\n", "utf-8")
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "broadcast/one.py:1: " in done.stdout
    assert "broadcast/store/two.py:1: " in done.stdout
    assert "README.md:1: " in done.stdout
    assert "docs/page.md:1: " in done.stdout
