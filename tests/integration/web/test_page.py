"""The page, in Chromium: what a person sees, types, and comes back to."""

import time
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

INJECTION = '<img src=x onerror="document.title=`hacked`"><script>alert(1)</script>'


def test_two_pages_and_a_plain_client_talk(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """What is said on a page or in a terminal is seen by all, in one order."""
    carol = join(web, "carol")
    alice, bob = open_page(web).connected(), open_page(web).connected()
    alice.write("/name alice\n")
    alice.connected("alice")
    alice.write("from alice\n")
    assert carol.until("alice: from alice")
    bob.shows("from alice")
    bob.write("two\ue008\ue007\ue008lines\n")  # Shift+Enter between them
    assert carol.until("two")
    assert carol.until("lines")
    carol.send("from carol")
    for page in (alice, bob):
        page.shows("from carol")
    assert alice.texts()[-4:] == bob.texts()[-4:]
    assert alice.texts()[-4:] == ["from alice", "two", "lines", "from carol"]
    assert alice.texts(".own .text") == ["from alice"]
    assert alice.texts(".sending") == []
    for page in (alice, bob):
        page.assert_no_complaints()


def test_history_is_shown_on_joining(web: Daemon, open_page: Open, join: Join) -> None:
    """Who comes sees what was said before, then a mark."""
    early = join(web, "early")
    early.since_ping(*[f"before {number}" for number in range(10)])
    page = open_page(web).connected()
    page.shows("before 9")
    assert page.texts()[-10:] == [f"before {number}" for number in range(10)]
    assert "you came" in page.texts(".mark")


def test_markup_stays_text(web: Daemon, open_page: Open, join: Join) -> None:
    """Script in lines stays text, wherever it is shown, and nothing runs."""
    page = open_page(web).connected()
    mallory = join(web, "mallory")
    mallory.send(INJECTION, "javascript:alert(1)", "/name <b>x</b>")
    page.shows(INJECTION)
    page.shows("javascript:alert(1)")
    page.driver.find_element("id", "people-button").click()
    page.wait_until(lambda: "mallory" in page.texts("#names li"), "mallory listed")
    assert (
        page.run("return document.querySelectorAll('img, #lines script').length") == 0
    )
    assert page.driver.title.endswith("broadcast")
    page.assert_no_complaints()


def test_no_request_leaves_the_page(web: Daemon, open_page: Open) -> None:
    """Everything that the page loads is its own; markup made of text is refused."""
    page = open_page(web).connected()
    loaded = page.run(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert loaded
    own = f"http://127.0.0.1:{web_port(web)}/"
    assert [name for name in loaded if not name.startswith(own)] == []
    refused = page.run(
        "try { document.body.innerHTML = '<b>'; return false } catch { return true }"
    )
    assert refused


def test_it_survives_a_restart(daemon: Callable[..., Daemon], open_page: Open) -> None:
    """After a restart it is back under its name; a gap is marked; what was typed
    meanwhile is said, once."""
    first = daemon("--web", "0")
    port = web_port(first)
    page = open_page(port).connected()
    name = page.text("#status").removeprefix("connected as ")
    page.write("before\n")
    page.shows("before")
    first.stop()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    assert "The server has shut down" in page.texts(".notice")
    page.write("meanwhile\n")
    page.wait_until(lambda: page.texts(".sending .text") == ["meanwhile"], "waiting")
    daemon("--web", str(port))
    page.connected(name)
    page.wait_until(lambda: page.texts(".gap"), "marked")
    page.shows("meanwhile")
    page.sent()
    assert page.texts().count("meanwhile") == 1
    assert page.value() == ""


def test_a_cut_connection_loses_and_doubles_nothing(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Cut off, it comes back by itself: what was said meanwhile appears once, in
    order, and what was typed meanwhile is said once."""
    proxy = Proxy(web_port(web))
    page = open_page(proxy.port).connected()
    dora = join(web, "dora")
    dora.send("one")
    page.shows("one")
    proxy.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    dora.since_ping("two", "three")
    page.write("mine\n")
    proxy.mend()
    page.connected()
    dora.until("mine")
    page.shows("mine")
    page.wait_until(lambda: page.texts(".sending") == [], "sent")
    dora.send("four")
    page.shows("four")
    assert page.texts()[-5:] == ["one", "two", "three", "mine", "four"]
    assert page.texts(".gap") == []
    proxy.close()


def test_a_long_absence_is_made_good(web: Daemon, open_page: Open, join: Join) -> None:
    """More than one answer holds: the page asks on until all is there, once each."""
    proxy = Proxy(web_port(web))
    page = open_page(proxy.port).connected()
    dora = join(web, "dora")
    dora.send("one")
    page.shows("one")
    proxy.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    said = [f"{number} {'x' * 7000}" for number in range(300)]  # 2 MiB
    for begin in range(0, 300, 20):
        dora.since_ping(*said[begin : begin + 20])
    proxy.mend()
    page.connected()
    page.wait_until(lambda: len(page.texts()) >= 301, "all of it")
    dora.send("now")
    page.wait_until(lambda: page.texts()[-1] == "now", "live again")
    numbers = [text.split()[0] for text in page.texts()[-301:-1]]
    assert numbers == [str(number) for number in range(300)]
    assert page.texts(".gap") == []
    proxy.close()


def test_a_log_that_lasts_has_no_gap(
    daemon: Callable[..., Daemon], open_page: Open, join: Join, tmp_path: Path
) -> None:
    """The daemon is killed and started anew: the page goes on where it was."""
    store = ("--store", str(tmp_path / "room.db"))
    first = daemon("--web", "0", *store)
    page = open_page(first).connected()
    page.write("one\n")
    page.wait_until(lambda: page.texts(".own .text") == ["one"], "one")
    page.wait_until(lambda: page.texts(".sending") == [], "an acknowledgement")
    port = web_port(first)
    first.kill()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    second = daemon("--web", str(port), *store)
    dora = join(second, "dora")
    dora.since_ping("meanwhile")
    page.connected()
    page.shows("meanwhile")
    page.write("two\n")
    page.shows("two")
    assert page.texts()[-3:] == ["one", "meanwhile", "two"]
    assert page.texts(".gap") == []


def test_unread_lines_are_counted_in_the_title(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Who has scrolled back isn't moved: the title and a button count what is new,
    and the button leads there."""
    page = open_page(web).connected()
    emil = join(web, "emil")
    emil.since_ping(*[f"line {number}" for number in range(100)])
    page.shows("line 99")
    page.run("document.getElementById('lines').scrollTop = 100")
    page.driver.execute_async_script(
        "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
    )
    emil.since_ping("a", "b", "c")
    page.wait_until(lambda: page.driver.title == "(3) broadcast", "(3)")
    top = page.run("return document.getElementById('lines').scrollTop")
    assert top == 100
    page.wait_until(lambda: page.text("#unread") == "3", "3 new")
    page.driver.find_element("id", "latest").click()
    page.shows("c")
    page.wait_until(lambda: page.driver.title == "broadcast", "read")
    assert page.run("return document.getElementById('latest').hidden")


@pytest.mark.parametrize("rate", [5000])
def test_many_lines_do_not_freeze_it(
    web: Daemon, open_page: Open, join: Join, rate: int
) -> None:
    """At 5000 lines/s for three seconds the page answers within half a second,
    keeps a few hundred rows, and shows the last line."""
    page = open_page(web).connected()
    page.run(
        "window.gaps = []; let last = performance.now();"
        "setInterval(() => { const now = performance.now();"
        " window.gaps.push(now - last); last = now }, 20)"
    )
    flood = join(web, "flood")
    begun = time.monotonic()
    for tick in range(60):
        lines = [f"line {tick * rate // 20 + n} of many" for n in range(rate // 20)]
        flood.send(*lines)
        page_due = begun + (tick + 1) * 0.05
        time.sleep(max(0.0, page_due - time.monotonic()))
    flood.since_ping("the end")
    page.shows("the end")
    gaps = page.run("return window.gaps")
    assert len(gaps) > 20
    assert max(gaps) < 500, max(gaps)
    assert page.run("return document.querySelectorAll('#lines li').length") <= 401


def test_it_can_be_used_without_a_mouse(web: Daemon, open_page: Open) -> None:
    """All that can be used has a name; focus begins in the line; Escape closes."""
    page = open_page(web).connected()
    unnamed = page.run(
        "return [...document.querySelectorAll('button, input, textarea')].filter("
        "(it) => !it.labels?.length && !it.textContent.trim()).map((it) => it.id)"
    )
    assert unnamed == []
    assert page.run("return document.activeElement.id") == "text"
    log = page.run("return document.getElementById('lines').getAttribute('role')")
    assert log == "log"
    button = page.driver.find_element("id", "people-button")
    button.send_keys("\n")
    assert page.run("return document.getElementById('people').hidden") is False
    page.driver.find_element("id", "name").send_keys("\ue00c")
    assert page.run("return document.getElementById('people').hidden") is True
    assert page.run("return document.activeElement.id") == "people-button"


@pytest.mark.parametrize("width", [320, 420, 1280])
def test_it_fits(web: Daemon, open_page: Open, join: Join, width: int) -> None:
    """Nothing sticks out sideways, on a phone or a desk, whatever is said."""
    page = open_page(web, size=(width, 720)).connected()
    join(web, "wide").since_ping("w" * 3000)
    page.shows("w" * 3000)
    assert page.run("return innerWidth") == width
    assert page.run("return document.documentElement.scrollWidth") <= width
    inside = "const it = document.getElementById('lines');"
    assert page.run(f"{inside} return it.scrollWidth - it.clientWidth") <= 0


def test_one_can_log_in(
    daemon: Callable[..., Daemon], open_page: Open, tmp_path: Path
) -> None:
    """Where one has to log in, the page says so, and /login lets one in."""
    (tmp_path / "tokens").write_text("open-sesame\n")
    started = daemon("--web", "0", "--token-file", str(tmp_path / "tokens"))
    page = open_page(started)
    page.wait_until(lambda: "log in first" in page.text("#problem"), "asked")
    page.write("/login open-sesame\n")
    page.connected()
    page.write("in\n")
    page.shows("in")
    page.wait_until(lambda: page.texts(".sending") == [], "sent")
