"""The page's place: one scrollbar, and the line that is read stays."""

import random
import re
from collections.abc import Callable, Iterator

import pytest

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Open = Callable[..., Page]
Join = Callable[..., LineClient]

EYE = """
const lines = document.getElementById('lines');
const edge = lines.getBoundingClientRect().top;
const row = [...lines.querySelectorAll('.said')].find(
    (row) => row.getBoundingClientRect().bottom > edge);
return [row.querySelector('.text').textContent, row.getBoundingClientRect().top - edge];
"""
TOP = """
return [...document.querySelectorAll('#lines .said')].find(
    (row) => row.querySelector('.text').textContent === arguments[0]
).getBoundingClientRect().top;
"""
AT_END = """
const { scrollTop, scrollHeight, clientHeight } = document.getElementById('lines');
return scrollHeight - scrollTop - clientHeight < 2;
"""


@pytest.fixture(scope="module")
def long() -> Iterator[Daemon]:
    """Give a daemon of which all that was said may be asked back."""
    with Daemon("--web", "0", "--history", "all", "--rate", "0") as started:
        yield started


def say_all(client: LineClient, name: str, count: int) -> None:
    """Say so many lines, a batch each time."""
    for begin in range(0, count, 500):
        lines = [f"{name} {n}" for n in range(begin, min(begin + 500, count))]
        client.since_ping(*lines)


def changed(page: Page, place: int, was: str, otherwise: str = "\0") -> None:
    """Wait until another text is at that place, or ``otherwise`` is there."""
    page.wait_until(
        lambda: page.texts()[place] != was or otherwise in page.text("#lines"),
        f"another than {was}",
    )


def scroll(page: Page, to: float) -> None:
    """Scroll the lines to that many pixels from their beginning."""
    page.run("document.getElementById('lines').scrollTop = arguments[0]", to)
    page.drawn()


def test_the_window_never_scrolls(web: Daemon, open_page: Open, join: Join) -> None:
    """There is one scrollbar, that of the lines, however many there are."""
    page = open_page(web, size=(1024, 768)).connected()
    dora = join(web, "dora")
    dora.since_ping(*[f"line {number}" for number in range(100)])
    page.shows("line 99")
    for width, height in ((1024, 768), (360, 640), (320, 256)):
        page.resize(width, height)
        page.drawn()
        for opened in ("", "people-button", "settings-button", "search-button"):
            if opened:
                page.click(opened)
            page.run("window.scrollTo(0, 9999)")
            page.drawn()
            found = page.run(
                "const it = document.scrollingElement;"
                "return [it.scrollHeight - it.clientHeight, it.scrollTop,"
                " it.scrollWidth - it.clientWidth]"
            )
            if height > 384:  # in a lower one it may scroll, so that all can be reached
                assert found == [0, 0, 0], (width, opened)
            if opened:
                page.click(opened)


def test_the_place_of_who_reads_is_kept(
    long: Daemon, open_page: Open, join: Join
) -> None:
    """To the pixel, wherever one reads, while a thousand lines arrive."""
    page = open_page(long, size=(700, 800)).connected()
    dora = join(long, "dora")
    say_all(dora, "long " + "wide " * 30, 250)
    page.shows("long " + "wide " * 30 + " 249")
    chance = random.Random(18)
    for turn in range(5):
        height = page.run(
            "const it = document.getElementById('lines');"
            "return it.scrollHeight - it.clientHeight"
        )
        scroll(page, chance.uniform(0.2, 0.8) * height)
        before = page.run(EYE)
        say_all(dora, f"turn {turn}", 200)
        page.wait_until(lambda: page.text("#unread") != "0", "counted")
        page.drawn()
        assert page.run(EYE) == before
    page.hide()
    say_all(dora, "unseen", 4000)
    page.wait_until(lambda: page.driver.title == "(5000) broadcast", "counted")
    page.look()
    page.drawn()
    assert page.run(EYE) == before
    page.click("latest")
    page.shows("unseen 3999")
    page.wait_until(lambda: page.run(AT_END), "at the end")


def test_one_scrolls_back_to_the_beginning_and_on_to_the_end(
    long: Daemon, open_page: Open, join: Join
) -> None:
    """Through all that may be asked back, each line once and in order; the line that
    was looked at stays while older ones are loaded."""
    dora = join(long, "dora")
    say_all(dora, "book", 2500)
    page = open_page(long, size=(700, 800)).connected()
    page.shows("book 2499")
    seen: list[str] = []
    first = ""
    while "can't be had" not in page.text("#older"):
        scroll(page, 0)
        changed(page, 0, first, "can't be had")
        first = page.texts()[0]
        now = [text for text in page.texts() if text.startswith("book ")]
        seen = now[: now.index(seen[0])] + seen if seen and seen[0] in now else now
        if not first.startswith("book"):
            break
    assert seen[0] == "book 0"
    assert page.run("return document.querySelectorAll('#lines .row').length") < 2000
    while not page.run(AT_END) or "book 2499" not in page.texts():
        last = page.texts()[-1]
        page.run("const it = document.getElementById('lines'); it.scrollTop = 1e7")
        page.drawn()
        changed(page, -1, last, "book 2499")
        now = [text for text in page.texts() if text.startswith("book ")]
        seen += now[now.index(seen[-1]) + 1 :] if seen[-1] in now else []
    assert seen == [f"book {number}" for number in range(2500)]
    dora.send("now")
    page.shows("now")


