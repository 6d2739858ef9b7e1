"""The page's focus: what is typed next goes somewhere, and nobody's is taken away."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Open = Callable[..., Page]
Join = Callable[..., LineClient]


def focused(page: Page) -> str:
    """Return the id of what has the focus; its tag, if it has none."""
    found: str = page.run(
        "const it = document.activeElement; return it.id || it.localName"
    )
    return found


def type_on(page: Page, keys: str) -> None:
    """Type without clicking anywhere before."""
    page.driver.switch_to.active_element.send_keys(keys)


@pytest.mark.parametrize("given", ["entered", "used", "later"])
def test_who_has_given_a_name_can_write(
    web: Daemon, open_page: Open, given: str
) -> None:
    """The form is gone; what is typed next is said."""
    page = open_page(web).connected()
    page.wait_until(lambda: page.is_shown("first"), "asked")
    if given == "entered":
        page.type("first-name", f"{given}-1\n")
    elif given == "used":
        page.type("first-name", f"{given}-1")
        page.click_text("Use it")
    else:
        page.click("later")
    page.wait_until(lambda: not page.is_shown("first"), "gone")
    page.wait_until(lambda: focused(page) == "text", "in the line")
    type_on(page, f"typed on, {given}\n")
    page.shows(f"typed on, {given}")


def test_who_has_logged_in_can_write(
    daemon: Callable[..., Daemon], open_page: Open, tmp_path: Path
) -> None:
    """The form is gone; a refusal leaves one in it, or in the line, if one is there."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    started = daemon("--web", "0", "--token-file", str(tmp_path / "tokens"))
    page = open_page(started)
    page.wait_until(lambda: focused(page) == "login-name", "asked")
    page.write("/login wrong-one\n")
    page.wait_until(lambda: page.text("#login-error") != "", "refused")
    assert focused(page) == "text"
    page.type("login-secret", "wrong-two\n")
    secret = "const it = document.getElementById('login-secret');"
    selected = f"{secret} return it.selectionEnd - it.selectionStart"
    page.wait_until(lambda: page.run(selected) == len("wrong-two"), "selected")
    type_on(page, "open-sesame\n")
    page.connected()
    page.wait_until(lambda: focused(page) == "text", "in the line")


def test_who_tries_again_or_goes_to_the_newest_can_write(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """These buttons go when they are pressed."""
    proxy = Proxy(web_port(web))
    page = open_page(proxy.port).connected()
    join(web, "dora").since_ping(*[f"line {number}" for number in range(100)])
    page.shows("line 99")
    page.run("document.getElementById('lines').scrollTop = 0")
    page.wait_until(lambda: page.is_shown("latest"), "away from the newest")
    page.type("latest", "\n")
    page.wait_until(lambda: not page.is_shown("latest"), "at the newest")
    page.wait_until(lambda: focused(page) == "text", "in the line")
    proxy.cut()
    page.wait_until(lambda: page.is_shown("retry"), "away")
    page.type("retry", "\n")
    page.wait_until(lambda: focused(page) == "text", "in the line")
    proxy.close()


def test_a_line_that_goes_takes_nobody_with_it(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """A link has the focus, and its line is so old that it is not kept."""
    page = open_page(web).connected()
    emulated = {"enabled": True}  # a tab that was opened by the test has no focus
    page.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", emulated)
    dora = join(web, "dora")
    dora.since_ping("see https://example.org")
    page.wait_until(lambda: page.texts("#lines a"), "a link")
    page.run("[...document.querySelectorAll('#lines a')].at(-1).focus()")
    assert focused(page) == "a"
    for begin in range(0, 500, 50):
        dora.since_ping(*[f"{begin + number}" for number in range(50)])
    page.wait_until(lambda: page.texts("#lines a") == [], "gone")
    page.wait_until(lambda: focused(page) == "text", "in the line")


def test_who_only_reads_is_left_at_the_lines(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """The projector's view has nothing to write in; and a keyboard of a touch screen
    would cover what one looks at."""
    touched = open_page(web).connected()
    touched.run("window.matchMedia = () => ({ matches: true })")
    touched.click("later")
    touched.wait_until(lambda: focused(touched) == "lines", "at the lines")
    page = open_page(web, path="/?view=read").connected()
    join(web, "dora").since_ping(*[f"line {number}" for number in range(100)])
    page.shows("line 99")
    page.run("document.getElementById('lines').scrollTop = 0")
    page.wait_until(lambda: page.is_shown("latest"), "away from the newest")
    page.click("latest")
    page.wait_until(lambda: focused(page) == "lines", "at the lines")


def test_nobody_is_taken_from_what_one_does(
    daemon: Callable[..., Daemon], open_page: Open, tmp_path: Path
) -> None:
    """A panel is left from the line; a login is asked for while one searches."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    first = daemon("--web", "0")
    page = open_page(first, size=(1200, 800)).connected()
    page.click("people-button")
    page.write("a draft\ue00c")
    page.wait_until(lambda: not page.is_shown("people"), "left")
    assert focused(page) == "text"
    page.write("\ue009a\ue009\ue003")
    page.click("search-button")
    assert focused(page) == "search-words"
    port = web_port(first)
    first.stop()
    page.wait_until(lambda: page.is_shown("retry"), "away")
    daemon("--web", str(port), "--token-file", str(tmp_path / "tokens"))
    page.wait_until(lambda: page.is_shown("login"), "asked")
    assert focused(page) == "search-words"
    assert not page.is_shown("first")
