"""The manual of the options: --help, and docs/options.md."""

from pathlib import Path

from broadcast.base import manual
from broadcast.base.rows import Group
from broadcast.options import OPTIONS, PROGRAM

PAGE = Path(__file__).parents[2] / "docs" / "options.md"


def test_the_page_is_what_the_rows_say() -> None:
    """Else: ``python -m broadcast.options > docs/options.md``."""
    assert PAGE.read_text("utf-8") == manual.page(OPTIONS + PROGRAM)


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
