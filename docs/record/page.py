"""The pictures of the page for browsers: the real page, in Chromium.

Each picture is ``docs/page-NAME.png`` with its outline (``docs/record/outline.py``)
beside it, ``docs/page-NAME.txt``.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docs.record.outline import outline
from tests.support.browser import Browsers, Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port

TALK: Final = (
    ("mira", "morning. the export queue stands still since 07:40"),
    ("tomás", "seeing it too: https://status.example.org/incidents/218"),
    ("דנה", "אני בודקת את היומן"),
    ("mira", "alice, could you restart the second worker?"),
    ("alice", "on it"),
    ("alice", "done, it takes jobs again"),
    ("tomás", "* writes it down"),
    ("tomás", "queue length: 4,210 and falling"),
    ("mira", "thanks all. lunch is on me"),
)

_STILL: Final = """
Promise.all(document.getAnimations().map((each) => each.finished)).then(arguments[0])
"""
"""Waits until nothing on the page moves or fades any more."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a browser showed: the pixels, as PNG, and the outline."""

    png: bytes
    outline: str

    @classmethod
    def read(cls, folder: Path, name: str) -> "Picture":
        """Return the picture of that name in the folder; empty where there is none."""
        png, text = files(folder, name)
        return cls(
            png.read_bytes() if png.exists() else b"",
            text.read_text("utf-8") if text.exists() else "",
        )

    def write(self, folder: Path, name: str) -> None:
        """Write the picture and its outline to the folder."""
        png, text = files(folder, name)
        png.write_bytes(self.png)
        text.write_text(self.outline, "utf-8")


def files(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of a picture's pixels and of its outline."""
    return folder / f"page-{name}.png", folder / f"page-{name}.txt"


class Studio:
    """A daemon, its people, and the page in a browser.

    Args:
        stack: ends all of them.
        browsers: where pages open.
        options: the daemon's.
    """

    def __init__(self, stack: ExitStack, browsers: Browsers, *options: str) -> None:
        self._stack = stack
        self._browsers = browsers
        self.daemon = stack.enter_context(Daemon("--web", "0", *options))
        self.pictures: dict[str, Picture] = {}

    def person(self, name: str) -> LineClient:
        """Return a client of that name, in the room."""
        client = LineClient(connect_tcp(self.daemon.port))
        self._stack.callback(client.close)
        client.since_ping(f"/name {name}")
        return client

    def page(self, size: tuple[int, int], path: str = "/") -> Page:
        """Return the page, in a window of that size."""
        url = f"http://127.0.0.1:{web_port(self.daemon)}{path}"
        page = Page(self._browsers, url, size)
        self._stack.callback(page.close)
        return page

    def take(self, page: Page, name: str) -> None:
        """Take the picture ``name``."""
        page.run("document.activeElement.blur()")
        away = {"type": "mouseMoved", "x": 0, "y": 0}
        page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", away)
        page.drawn()
        page.driver.execute_async_script(_STILL)
        page.drawn()
        png = page.driver.get_screenshot_as_png()
        self.pictures[name] = Picture(png, outline(page))


def talk(daemon: Daemon, page: Page, more: Callable[[str], LineClient]) -> None:
    """Have people say ``TALK``, the page's own lines in it."""
    people: dict[str, LineClient] = {}
    for name, text in TALK:
        if name == "alice":
            page.write(f"{text}\n")
        else:
            if name not in people:
                people[name] = more(name)
            people[name].since_ping(text)
        page.shows(text.removeprefix("* "))
    page.sent()


def pictures(browsers: Browsers) -> dict[str, Picture]:
    """Play the scenes of the page; return its pictures by name."""
    with ExitStack() as stack:
        studio = Studio(stack, browsers)
        page = studio.page((1180, 760)).connected()
        page.type("first-name", "alice\n")
        page.connected("alice")
        talk(studio.daemon, page, studio.person)
        page.click("people-button")
        page.wait_until(lambda: len(page.texts("#names li")) == 4, "all")
        studio.take(page, "laptop")
        page.prefer("prefers-color-scheme", "dark")
        studio.take(page, "dark")
        page.click("people-button")
        page.prefer("prefers-color-scheme", "light")
        page.resize(390, 760)
        studio.take(page, "phone")
        reader = studio.page((1180, 660), path="/?view=read").connected()
        reader.shows(TALK[-1][1])
        studio.take(reader, "read")
        found = dict(studio.pictures)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as secrets:
        tokens = Path(secrets) / "tokens"
        tokens.write_text("open-sesame\n")
        studio = Studio(stack, browsers, "--token-file", str(tokens))
        page = studio.page((390, 760))
        page.wait_until(lambda: page.is_shown("login"), "asked")
        page.write("what was typed meanwhile stays")
        studio.take(page, "login")
    return found | studio.pictures
