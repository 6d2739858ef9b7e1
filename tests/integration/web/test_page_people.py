"""The page for people: found, named, searched, read out, seen by all."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient

Open = Callable[..., Page]
Join = Callable[..., LineClient]

LINE = "alice, see https://example.org/a_(b)?q=1#x, or http://[::1]:80/ and evil:"
UNLINKED = "javascript:alert(1) data:text/html,x ftp://example.org https://u:p@evil.org"


def assert_no_faults(page: Page, what: str) -> None:
    """Check that axe-core finds no fault with what is shown, light and dark."""
    for scheme in ("light", "dark"):
        page.prefer("prefers-color-scheme", scheme)
        page.drawn()
        assert page.accessibility() == [], (what, scheme)


def test_nothing_is_wrong_for_anybody(web: Daemon, open_page: Open, join: Join) -> None:
    """axe-core finds no fault with the page, its panels, and what is said."""
    page = open_page(web, size=(1100, 800)).connected()
    dora = join(web, "dora")
    page.type("first-name", "alice\n")
    page.connected("alice")
    page.write("/help\n")
    page.write("my own https://example.org\n")
    dora.since_ping(LINE, "* waves", "/name dorothea", "one more")
    page.shows("one more")
    assert_no_faults(page, "page")
    for button in ("people-button", "settings-button", "search-button"):
        page.click(button)
        assert_no_faults(page, button)
    page.type("search-words", "own")
    page.resize(320, 256)  # as a wide window enlarged four times
    assert_no_faults(page, "enlarged")


def test_nothing_is_wrong_with_entering(
    daemon: Callable[..., Daemon], open_page: Open, tmp_path: Path
) -> None:
    """Nor with the login, the question before many lines, and the projector's view."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    started = daemon("--web", "0", "--token-file", str(tmp_path / "tokens"))
    page = open_page(started)
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.type("login-secret", "wrong\n")
    page.wait_until(lambda: page.text("#login-error") != "", "refused")
    assert_no_faults(page, "login")
    page.type("login-secret", "\ue009a\ue009\ue003open-sesame\n")
    page.connected()
    page.write("\ue008\ue007\ue008".join("abcdefg"))
    page.write("\n")
    page.wait_until(lambda: page.is_shown("question"), "asked")
    assert_no_faults(page, "question")
    page.write("\n")
    page.shows("g")
    page.driver.get(f"{page.url}?view=read")
    page.wait_until(lambda: page.is_shown("login"), "asked")
    page.type("login-secret", "open-sesame\n")
    page.shows("g")
    assert_no_faults(page, "read")


def test_links_can_be_followed(web: Daemon, open_page: Open, join: Join) -> None:
    """Addresses of http and https, and nothing else; in a tab that knows no more."""
    page = open_page(web).connected()
    join(web, "dora").since_ping(LINE, UNLINKED, '<a href="https://x.org">x</a>')
    page.shows(UNLINKED)
    links = page.run(
        "return [...document.querySelectorAll('.said')].slice(-3)"
        ".flatMap((row) => [...row.querySelectorAll('a')])"
        ".map((a) => [a.textContent, a.href, a.target, a.rel])"
    )
    safe = ["_blank", "noopener noreferrer nofollow"]
    assert links[:2] == [
        ["https://example.org/a_(b)?q=1#x"] * 2 + safe,
        ["http://[::1]:80/", "http://[::1]/", *safe],
    ]
    assert [link[0] for link in links[2:]] == ["https://x.org"]
    page.assert_no_complaints()


