"""Chromium without a window, looking at the page."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE

FLAGS = (
    "--headless",
    "--lang=en-US",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
)


class Browsers:
    """Browsers that are kept: starting one takes two seconds."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._idle: list[Any] = []

    def take(self) -> Any:
        """Return one that nobody uses."""
        return self._idle.pop() if self._idle else self._start()

    def give_back(self, driver: Any) -> None:
        """Close its tab, and all that the page kept there; keep the browser."""
        origin = driver.execute_script("return location.origin")
        used = driver.window_handles
        driver.switch_to.new_window("tab")
        fresh = driver.current_window_handle
        for handle in used:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(fresh)
        if origin != "null":
            kept = {"origin": origin, "storageTypes": "all"}
            driver.execute_cdp_cmd("Storage.clearDataForOrigin", kept)
        driver.get_log("browser")
        self._idle.append(driver)

    def stop(self) -> None:
        """End them all."""
        self._stack.close()

    def _start(self) -> Any:
        from selenium import webdriver

        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._stack.callback(folder.cleanup)
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={folder.name}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        driver.set_script_timeout(DEADLINE)
        self._stack.callback(driver.quit)
        return driver


class Page:
    """The page, open in a browser.

    Args:
        url: the page's.
        size: of the window, in pixels.
        is_dark: the person prefers a dark page.
    """

    def __init__(
        self,
        browsers: Browsers,
        url: str,
        size: tuple[int, int] = (420, 860),
        is_dark: bool = False,
    ) -> None:
        self._browsers = browsers
        self.url = url
        self.driver = browsers.take()
        self.resize(*size)
        self.prefer("prefers-color-scheme", "dark" if is_dark else "light")
        self.driver.get(url)

    def prefer(self, feature: str, value: str) -> None:
        """Have the browser believe that the person prefers that (a media feature)."""
        features = [{"name": feature, "value": value}]
        self._command("setEmulatedMedia", {"features": features})

    def resize(self, width: int, height: int) -> None:
        """Make the window as large as that; a narrow one is a phone's."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._command("setDeviceMetricsOverride", metrics | {"mobile": width < 600})

    def hide(self, is_hidden: bool = True) -> None:
        """Have the page believe that nobody looks at it."""
        self.run(
            "Object.defineProperty(document, 'hidden',"
            " { configurable: true, get: () => arguments[0] });"
            "document.dispatchEvent(new Event('visibilitychange'))".replace(
                "arguments[0]", "true" if is_hidden else "false"
            )
        )

    def look(self) -> None:
        """Have the page believe that it is looked at again."""
        self.hide(False)

    def _command(self, name: str, arguments: dict[str, Any]) -> None:
        self.driver.execute_cdp_cmd(f"Emulation.{name}", arguments)

    def wait_until(self, is_so: Callable[[], Any], what: str) -> None:
        """Wait until ``is_so``."""
        end = time.monotonic() + DEADLINE
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"not {what}: {self.text('body')}")
            time.sleep(0.02)

    def text(self, selector: str) -> str:
        """Return the text in the first element that ``selector`` finds."""
        found: str = self.driver.execute_script(
            "return document.querySelector(arguments[0])?.textContent ?? ''", selector
        )
        return found

    def texts(self, selector: str = "#lines .text") -> list[str]:
        """Return the texts in all elements that ``selector`` finds, in order."""
        found: list[str] = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((found) => found.textContent)",
            selector,
        )
        return found

    def connected(self, name: str = "") -> "Page":
        """Wait until it is in the room, as ``name`` if that is given."""
        words = f"connected as {name}"
        self.wait_until(lambda: words in self.text("#status"), words)
        return self

    def shows(self, text: str) -> None:
        """Wait until ``text`` has been said."""
        self.wait_until(lambda: text in self.texts(), f"shown: {text}")

    def write(self, keys: str) -> None:
        """Type into the line."""
        self.type("text", keys)

    def type(self, field: str, keys: str) -> None:
        """Type into the field with that id."""
        self.driver.find_element("id", field).send_keys(keys)

    def click(self, button: str) -> None:
        """Click on what has that id."""
        self.driver.find_element("id", button).click()

    def hurry(self) -> None:
        """Have it try to connect now, if it waits."""
        self.run("const it = document.getElementById('retry'); it.hidden || it.click()")

    def click_text(self, text: str, selector: str = "button") -> None:
        """Click on what ``selector`` finds, if it is shown and has that text."""
        for found in self.driver.find_elements("css selector", selector):
            if found.text == text:
                found.click()
                return
        raise AssertionError(f"no {text} in {selector}")

    def value(self, field: str = "text") -> str:
        """Return what stands in the field with that id."""
        found: str = self.run(
            "return document.getElementById(arguments[0]).value", field
        )
        return found

    def is_shown(self, element: str) -> bool:
        """Tell whether what has that id can be seen."""
        found: bool = self.run(
            "return document.getElementById(arguments[0]).checkVisibility()", element
        )
        return found

    def sent(self) -> "Page":
        """Wait until all that was typed has its answer."""
        self.wait_until(lambda: self.texts(".sending") == [], "sent")
        return self

    def drawn(self) -> None:
        """Wait until what has happened is drawn."""
        self.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
        )

    def another(self, url: str = "") -> str:
        """Open another tab of the same browser, and look at it; return its handle."""
        self.driver.switch_to.new_window("tab")
        self.driver.get(url or self.url)
        handle: str = self.driver.current_window_handle
        return handle

    def reload(self) -> "Page":
        """Load the page again."""
        self.driver.refresh()
        return self

    def run(self, script: str, *arguments: object) -> Any:
        """Return what ``script`` returns."""
        return self.driver.execute_script(script, *arguments)

    def accessibility(self) -> list[str]:
        """Return what axe-core finds wrong with what is shown: rules and elements."""
        axe = files("axe_core_python") / "axe.min.js"
        override = os.environ.get("AXE", "")  # another release of it, by its file
        text = Path(override).read_text() if override else axe.read_text("utf-8")
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        self.run(text)
        found: list[str] = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, { resultTypes:"
            " ['violations'] }).then(({ violations }) => done(violations.flatMap("
            "(rule) => rule.nodes.map(({ target }) => `${rule.id}: ${target}`))))"
        )
        return found

    def record(self) -> None:
        """Keep what the page sends from now on, for ``recorded``."""
        self.run(
            "const send = WebSocket.prototype.send; window.recorded = [];"
            "WebSocket.prototype.send = function (data) {"
            " window.recorded.push(data); send.call(this, data) };"
        )

    def recorded(self) -> list[str]:
        """Return the messages that the page has sent since ``record``."""
        found: list[str] = self.run("return window.recorded")
        return found

    def assert_no_complaints(self) -> None:
        """Check that the browser complained of nothing: no script, no policy."""
        logged = self.driver.get_log("browser")
        ours = [entry for entry in logged if entry["source"] != "network"]
        assert ours == []

    def close(self) -> None:
        """Leave the page; the browser is kept."""
        self._browsers.give_back(self.driver)


def missing_browser() -> list[str]:
    """Return the programs that ``Browsers`` needs and that are not here."""
    programs = ("chromium", "chromedriver")
    missing = [name for name in programs if shutil.which(name) is None]
    return missing + ([] if find_spec("selenium") else ["selenium"])


def require_browser() -> None:
    """Skip the test where there is no browser."""
    if missing := missing_browser():
        told = "apt-get install chromium chromium-driver; pip install selenium"
        pytest.skip(f"no {', '.join(missing)}: {told}")
