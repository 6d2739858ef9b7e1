"""What is typed: sent once, or given back; asked about where it is much."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broadcast.admin.cli import main as admin
from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Open = Callable[..., Page]
Join = Callable[..., LineClient]

TYPE = """
const text = document.getElementById('text');
text.value = arguments[0];
text.dispatchEvent(new Event('input'));
document.getElementById('composer').requestSubmit();
"""


@pytest.fixture
def cut(web: Daemon, open_page: Open) -> Iterator[tuple[Page, Proxy]]:
    """Give a page whose connection has just been cut."""
    with closing(Proxy(web_port(web))) as proxy:
        page = open_page(proxy.port).connected()
        proxy.cut()
        page.wait_until(lambda: "away" in page.text("#status"), "away")
        yield page, proxy


def test_three_hundred_lines_typed_away_are_all_said(
    cut: tuple[Page, Proxy], web: Daemon, join: Join
) -> None:
    """In order, each once; a reload in between loses none of them."""
    page, proxy = cut
    dora = join(web, "dora")
    for begin in range(0, 300, 100):
        lines = [f"line {number}" for number in range(begin, begin + 100)]
        page.run(TYPE, "\n".join(lines))
        page.click_text("Send", "#question button")
    assert page.value() == ""
    assert len(page.texts(".sending .text")) == 300
    proxy.mend()
    page.reload().connected()
    heard = dora.until("line 299")
    said = [line.rpartition(": ")[2] for line in heard if "line " in line]
    assert said == [f"line {number}" for number in range(300)]
    page.sent()


def test_what_can_not_be_kept_stays_in_the_composer(cut: tuple[Page, Proxy]) -> None:
    """More lines than wait at a time, commands, and a login: refused, and said why."""
    page, _ = cut
    for begin in range(0, 600, 200):
        lines = [f"line {number}" for number in range(begin, begin + 200)]
        page.run(TYPE, "\n".join(lines))
        page.click_text("Send", "#question button")
    left = page.value().split("\n")
    assert left == [f"line {number}" for number in range(500, 600)]
    assert "wait" in page.text("#problem")
    assert len(page.texts(".sending .text")) == 500
    for typed in ("/who", "/ping", "/history 3", "/nonsense", "/login abc"):
        page.run(TYPE, typed)
        assert page.value() == typed
        assert "not sent" in page.text("#problem")


def test_a_name_taken_away_is_ones_own_on_coming_back(
    cut: tuple[Page, Proxy], web: Daemon, join: Join
) -> None:
    """A name chosen meanwhile is not lost: it comes with the connection."""
    page, proxy = cut
    page.write("/name berta\n")
    page.write("hello\n")
    proxy.mend()
    page.connected("berta")
    page.shows("hello")
    assert "berta (quiet)" not in "".join(join(web, "dora").since_ping("/who"))


def test_what_may_have_been_said_is_given_back(
    daemon: Callable[..., Daemon], open_page: Open
) -> None:
    """A line that was sent into a log that is gone: the person decides.

    What one types just then is another line.
    """
    first = daemon("--web", "0")
    port = web_port(first)
    page = open_page(port).connected()
    first.signal(19)  # SIGSTOP: it takes the line, and answers nothing
    page.write("perhaps\n")
    page.wait_until(lambda: page.texts(".sending .text") == ["perhaps"], "sent")
    first.kill()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    daemon("--web", str(port))
    page.connected()
    page.wait_until(lambda: page.value() == "perhaps\n", "given back")
    assert "may not have been said" in page.text("#problem")
    page.write("more\n")
    page.wait_until(lambda: page.texts()[-2:] == ["perhaps", "more"], "both said")
    page.sent()


def test_each_refused_line_is_given_back(
    daemon: Callable[..., Daemon], open_page: Open, tmp_path: Path
) -> None:
    """Muted, with three lines sent at once: three are in the composer again."""
    place = f"unix:{tmp_path / 'admin'}"
    started = daemon("--web", "0", f"--admin={place}")
    page = open_page(started).connected()
    page.write("/name emil\n")
    page.connected("emil")
    assert admin(["-s", str(tmp_path / "admin"), "mute", "emil"]) == 0
    page.run(TYPE, "one\ntwo\n//three")
    page.wait_until(lambda: "muted" in page.text("#problem"), "refused")
    page.wait_until(lambda: page.value() == "one\ntwo\n//three\n", "given back")
    page.sent()


def test_many_lines_are_asked_about(web: Daemon, open_page: Open, join: Join) -> None:
    """More than five are sent when it is meant; all at once, and none before."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    pasted = "\n".join(f"pasted {number}" for number in range(8))
    page.run(TYPE, pasted)
    assert page.is_shown("question")
    assert "8 lines" in page.text("#question-text")
    assert page.value() == pasted
    page.write("\ue00c")  # Escape
    assert not page.is_shown("question")
    assert not any("pasted" in line for line in dora.since_ping("/who"))
    page.record()
    page.write("\n")
    page.write("\n")  # Enter again: it is meant
    heard = dora.until("pasted 7")
    assert len([line for line in heard if "pasted" in line]) == 8
    messages = [sent for sent in page.recorded() if "pasted" in sent]
    assert len(messages) == 1
    page.run(TYPE, "\n".join(f"few {number}" for number in range(5)))
    dora.until("few 4")


