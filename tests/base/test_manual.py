"""The manual of the options: --help, and docs/options.md."""

import io
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from broadcast.admin.cli import main as admin
from broadcast.auth.passwd import main as passwd
from broadcast.base import manual
from broadcast.base.rows import Group
from broadcast.client.cli.main import main as client
from broadcast.client.core.options import all_options
from broadcast.options import OPTIONS, PROGRAM, manual_of
from broadcast.store.cli import main as store

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "options.md"
PAGES = sorted((ROOT / "docs" / "man").iterdir())


def test_the_page_is_what_the_rows_say() -> None:
    """Else: ``python -m broadcast.options > docs/options.md``."""
    assert PAGE.read_text("utf-8") == manual.page(OPTIONS + PROGRAM)


def test_the_page_for_man_is_too() -> None:
    """Else: ``python -m broadcast.options --man > docs/man/bcastd.8``."""
    page = (PAGE.parent / "man" / "bcastd.8").read_text("utf-8")
    assert page == manual_of(["--man"])
    assert manual_of([]) == PAGE.read_text("utf-8")
    for option in OPTIONS + PROGRAM:
        assert f"--{option.name}".replace("-", "\\-") in page
    # No text is taken for a request.
    requests = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
    assert requests <= {
        '.\\"',
        ".TH",
        ".SH",
        ".B",
        ".RI",
        ".br",
        ".PP",
        ".RB",
        ".TP",
        ".BR",
    }


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_man_reads_each_page(page: Path) -> None:
    """Without a warning, where mandoc is installed to look."""
    mandoc = shutil.which("mandoc")
    if mandoc is None:
        pytest.skip("mandoc is not here")
    done = subprocess.run(
        [mandoc, "-T", "lint", "-W", "warning", str(page)],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [
        line for line in done.stdout.splitlines() if "cannot parse date" not in line
    ]
    assert told == []


def help_of(main: Callable[[list[str]], int], *words: str) -> str:
    """Return what ``--help`` prints."""
    told = io.StringIO()
    with pytest.raises(SystemExit), redirect_stdout(told):
        main([*words, "--help"])
    return told.getvalue()


def plain(page: Path) -> str:
    """Return a page's text without the marks of roff, in one line."""
    text = re.sub(r"\\f[A-Z]", "", page.read_text("utf-8").replace("\\-", "-"))
    marks = re.compile(r"^\.[A-Z]+ ?", re.MULTILINE)
    return " ".join(marks.sub("", text).split())


def test_each_command_has_a_page() -> None:
    """No program is without one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {page.stem for page in PAGES} == set(project["scripts"])


@pytest.mark.parametrize(
    ("name", "main", "commands"),
    [
        ("bcast-admin", admin, ()),
        ("bcast-passwd", passwd, ()),
        ("bcast-client", client, ("connect", "send", "tail", "completion")),
        (
            "bcast-store",
            store,
            ("check", "dump", "prune", "redact", "backup", "new-epoch"),
        ),
    ],
)
def test_pages_and_help_agree(
    name: str, main: Callable[[list[str]], int], commands: tuple[str, ...]
) -> None:
    """A page has each command and option that ``--help`` has, and no other option."""
    (page,) = [page for page in PAGES if page.stem == name]
    text = plain(page)
    helps = [help_of(main), *(help_of(main, command) for command in commands)]
    option = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
    in_help = {found for told in helps for found in option.findall(told)}
    assert in_help - {"--help"} == set(option.findall(text)) - {"--help"}
    verbs = re.findall(r"^([a-z]+) .*  ", helps[0], re.MULTILINE)
    for word in (*commands, *verbs):
        assert word in text, word


def test_page_of_the_client_says_what_the_help_says() -> None:
    """Of each option, in the same words."""
    (page,) = [page for page in PAGES if page.stem == "bcast-client"]
    text = plain(page)
    for given in all_options():
        if given.option.group and not given.option.positional:
            assert given.option.help in text, given.key


def test_the_help_has_each_option_once_under_a_heading() -> None:
    """The headings are there in their order, and the examples come last."""
    lines = manual.usage(OPTIONS + PROGRAM, 80).splitlines()
    headings = [line for line in lines if line.endswith(":") and line[0] != " "]
    assert headings == [f"{group.value}:" for group in Group] + ["Examples:"]
    named = [line.split("--")[1].split()[0] for line in lines if line[4:8] == "  --"]
    named += [line.split("--")[1].split()[0] for line in lines if line[4:8] == ", --"]
    names = [option.name for option in OPTIONS + PROGRAM]
    assert sorted(named) == sorted(names)
    assert "nc 127.0.0.1 8000" in lines[-1]


def test_the_help_fits_the_terminal() -> None:
    """No line is wider; where the terminal is hardly one, the words keep whole."""
    for width, widest in ((80, 80), (120, 120), (50, 50), (3, 50)):
        lines = manual.usage(OPTIONS + PROGRAM, width).splitlines()
        told = [line for line in lines if not line.startswith("  twist")]
        assert max(map(len, told)) <= widest
