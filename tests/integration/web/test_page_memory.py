"""What the browser keeps: spoilt, full or forbidden, the page goes on."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Open = Callable[..., Page]

FILL = """
for (const storage of [localStorage, sessionStorage]) {
  storage.clear();
  for (let size = 1 << 22, number = 0; size >= 1; size >>= 1) {
    try {
      for (;;) storage.setItem(`${number++}`, "x".repeat(size));
    } catch {}
  }
}
"""
FORBID = """
for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("no") } });
}
"""


@pytest.fixture
def proxied(web: Daemon) -> Iterator[Proxy]:
    """Give a way to the daemon that can be cut."""
    proxy = Proxy(web_port(web))
    yield proxy
    proxy.close()


def test_a_spoilt_outbox_is_none(web: Daemon, open_page: Open) -> None:
    """What is no line of ours is dropped, and the page starts."""
    page = open_page(web).connected()
    for number, lines in enumerate(
        (
            '[["a", null]]',
            '[["a b", {"text": "x", "isSent": false}]]',
            '[["a", {"text": "x\\ny", "isSent": false}]]',
            '[["a", {"text": 5, "isSent": false}]]',
            '[["a", {"isSent": true}]]',
            '{"a": 1}',
        )
    ):
        kept = f'{{"epoch": "x", "lines": {lines}}}'
        page.run("sessionStorage.setItem('broadcast / outbox', arguments[0])", kept)
        page.reload().connected()
        page.write(f"hello {number}\n")
        page.shows(f"hello {number}")
        page.sent()
        assert page.value() == ""


def test_a_spoilt_name_or_key_is_made_anew(web: Daemon, open_page: Open) -> None:
    """What is no name is asked for, what is no key is another one."""
    page = open_page(web).connected()
    page.run("localStorage.setItem('broadcast / name', 'a b')")
    page.run("localStorage.setItem('broadcast / size', 'constructor')")
    page.reload().connected("guest-")
    page.wait_until(lambda: page.is_shown("first"), "asked")
    assert page.value("size") == "normal"
    page.run("localStorage.setItem('broadcast / key', 'no key')")
    page.reload().connected("guest-")
    page.type("first-name", "selma\n")
    page.connected("selma")


@pytest.mark.parametrize("script", [FILL, FORBID], ids=["full", "forbidden"])
def test_without_storage_all_lasts_as_long_as_the_page(
    proxied: Proxy, open_page: Open, script: str
) -> None:
    """The name comes back with a connection, by the key that it was taken with."""
    page = open_page(proxied.port).connected()
    name = "fulda" if script is FILL else "vera"
    once = {"source": script}
    added = page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", once)
    page.reload().connected("guest-")
    page.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
    page.type("first-name", f"{name}\n")
    page.connected(name)
    proxied.cut()
    page.wait_until(lambda: "away" in page.text("#status"), "away")
    page.write("typed away\n")
    proxied.mend()
    page.hurry()
    page.connected(name)
    page.shows("typed away")