def test_a_composition_is_not_sent(web: Daemon, open_page: Open, join: Join) -> None:
    """Safari tells the Enter that ends one by its key code alone."""
    page = open_page(web).connected()
    page.write("kanj")
    page.run(
        "const key = new KeyboardEvent('keydown',"
        " { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true });"
        "document.getElementById('text').dispatchEvent(key)"
    )
    assert page.value() == "kanj"
    page.write("i\n")
    page.shows("kanji")


def test_ones_own_line_is_read_out_once(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """By a screen reader; and many lines of others are told as a number."""
    page = open_page(web).connected()
    page.run(
        "window.told = []; new MutationObserver((changes) => {"
        " for (const { target, addedNodes } of changes)"
        "  for (const node of addedNodes)"
        "   if ((node.closest ? node : target).closest('[aria-live=polite]'))"
        "    window.told.push(node.textContent) })"
        ".observe(document.body, { childList: true, subtree: true })"
    )
    page.write("my own line\n")
    page.wait_until(lambda: page.run("return window.told.length"), "told")
    flood = join(web, "flood")
    flood.since_ping(*[f"line {number}" for number in range(200)])
    page.shows("line 199")
    page.wait_until(
        lambda: re.search(r"\d+ new lines", " ".join(page.run("return window.told"))),
        "folded",
    )
    told = page.run("return window.told")
    assert len([text for text in told if "my own line" in text]) == 1
    assert len(told) < 20


def test_the_name_that_one_types_is_left_alone(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Whoever else takes another name meanwhile."""
    page = open_page(web, size=(1200, 800)).connected()
    page.click("people-button")
    page.type("name", "\ue009a\ue009\ue003half")
    dora = join(web, "dora")
    dora.since_ping("/name dorothea")
    page.wait_until(lambda: "dorothea" in page.text("#names"), "renamed")
    assert page.value("name") == "half"


def test_drafts_and_recall(web: Daemon, open_page: Open) -> None:
    """A draft survives a reload, a name's key doesn't, nor half a command before it;
    the arrow brings back one's own lines; Tab completes commands and names; where there
    is nothing to complete, it goes on."""
    page = open_page(web).connected()
    page.write("first\n")
    page.write("second\n")
    page.write("\ue013")
    assert page.value() == "second"
    page.write("\ue013")
    assert page.value() == "first"
    page.write("\ue015\ue015")
    assert page.value() == ""
    page.write("/na\ue004")
    assert page.value() == "/name "
    page.write("fritz\n")
    page.connected("fritz")
    page.write("half a draft")
    page.reload().connected("fritz")
    assert page.value() == "half a draft"
    page.write("\ue009a\ue009\ue003/name fritz 12345678")
    assert "/na" not in page.run("return JSON.stringify({...sessionStorage})")
    page.write("\ue009a\ue009\ue003half a draft\ue004")
    assert page.run("return document.activeElement.id") != "text"


def test_names_are_completed(web: Daemon, open_page: Open, join: Join) -> None:
    """Each Tab offers another one, who spoke last first, with a colon at the start."""
    page = open_page(web).connected()
    zoe, zora = join(web, "zoe"), join(web, "zora")
    zoe.send("I am zoe")
    page.shows("I am zoe")
    zora.since_ping()
    page.write("zo\ue004")
    assert page.value() == "zoe: "
    page.write("\ue004")
    page.wait_until(lambda: page.value() in ("zora: ", "zoe: "), "another")
    page.write("\ue009a\ue009\ue003hi @zo\ue004")
    assert page.value() == "hi @zoe "


def test_commands_are_answered(web: Daemon, open_page: Open, join: Join) -> None:
    """Each so that it can be seen."""
    page = open_page(web).connected()
    dora = join(web, "dora")
    dora.since_ping("earlier")
    page.shows("earlier")
    page.write("/WHO\n/ping\n/history 1\n/help\n/since nonsense\n")
    page.wait_until(lambda: "pong" in page.text("#rows"), "pong")
    notices = page.texts(".notice")
    assert any(re.fullmatch(r"\d+ here: .*dora.*", text) for text in notices)
    assert any(re.fullmatch(r"pong: \d+ ms", text) for text in notices)
    assert any(text.startswith("/ignore") for text in notices)
    page.wait_until(lambda: page.texts().count("earlier") == 2, "again")
    assert "/since EPOCH:ID" in page.text("#problem")
    page.write("\ue009a\ue009\ue003/pnig\n")
    page.wait_until(lambda: "/pnig" in page.text("#problem"), "unknown")
    page.write("/ignore dora\n")
    page.wait_until(lambda: "ignored: dora" in page.texts(".notice"), "told")
    dora.since_ping("not heard")
    page.write("/me waves at https://example.org.\n")
    page.shows("waves at https://example.org.")
    assert dora.until("waves")[-1].endswith(": * waves at https://example.org.")
    assert "not heard" not in page.texts()
    page.write("/unignore dora\n")
    page.wait_until(
        lambda: "dora is no longer ignored" in page.texts(".notice"), "told"
    )
    dora.since_ping("heard")
    page.shows("heard")
    page.assert_no_complaints()
