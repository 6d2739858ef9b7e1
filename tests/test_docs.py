"""The documents agree with the code, with each other and with what CI runs."""

import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import broadcast
from broadcast.admin.cli import main as admin
from broadcast.auth.passwd import main as passwd
from broadcast.client.cli.main import main as client
from broadcast.options import OPTIONS, PROGRAM
from broadcast.store.cli import main as store

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
TEXTS = {path: path.read_text("utf-8") for path in PAGES}

LONG = 100
"""Lines of two screens."""

WITHOUT_CONTENTS = frozenset({"performance-tables.md"})

OTHER_PROGRAMS = frozenset(
    (
        *("--extra", "--with", "--recv-only"),  # uv, ncat
        *("--now", "--unbuffered", "--upgrade"),  # systemctl, jq, pip
        *("--data-binary", "--retry-all-errors", "--oneline"),  # curl, git
        *("--build-arg", "--cap-drop", "--format", "--isolation"),  # podman
        *("--network", "--read-only"),
        *("--dist", "--engine"),  # of pytest
    )
)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w./-]+(?:\.(?:py|md|sh|ini)|/))`")
_FROM_PYPI = re.compile(r"pipx? install (?:-\S+ )*['\"]?broadcast\b|'broadcast\[")
_SOMEBODYS = re.compile(r"/(?:root|home/\w+|Users/\w+|work)/|[.]pyenv/")


def named(path: Path) -> str:
    """Return a page's name as pytest shows it."""
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", _FENCED.sub("", text), re.MULTILINE)
    bare = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in bare}


def test_one_version() -> None:
    """pyproject.toml, the package as it is installed, and the changelog's newest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (?:\[)?(\d+\.\d+\.\d+)", changes, re.MULTILINE)
    assert newest is not None
    assert project["version"] == broadcast.__version__ == newest[1]


def test_our_own_name_is_asked_for() -> None:
    """The project called broadcast on the package index is another one, never ours."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(one for more in extras.values() for one in more),
    ]
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    assert "broadcast" not in names
    assert project["name"] in names
    assert version(project["name"]) == broadcast.__version__


def test_readme_is_read_at_once() -> None:
    """It has at most 200 lines."""
    assert TEXTS[ROOT / "README.md"].count("\n") <= 200


def test_contents_have_every_page() -> None:
    """docs/README.md leads to each page of the documentation."""
    contents = TEXTS[ROOT / "docs" / "README.md"]
    linked = {link.partition("#")[0] for link in _LINK.findall(contents)}
    pages = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert pages <= linked


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_long_page_begins_with_its_contents(page: Path) -> None:
    """It has a link to each of its parts before the first: two screens, or more."""
    text = _FENCED.sub("", TEXTS[page])
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    is_long = len(heads) > 1 and text.count("\n") >= LONG
    if page.parent == ROOT or page.name in WITHOUT_CONTENTS or not is_long:
        return
    linked = _LINK.findall(text.partition(f"\n## {heads[0]}\n")[0])
    missing = anchors("".join(f"## {head}\n" for head in heads))
    assert missing <= {link.removeprefix("#") for link in linked}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file that is here, and a heading that is in it."""
    for link in _LINK.findall(_FENCED.sub("", TEXTS[page])):
        if re.match(r"\w+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_one_page_alone_lists_the_daemons_options(page: Path) -> None:
    """It is made from the settings; a second table would grow old."""
    row = r"^\| `(?:-\w, )?--([a-z-]+)(?!:)\b"
    listed = set(re.findall(row, TEXTS[page], re.MULTILINE))
    ours = {option.name for option in OPTIONS}
    if page == ROOT / "docs" / "options.md":
        assert ours <= listed
    elif page != ROOT / "docs" / "client.md":
        assert not listed & ours


def options_of_all(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Yield each option that one of our programs, or ``twist`` itself, has."""
    yield from (f"--{option.name}" for option in OPTIONS + PROGRAM)
    yield from ("--reactor", "--log-format", "--log-level")
    calls: list[tuple[Callable[[list[str]], int], list[str]]] = [
        *((client, [command]) for command in ("connect", "send", "tail")),
        (admin, []),
        (passwd, []),
        *((store, [command]) for command in ("dump", "prune")),
    ]
    for main, words in calls:
        with pytest.raises(SystemExit):
            main([*words, "--help"])
        yield from _OPTION.findall(capsys.readouterr().out)
    scripts = (*ROOT.glob("[bhs]*/*.py"), *ROOT.glob("docs/record/*.py"))
    for script in scripts:
        if script.parent.name in ("benchmarks", "hostile", "record", "soak"):
            yield from re.findall(r'"(--[a-z-]+)"', script.read_text("utf-8"))


def test_each_option_that_is_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """What a page calls an option is one of ours, or plainly another program's."""
    known = {*options_of_all(capsys), *OTHER_PROGRAMS}
    for page, text in TEXTS.items():
        unknown = set(_OPTION.findall(text)) - known
        assert not unknown, (named(page), sorted(unknown))


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    """The tests are run as a newcomer would run them, to the letter."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    command = re.search(r'^test_command="(.*)"$', script, re.MULTILINE)
    assert command is not None
    assert command[1] in TEXTS[ROOT / "README.md"].splitlines()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/design.md"])
def test_files_that_are_named_are_there(name: str) -> None:
    """Each file or folder in backquotes, and each module in the picture."""
    text = TEXTS[ROOT / name]
    places = (ROOT, ROOT / "broadcast")
    found = set(_NAMED.findall(text)) | set(re.findall(r"[\w./]+\.py\b", text))
    assert found
    assert not [f for f in found if not any((place / f).exists() for place in places)]


def kept_files() -> Iterator[tuple[str, str]]:
    """Yield each file that git keeps: its name and what is in it."""
    kept = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if kept.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, kept.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():  # and not deleted just now
            yield name, path.read_bytes().decode("utf-8", "replace")


def test_no_file_names_a_machines_path() -> None:
    """What git keeps would be as true in any other folder, of any other person."""
    for name, text in kept_files():
        told = _SOMEBODYS.search(text)
        assert told is None, (name, told)


def test_nobody_is_sent_to_the_other_broadcast() -> None:
    """The name on PyPI is another project's: ours comes from a checkout or a wheel."""
    for name, text in kept_files():
        told = _FROM_PYPI.search(text)
        assert told is None, (name, told)
