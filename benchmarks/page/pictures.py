"""Draws the pictures of docs/web.md: the real page, in Chromium.

    python -m benchmarks.page.pictures docs

Starts the daemon, lets people talk, and takes page-laptop.png, page-phone.png,
page-dark.png, page-login.png and page-read.png.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.support.browser import Browsers, Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port

TALK = (
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


class Studio:
    """The daemon, its people, and a browser; pictures go to a folder."""

    def __init__(self, folder: Path, stack: ExitStack, *options: str) -> None:
        self._folder = folder
        self._stack = stack
        self.daemon = stack.enter_context(Daemon("--web", "0", *options))
        self._browsers = Browsers()
        stack.callback(self._browsers.stop)

    def person(self, name: str) -> LineClient:
        """Return a client of that name, in the room."""
        client = LineClient(connect_tcp(self.daemon.port))
        self._stack.callback(client.close)
        client.since_ping(f"/name {name}")
        return client

    def page(
        self, size: tuple[int, int], is_dark: bool = False, path: str = "/"
    ) -> Page:
        """Return the page, in a window of that size."""
        url = f"http://127.0.0.1:{web_port(self.daemon)}{path}"
        return Page(self._browsers, url, size, is_dark)

    def take(self, page: Page, name: str) -> None:
        """Take the picture ``name``."""
        page.run("document.activeElement.blur()")
        page.drawn()
        path = self._folder / f"page-{name}.png"
        page.driver.save_screenshot(str(path))
        print(f"{path}: {path.stat().st_size:,} bytes")


def main() -> int:
    """The command; see the module's docstring."""
    folder = Path(sys.argv[1])
    with ExitStack() as stack:
        studio = Studio(folder, stack)
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
    with ExitStack() as stack, tempfile.TemporaryDirectory() as secrets:
        tokens = Path(secrets) / "tokens"
        tokens.write_text("open-sesame\n")
        studio = Studio(folder, stack, "--token-file", str(tokens))
        page = studio.page((390, 760))
        page.wait_until(lambda: page.is_shown("login"), "asked")
        page.write("what was typed meanwhile stays")
        studio.take(page, "login")
    return 0


if __name__ == "__main__":
    sys.exit(main())