def test_lines_that_are_shown_again_hide_none(
    long: Daemon, open_page: Open, join: Join
) -> None:
    """After as many of them as are kept, one still scrolls back through the rest."""
    say_all(join(long, "dora"), "again", 300)
    page = open_page(long, size=(700, 800)).connected()
    for _ in range(3):
        page.write("/history 1000\n")
        page.wait_until(lambda: page.value() == "", "asked")
    page.write("here\n")
    page.shows("here")
    page.wait_until(lambda: page.text("#rows").count("that was it") == 2, "shown")
    assert "too fast" not in page.text("#rows")
    before = page.texts()[0]
    scroll(page, 0)
    changed(page, 0, before)
    for _ in range(8):
        scroll(page, 0)
    page.wait_until(lambda: scrolled_to(page, "again 0"), "the oldest")


def scrolled_to(page: Page, text: str) -> bool:
    """Scroll to the beginning, and tell whether that has been loaded."""
    scroll(page, 0)
    return text in page.texts()


def test_the_line_looked_at_stays_while_older_ones_are_loaded(
    long: Daemon, open_page: Open, join: Join
) -> None:
    """To the pixel: what is put before it moves nothing."""
    say_all(join(long, "dora"), "page " + "x" * 300, 400)
    page = open_page(long, size=(700, 800)).connected()
    page.wait_until(lambda: len(page.texts()) >= 50, "history")
    for _ in range(3):
        first = page.texts()[0]
        before = page.run(
            f"document.getElementById('lines').scrollTop = 60; {TOP}", first
        )
        changed(page, 0, first)
        page.drawn()
        assert abs(page.run(TOP, first) - before) < 1  # rows have parts of pixels


def test_what_went_by_unshown_is_said(web: Daemon, open_page: Open, join: Join) -> None:
    """Too fast to show, lines are counted; and the count stays in sight with the rows
    that follow it."""
    page = open_page(web).connected()
    page.wait_until(lambda: page.texts(".mark") != [], "history")
    flood = join(web, "flood")
    flood.send(*[f"line {number}" for number in range(3000)])
    flood.since_ping("the end")
    page.shows("the end")
    page.wait_until(lambda: page.texts(".gap") != [], "counted")
    found = re.fullmatch(
        r"([0-9]+) lines went by too fast to show.*", page.texts(".gap")[0]
    )
    assert found
    shown = [text for text in page.texts() if text.startswith("line ")]
    assert int(found[1]) <= 3001 - len(shown)
    assert page.run("return document.querySelector('#rows').firstChild.matches('.gap')")


def test_new_lines_are_marked_and_counted(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Who looks away finds a line between what is old and what is new; the day stands
    above its lines; times tell their date."""
    page = open_page(web).connected()
    dora = join(web, "dora")
    dora.send("seen")
    page.shows("seen")
    page.hide()
    dora.send("not seen", "nor this")
    page.shows("nor this")
    page.wait_until(lambda: page.driver.title.startswith("(2)"), "counted")
    rows = page.texts("#rows .row")
    assert rows.index("new since you looked") == len(rows) - 3
    page.look()
    page.wait_until(lambda: page.driver.title == "broadcast", "looked at")
    assert len(page.texts(".mark.day")) == 1
    stamp = page.run("return document.querySelector('#rows time').dateTime")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", stamp)
    assert stamp[:4] in page.run("return document.querySelector('#rows time').title")


def test_the_end_stays_in_sight(web: Daemon, open_page: Open, join: Join) -> None:
    """In a window of another size, too; and so does the line that is read."""
    page = open_page(web, size=(900, 800)).connected()
    say_all(join(web, "dora"), "some words that take more than a line " * 4, 60)
    page.wait_until(
        lambda: page.texts()[-1:] and page.texts()[-1].endswith(" 59"), "said"
    )
    for width, height in ((400, 500), (900, 300), (900, 800)):
        page.resize(width, height)
        page.drawn()
        assert page.run(AT_END), (width, height)
    scroll(page, 700)
    before = page.run(EYE)
    page.resize(500, 700)
    page.drawn()
    page.resize(900, 800)
    page.drawn()
    after = page.run(EYE)
    assert after[0] == before[0]
    assert abs(after[1] - before[1]) <= 1


def test_an_absence_longer_than_the_log_is_told(
    daemon: Callable[..., Daemon], open_page: Open, join: Join
) -> None:
    """Lines that are gone for good are counted, where they would stand."""
    started = daemon("--web", "0", "--history", "20", "--rate", "0")
    proxy = Proxy(web_port(started))
    page = open_page(proxy.port).connected()
    dora = join(started, "dora")
    dora.send("before")
    page.shows("before")
    proxy.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    say_all(dora, "line", 50)
    proxy.mend()
    page.connected()
    page.shows("line 49")
    assert page.texts(".gap") == ["30 lines are older than what the server gives"]
    proxy.close()
