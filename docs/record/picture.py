"""The picture docs/client.svg: a real session at a terminal, as pyte saw it.

It starts the daemon, lets three people talk, types at a real bcast-client, and turns
the screen's cells into SVG text.
"""

import tempfile
from html import escape

from tests.support.client.command import run_client
from tests.support.client.daemon import Daemon
from tests.support.client.terminal import Terminal

COLUMNS, ROWS = 84, 22
WIDTH, HEIGHT = 8.4, 18
INK, PAPER = "#d4d4d4", "#1e1e1e"


def session(terminal: Terminal, daemon: Daemon, home: str) -> None:
    """What happens in the picture."""

    def say(name: str, text: str) -> None:
        done = run_client("send", "-s", daemon.url, "-n", name, text, home=home)
        assert done.returncode == 0, done.stderr
        terminal.wait_for(text[-20:])

    say("carol", "morning! the build is green: https://ci.example.org/1742")
    say("dave", "nice. alice, can you look at the release notes?")
    terminal.type("on it \u2014 ten minutes\r")
    terminal.wait_for("alice [you]: on it")
    daemon.stop()
    terminal.wait_for("connection refused")
    terminal.type("done: https://notes.example.org/1.0\r")
    terminal.wait_for("[you]: done")
    daemon.restart()
    terminal.wait_for("log began anew", 30)  # what she has typed goes out now
    say("carol", "merged. thanks alice!")
    say("dave", "lunch?")
    terminal.type("yes, 12:30 at the us")
    terminal.wait_for("at the us")


def run_of(row: int, start: int, text: str, style: tuple[str, str, bool]) -> str:
    """One run of cells that look alike."""
    color, paper, bold = style
    x, y = 10 + start * WIDTH, 10 + row * HEIGHT
    weight = ' font-weight="bold"' if bold else ""
    box = ""
    if paper != PAPER:
        size = f'width="{len(text) * WIDTH:.1f}" height="{HEIGHT}"'
        box = f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{paper}"/>'
    where = f'x="{x:.1f}" y="{y + 13.5:.1f}" textLength="{len(text) * WIDTH:.1f}"'
    return f'{box}<text {where} fill="{color}"{weight}>{escape(text)}</text>'


def draw(terminal: Terminal) -> str:
    """The screen as SVG."""
    parts: list[str] = []
    for y in range(ROWS):
        row = terminal.screen.buffer[y]
        start = 0
        while start < COLUMNS:
            style = style_of(row[start])
            end = start
            while end < COLUMNS and style_of(row[end]) == style:
                end += 1
            text = "".join(row[x].data for x in range(start, end))
            if text.strip():
                parts.append(run_of(y, start, text.rstrip(), style))
            start = end
    cursor = terminal.screen.cursor
    x, y = 10 + cursor.x * WIDTH, 10 + cursor.y * HEIGHT
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{INK}" opacity="0.7"/>')
    wide, high = 20 + COLUMNS * WIDTH, 20 + ROWS * HEIGHT
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}"'
    font = 'font-family="monospace" font-size="14" xml:space="preserve"'
    frame = f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    return f"{head} {font}>{frame}\n" + "\n".join(parts) + "\n</svg>\n"


def style_of(cell: object) -> tuple[str, str, bool]:
    """Ink, paper and weight of a cell."""
    named = {"default": INK}
    ink = str(getattr(cell, "fg", "default"))
    ink = named.get(ink, ink if ink.isalpha() else f"#{ink}")
    bold = bool(getattr(cell, "bold", False))
    if getattr(cell, "reverse", False):
        return PAPER, ink, bold
    return ink, PAPER, bold


def client() -> str:
    """Play the session of docs/client.svg, and return the picture."""
    with (
        Daemon() as daemon,
        tempfile.TemporaryDirectory() as home,
        Terminal(
            *("connect", daemon.url, "-n", "alice"),
            home=home,
            columns=COLUMNS,
            rows=ROWS,
        ) as terminal,
    ):
        terminal.wait_for("connected")
        session(terminal, daemon, home)
        return draw(terminal)
