"""The private names of prompt_toolkit exist, and one file alone uses them."""

import ast
from importlib.metadata import version
from pathlib import Path

import pytest
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.input import DummyInput
from prompt_toolkit.layout.screen import Char, Screen
from prompt_toolkit.output import DummyOutput

import broadcast.client
from broadcast.client.ui import redraw

CLIENT = Path(str(broadcast.client.__file__)).parent
FILES = sorted(CLIENT.rglob("*.py"))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def foreign_names(path: Path) -> set[str]:
    """The private names of others that a file uses."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used, own = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            used |= {alias.name for alias in node.names if is_private(alias.name)}
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
            (own if of_self else used).add(node.attr)
    return used - own


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CLIENT)))
def test_only_one_file_knows_the_inside_of_a_library(path: Path) -> None:
    """No file but one uses a private name that is not its own."""
    names = foreign_names(path)
    assert bool(names) is (path == Path(redraw.__file__)), names


def test_prompt_toolkit_has_what_is_used() -> None:
    """A version that lacks a private name is found here, by that name."""
    app: Application[None] = Application(input=DummyInput(), output=DummyOutput())
    for name in foreign_names(Path(redraw.__file__)):
        known = hasattr(app, name) or hasattr(app.renderer, name)
        assert known, (
            f"prompt_toolkit {version('prompt_toolkit')} has no {name} any more: "
            f"mend broadcast/client/ui/redraw.py"
        )


def test_rows_of_a_narrower_window() -> None:
    """Each row that was drawn is wrapped for itself, and so is that of the cursor."""
    screen = Screen()
    for y, length in enumerate((60, 61, 0, 45)):
        for x in range(length):
            screen.data_buffer[y][x] = Char("x")
    assert redraw.rows_above(screen, Point(45, 3), 80) == 3
    assert redraw.rows_above(screen, Point(45, 3), 60) == 4
    assert redraw.rows_above(screen, Point(45, 3), 30) == 7
    assert redraw.rows_above(screen, Point(2, 0), 30) == 0


def test_blanks_at_the_end_of_a_row_are_not_wrapped() -> None:
    """The dimmed rows are filled with blanks, of which none is written."""
    screen = Screen()
    for x in range(100):
        screen.data_buffer[0][x] = Char("x" if x < 30 else " ")
    assert redraw.rows_above(screen, Point(45, 1), 80) == 1
    assert redraw.rows_above(screen, Point(45, 1), 20) == 4


def test_wide_characters_are_wrapped_whole() -> None:
    """A row of an odd width ends before a wide character that would be cut."""
    screen = Screen()
    for y in range(2):
        for x in range(0, 80, 2):
            screen.data_buffer[y][x] = Char("語")
            screen.data_buffer[y][x + 1] = Char("")
    assert redraw.rows_above(screen, Point(0, 1), 27) == 4
    assert redraw.rows_above(screen, Point(52, 0), 27) == 2
    assert redraw.rows_above(screen, Point(80, 0), 40) == 2


def test_terminals_that_wrap_anew() -> None:
    """They are known by their variables or by their names; others are left alone."""
    assert redraw.reflows({"TERM": "tmux-256color"})
    assert redraw.reflows({"TERM": "xterm-256color", "VTE_VERSION": "7800"})
    assert not redraw.reflows({"TERM": "xterm-256color"})
    assert not redraw.reflows({})
