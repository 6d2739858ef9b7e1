"""Text above the prompt, in one write; all that we know of prompt_toolkit's inside.

No other file of the client uses a private name of a library; a test says which of these
a new version of prompt_toolkit lacks. They are needed because the public ways,
``Renderer.erase`` and ``patch_stdout``, turn bracketed paste off and on again: a paste
in between would be sent line by line.
"""

from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point


def can_draw(app: Application[Any]) -> bool:
    """Whether the prompt is on the terminal, and nothing else has taken its place."""
    return app.is_running and not app._running_in_terminal


def write_above(app: Application[Any], text: str) -> None:
    """Erase the prompt, write whole lines, draw it again: with one flush at the end."""
    renderer, output = app.renderer, app.output
    output.cursor_backward(renderer._cursor_pos.x)
    output.cursor_up(renderer._cursor_pos.y)
    output.erase_down()
    output.reset_attributes()
    output.enable_autowrap()
    renderer._cursor_pos = Point(0, 0)
    renderer._last_screen = None
    renderer._last_style = None
    output.write_raw(text)
    app._redraw()
