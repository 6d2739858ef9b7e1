"""Those who are ignored: their lines are hidden, and hide no others."""

from collections.abc import Callable

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient

Start = Callable[..., Daemon]
Open = Callable[..., Page]
Join = Callable[..., LineClient]

OPTIONS = ("--web", "0", "--history", "all", "--rate", "0")


def ignoring(page: Page, name: str) -> Page:
    """Have the page ignore ``name`` from its next visit on."""
    page.write(f"/ignore {name}\n")
    page.wait_until(lambda: f"ignored: {name}" in page.texts(".notice"), "ignored")
    return page.reload().connected()


def scrolled(page: Page, to: int, text: str) -> None:
    """Scroll there until ``text`` is among what is loaded."""

    def is_there() -> bool:
        page.run("document.getElementById('lines').scrollTop = arguments[0]", to)
        page.drawn()
        return text in page.texts()

    page.wait_until(is_there, f"loaded: {text}")


def test_what_is_shown_again_is_without_them(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """And is counted without them."""
    page = open_page(web).connected()
    dora, eva = join(web, "dora"), join(web, "eva")
    dora.since_ping("from dora")
    eva.since_ping("from eva")
    page.write("/ignore dora\n/history 2\n")
    page.wait_until(lambda: "that was it" in page.text("#rows"), "shown again")
    assert "1 line, the last:" in page.texts(".mark")
    assert page.texts().count("from dora") == 1
    assert page.texts().count("from eva") == 2
    eva.since_ping("more")
    page.shows("more")
    page.assert_no_complaints()


def test_one_scrolls_back_past_them(daemon: Start, open_page: Open, join: Join) -> None:
    """However many of their lines come one after the other; each is asked for once."""
    started = daemon(*OPTIONS)
    dora, eva = join(started, "dora"), join(started, "eva")
    eva.since_ping(*(f"old {number}" for number in range(100)))
    dora.since_ping(*(f"hidden {number}" for number in range(300)))
    eva.since_ping(*(f"new {number}" for number in range(40)))
    page = ignoring(open_page(started).connected(), "dora")
    page.shows("new 39")
    page.record()
    scrolled(page, 0, "old 0")
    numbers = [*(f"old {n}" for n in range(100)), *(f"new {n}" for n in range(40))]
    assert page.texts() == numbers
    asked = page.recorded()
    assert len(asked) == len(set(asked)) <= 5


def test_one_comes_after_them(daemon: Start, open_page: Open, join: Join) -> None:
    """Where all that is shown first is theirs, what is older can be had all the same;
    the button to the newest leads past them, too."""
    started = daemon(*OPTIONS)
    dora, eva = join(started, "dora"), join(started, "eva")
    eva.since_ping(*(f"old {number}" for number in range(100)))
    dora.since_ping(*(f"hidden {number}" for number in range(200)))
    page = ignoring(open_page(started).connected(), "dora")
    page.shows("old 99")
    scrolled(page, 0, "old 0")
    assert page.texts() == [f"old {number}" for number in range(100)]


def test_one_scrolls_on_past_them(daemon: Start, open_page: Open, join: Join) -> None:
    """From far back up to what is said now."""
    started = daemon(*OPTIONS)
    dora, eva = join(started, "dora"), join(started, "eva")
    for begin in range(0, 1800, 300):
        eva.since_ping(*(f"old {number}" for number in range(begin, begin + 300)))
    page = ignoring(open_page(started).connected(), "dora")
    scrolled(page, 0, "old 0")
    for _ in range(5):
        dora.since_ping(*["hidden"] * 500)
    eva.since_ping("the end")
    scrolled(page, 10**7, "the end")
    page.wait_until(lambda: not page.is_shown("latest"), "at the end")
    eva.since_ping("and on")
    page.shows("and on")
    assert page.texts()[-3:] == ["old 1799", "the end", "and on"]