def test_who_is_named_is_told(web: Daemon, open_page: Open, join: Join) -> None:
    """Highlighted, counted in the title and the icon; by whole names only; with a
    notification and a sound for those who asked for them, and no others."""
    page = open_page(web, size=(1200, 800)).connected()
    page.type("first-name", "ann\n")
    page.connected("ann")
    page.run(
        "window.shown = []; window.Notification = class {"
        " static requestPermission = async () => 'granted';"
        " constructor(...given) { window.shown.push(given[0]) } close() {} };"
        "window.rung = 0; window.AudioContext = class { currentTime = 0;"
        " createOscillator() { window.rung += 1; return { frequency: {},"
        "  connect: (it) => it, start() {}, stop() {} } }"
        " createGain() { return { gain: { setValueAtTime() {},"
        "  exponentialRampToValueAtTime() {} }, connect() {} } } };"
    )
    dora = join(web, "dora")
    page.hide()
    dora.since_ping("anna and hannah", "Ann, are you here?")
    page.wait_until(lambda: page.driver.title == "(2, @1) broadcast", "counted")
    assert page.texts(".mention .text") == ["Ann, are you here?"]
    icon = "return document.getElementById('icon').getAttribute('href')"
    assert "named" in page.run(icon)
    assert page.run("return [window.shown.length, window.rung]") == [0, 0]
    page.look()
    page.wait_until(lambda: page.driver.title == "broadcast", "looked at")
    assert "named" not in page.run(icon)
    page.click("settings-button")
    page.click("notify")
    page.click("sound")
    page.wait_until(lambda: page.run("return window.rung") == 1, "tried")
    page.hide()
    dora.since_ping("ann?")
    page.wait_until(lambda: page.run("return window.rung") == 2, "rung")
    assert page.run("return window.shown") == ["dora"]


def test_people_are_found(web: Daemon, open_page: Open, join: Join) -> None:
    """Oneself first, and marked; a filter leaves those of that name."""
    page = open_page(web, size=(1200, 800)).connected()
    page.type("first-name", "zacharias\n")
    page.connected("zacharias")
    people = [join(web, name) for name in ("anton", "antonia", "bruno")]
    people[2].since_ping("/quiet")
    page.click("people-button")
    page.wait_until(lambda: "bruno" in page.texts("#names .name"), "listed")
    assert page.texts("#names li")[0] == "zacharias you"
    page.type("filter", "ANT")
    page.wait_until(lambda: page.texts("#names .name") == ["anton", "antonia"], "found")
    people[0].close()
    page.wait_until(lambda: page.texts("#names .name") == ["antonia"], "gone")
    page.type("filter", "\ue00c")
    assert not page.is_shown("people")
    assert page.run("return document.activeElement.id") == "people-button"


def test_lines_are_searched(web: Daemon, open_page: Open, join: Join) -> None:
    """Words one after the other; a name leaves only its lines, new ones too."""
    page = open_page(web, size=(1000, 700)).connected()
    dora, emil = join(web, "dora"), join(web, "emil")
    for number in range(20):
        dora.since_ping(f"apple {number}")
        emil.since_ping(f"pear {number}")
    page.shows("pear 19")
    page.click("search-button")
    page.type("search-words", "APPLE 1")
    page.wait_until(lambda: page.text("#search-result") == "11 of 11", "found")
    assert page.texts(".current .text") == ["apple 19"]
    page.click("search-back")
    assert page.texts(".current .text") == ["apple 18"]
    page.type("search-words", "\n\n")
    assert page.text("#search-result") == "1 of 11"
    page.run("document.getElementById('search-words').value = ''")
    page.type("search-from", "emi")
    dora.since_ping("apple 20")
    emil.since_ping("pear 20")
    page.shows("pear 20")
    shown = page.run(
        "return [...document.querySelectorAll('.said')]"
        ".filter((row) => row.checkVisibility())"
        ".map((row) => row.querySelector('.text').textContent)"
    )
    assert shown == [f"pear {number}" for number in range(21)]
    page.type("search-from", "\ue00c")
    assert not page.is_shown("search")
    assert page.run("return document.querySelectorAll('.said[hidden]').length") == 0


