"""Text above the prompt, in one write; all that we know of prompt_toolkit's inside.

No other file of the client uses a private name of a library; a test says which of these
a new version of prompt_toolkit lacks. They are needed because the public ways,
``Renderer.erase`` and ``patch_stdout``, turn bracketed paste off and on again: a paste
in between would be sent line by line.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout.screen import Char, Screen
from prompt_toolkit.output import Output

_REFLOWING = (
    "ALACRITTY_WINDOW_ID",
    "ITERM_SESSION_ID",
    "KITTY_WINDOW_ID",
    "KONSOLE_VERSION",
    "TMUX",
    "VTE_VERSION",
    "WEZTERM_PANE",
)
_REFLOWING_TERMS = ("alacritty", "foot", "tmux", "wezterm", "xterm-kitty")


def can_draw(app: Application[Any]) -> bool:
    """Whether the prompt is on the terminal, and nothing else has taken its place."""
    return app.is_running and not app._running_in_terminal


def write_above(app: Application[Any], text: str) -> None:
    """Erase the prompt, write whole lines, draw it again: with one flush at the end."""
    renderer, output = app.renderer, app.output
    output.cursor_backward(renderer._cursor_pos.x)
    output.cursor_up(renderer._cursor_pos.y)
    _erase_down(output)
    output.reset_attributes()
    output.enable_autowrap()
    renderer._cursor_pos = Point(0, 0)
    renderer._last_screen = None
    renderer._last_style = None
    output.write_raw(text)
    app._redraw()


def _erase_down(output: Output) -> None:
    """Erase from the beginning of this row to the end of the screen.

    In two steps: in its corner, tmux takes that for a clearing of the whole screen, and
    puts a copy into the scrollback (``scroll-on-clear``).
    """
    output.erase_end_of_line()
    output.cursor_forward(1)
    output.erase_down()
    output.cursor_backward(1)


def reflows(environ: Mapping[str, str]) -> bool:
    """Whether the terminal wraps old lines anew when it gets narrower.

    No terminal can be asked; xterm, for one, cuts them instead.
    """
    by_name = environ.get("TERM", "").startswith(_REFLOWING_TERMS)
    return by_name or any(environ.get(variable) for variable in _REFLOWING)


def erase_what_is_wrapped(app: Application[Any]) -> None:
    """Erase at a new size all rows that the prompt has then, in a terminal that wraps.

    prompt_toolkit goes up by as many rows as it has drawn, and leaves the others as
    copies: https://github.com/prompt-toolkit/python-prompt-toolkit/issues/1933
    """
    setattr(app, "_on_resize", partial(_draw_resized, app))  # noqa: B010


def _draw_resized(app: Application[Any]) -> None:
    renderer = app.renderer
    if renderer._last_screen is not None:
        columns = max(1, app.output.get_size().columns)
        rows = rows_above(renderer._last_screen, renderer._cursor_pos, columns)
        renderer._cursor_pos = Point(renderer._cursor_pos.x, rows)
    write_above(app, "")


def rows_above(screen: Screen, cursor: Point, columns: int) -> int:
    """The rows above the cursor when those of a screen are wrapped at ``columns``."""
    rows = [screen.data_buffer[y] for y in range(cursor.y + 1)]
    above = sum(_wrapped(_drawn(row), columns) for row in rows[:-1])
    here = [rows[-1][x] for x in range(cursor.x + 1)]
    return above + _wrapped(here, columns) - 1


def _drawn(row: Mapping[int, Char]) -> list[Char]:
    """The cells of a row but for the blanks at its end, which are never written."""
    length = max((x + 1 for x, cell in row.items() if cell.char != " "), default=0)
    return [row[x] for x in range(length)]


def _wrapped(cells: Sequence[Char], columns: int) -> int:
    """The rows that cells take at ``columns``; no wide one is cut in two."""
    rows, used = 1, 0
    for cell in cells:
        if used + cell.width > columns:
            rows, used = rows + 1, 0
        used += cell.width
    return rows
