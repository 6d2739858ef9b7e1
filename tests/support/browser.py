"""Chromium without a window, looking at the page."""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.daemon import DEADLINE

FLAGS = (
    "--headless",
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
        used = driver.current_window_handle
        driver.switch_to.new_window("tab")
        fresh = driver.current_window_handle
        driver.switch_to.window(used)
        driver.close()
        driver.switch_to.window(fresh)
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
        self.driver = browsers.take()
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._command("setDeviceMetricsOverride", metrics | {"mobile": width < 600})
        scheme = "dark" if is_dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("setEmulatedMedia", {"features": features})
        self.driver.get(url)

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
        self.driver.find_element("id", "text").send_keys(keys)

    def run(self, script: str, *arguments: object) -> Any:
        """Return what ``script`` returns."""
        return self.driver.execute_script(script, *arguments)

    def assert_no_complaints(self) -> None:
        """Check that the browser complained of nothing: no script, no policy."""
        logged = self.driver.get_log("browser")
        ours = [entry for entry in logged if entry["source"] != "network"]
        assert ours == []

    def close(self) -> None:
        """Leave the page; the browser is kept."""
        self._browsers.give_back(self.driver)


def require_browser() -> None:
    """Skip the test where there is no browser."""
    for name in ("chromium", "chromedriver"):
        if shutil.which(name) is None:
            pytest.skip(f"no {name}: apt-get install chromium chromium-driver")
    pytest.importorskip("selenium")