def test_what_comes_while_one_searches_is_found(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Though nothing was found before: the next one is the first of the new lines."""
    page = open_page(web, size=(1000, 700)).connected()
    dora = join(web, "dora")
    page.click("search-button")
    page.type("search-words", "fig")
    page.wait_until(lambda: page.text("#search-result") == "0 found", "none")
    dora.since_ping("fig 1", "fig 2", "fig 3")
    page.shows("fig 3")
    page.type("search-words", "\n")
    assert page.text("#search-result") == "1 of 3"
    assert page.texts(".current .text") == ["fig 1"]
    page.click("search-back")
    assert page.texts(".current .text") == ["fig 3"]


def test_text_is_as_large_as_wished(web: Daemon, open_page: Open) -> None:
    """And is so after a reload."""
    page = open_page(web, size=(1200, 800)).connected()
    size = "return parseFloat(getComputedStyle(document.documentElement).fontSize)"
    assert page.run(size) == 16
    page.click("settings-button")
    page.type("size", "huge")
    assert page.run(size) == 26
    page.reload().connected()
    assert page.run(size) == 26


def test_what_is_copied_can_be_read(web: Daemon, open_page: Open, join: Join) -> None:
    """A line each, with its time and its name; and so does what a selection says."""
    page = open_page(web).connected()
    join(web, "dora").since_ping("one", "two", "* waves")
    page.shows("waves")
    copied = page.run(
        "const rows = [...document.querySelectorAll('.said')].slice(-3);"
        "const range = document.createRange(); range.setStartBefore(rows[0]);"
        "range.setEndAfter(rows[2]); getSelection().removeAllRanges();"
        "getSelection().addRange(range);"
        "const data = new DataTransfer(); rows[0].dispatchEvent(new ClipboardEvent("
        "'copy', { clipboardData: data, bubbles: true, cancelable: true }));"
        "return [data.getData('text/plain'), rows.map((row) => row.textContent)]"
    )
    stamp = r"\[\d{4}-\d\d-\d\d \d\d:\d\d\]"
    assert re.fullmatch(
        rf"{stamp} dora: one\n{stamp} dora: two\n{stamp} dora waves", copied[0]
    )
    assert all(re.search(r"dora(: | )(one|two|waves)", text) for text in copied[1])


def test_each_direction_is_right(web: Daemon, open_page: Open, join: Join) -> None:
    """Lines and names of right-to-left scripts are laid out so, beside others."""
    page = open_page(web).connected()
    join(web, "דורה").since_ping("שלום, world!")
    page.shows("שלום, world!")
    found = page.run(
        "const row = [...document.querySelectorAll('.said')].at(-1);"
        "return ['.who bdi', '.text'].map((it) =>"
        " getComputedStyle(row.querySelector(it)).direction)"
    )
    assert found == ["rtl", "rtl"]
    assert page.run("return document.getElementById('text').dir") == "auto"


def test_all_can_be_reached_and_hit(web: Daemon, open_page: Open) -> None:
    """Each control has a name, 44 pixels, and its place in the order of Tab; the
    focus can be seen in forced colours, too."""
    page = open_page(web, size=(360, 740)).connected()
    for panel in ("search", "people", "settings"):
        page.click(f"{panel}-button")
        page.drawn()
        wrong = page.run(
            "return [...document.querySelectorAll('button, input, select, textarea')]"
            ".filter((it) => it.checkVisibility() && it.type !== 'checkbox')"
            ".filter((it) => it.offsetHeight < 44 || it.offsetWidth < 44"
            "  || it.tabIndex < 0 || !(it.labels?.length || it.textContent.trim()))"
            ".map((it) => it.id)"
        )
        assert wrong == [], panel
        page.driver.find_element("css selector", f"#{panel} [data-close]").click()
    page.prefer("forced-colors", "active")
    page.write("x")
    outline = "return getComputedStyle(document.getElementById('text')).outlineStyle"
    assert page.run(outline) != "none"


def test_the_window_can_be_enlarged_twice(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """At 200 % nothing is cut off or covered, and all can be used."""
    page = open_page(web, size=(640, 384)).connected()  # 1280 × 768, enlarged
    join(web, "dora").since_ping("a line")
    page.shows("a line")
    wide = "const it = document.scrollingElement; return it.scrollWidth - innerWidth"
    assert page.run(wide) <= 0
    page.write("typed\n")
    page.shows("typed")
    height = page.run("return document.getElementById('lines').clientHeight")
    assert height > 60
