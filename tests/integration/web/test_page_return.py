"""The page comes back: with one connection, one name, and each line said once."""

import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.support.browser import Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.proxy import Proxy
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
Open = Callable[..., Page]
Join = Callable[..., LineClient]

HOLD = """
const { send } = WebSocket.prototype;
window.held = [];
WebSocket.prototype.send = function (data) {
  if (data.startsWith('/since')) window.held.push(() => send.call(this, data));
  else send.call(this, data);
};
"""
TWICE = """
const button = document.querySelector('#login [type=submit]');
button.click();
button.click();
"""
LEAVE = """
const done = arguments[0];
import('./static/link.js').then(async ({ Link }) => {
  const url = new URL('nothing', location.href);
  url.protocol = 'ws:';
  const link = new Link(url.href, () => ({}));
  const states = [];
  link.addEventListener('state', ({ detail }) => states.push(detail.state));
  await new Promise((isAway) => {
    link.addEventListener('state', ({ detail }) => detail.state === 'away' && isAway());
    link.open();
  });
  const { length } = states;
  link.abandon();
  await link.explain();
  done(states.slice(length));
});
"""
LATER = "const { now } = Date; Date.now = () => now() + 60000"


def named(page: Page, name: str) -> Page:
    """Give the page's person a name."""
    page.connected().type("first-name", f"{name}\n")
    return page.connected(name)


def away(page: Page) -> None:
    """Wait until the page has lost its connection."""
    page.wait_until(lambda: "away" in page.text("#status"), "away")


def guarded(daemon: Start, folder: Path, *options: str) -> Daemon:
    """Start a daemon that asks for a secret."""
    tokens = folder / "tokens"
    tokens.write_text("open-sesame\n")
    tokens.chmod(0o600)
    return daemon("--web", "0", "--token-file", str(tokens), *options)


def test_one_who_logs_in_twice_is_one(
    daemon: Start, open_page: Open, tmp_path: Path
) -> None:
    """A double click, after the server has given up waiting: one connection is made,
    and no guest is left behind."""
    started = guarded(daemon, tmp_path, "--login-timeout", "1")
    page = open_page(started)
    page.wait_until(lambda: "no login" in page.text("#login-error"), "given up")
    page.type("login-secret", "open-sesame")
    page.run(TWICE)
    page.connected()
    page.write("/who\n")
    page.wait_until(lambda: "1 here: guest-1" in page.texts(".notice"), "alone")


def test_a_server_that_is_silent_before_its_greeting_is_left(
    daemon: Start, open_page: Open, tmp_path: Path
) -> None:
    """One that answers no login is as silent as one that answers no ping: the page
    tells it, and logs in again."""
    started = guarded(daemon, tmp_path)
    page = open_page(started)
    page.wait_until(lambda: page.is_shown("login-secret"), "asked")
    started.process.send_signal(signal.SIGSTOP)
    try:
        page.type("login-secret", "open-sesame\n")
        page.run(LATER)
        page.wait_until(lambda: "silent" in page.text("#status"), "told")
    finally:
        started.process.send_signal(signal.SIGCONT)
    page.hurry()
    page.connected()


def test_another_name_says_nothing_again(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """A line was said, its answer was lost, and another name is taken meanwhile. The
    server knows the line by the old name, so the page doesn't send it again."""
    dora = join(web, "dora")
    with closing(Proxy(web_port(web))) as proxy:
        page = named(open_page(proxy.port), "anna")
        proxy.deafen()
        page.write("only once\n")
        dora.until("anna: only once")
        proxy.cut()
        away(page)
        page.write("/name berta\n")
        proxy.mend()
        page.hurry()
        page.connected("berta")
        page.sent()
        page.write("and this\n")
        heard = dora.until("and this")
        assert [line for line in heard if "only once" in line] == []
        assert page.value() == ""
        assert page.texts().count("only once") == 1


def test_a_name_that_comes_too_late_for_the_introduction_is_taken(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """It was chosen while the page asked for what was said meanwhile."""
    dora = join(web, "dora")
    with closing(Proxy(web_port(web))) as proxy:
        page = named(open_page(proxy.port), "early")
        proxy.cut()
        away(page)
        page.run(HOLD)
        proxy.mend()
        page.hurry()
        page.connected("early")
        page.wait_until(lambda: page.run("return window.held.length"), "asked")
        page.write("/name late\n")
        page.wait_until(lambda: page.value() == "", "taken")
        page.run("window.held.forEach((go) => go())")
        page.connected("late")
        dora.until("early is now late")
        page.write("here\n")
        dora.until("late: here")


def test_a_connection_that_is_left_tells_nothing_more(
    web: Daemon, open_page: Open
) -> None:
    """Another one may be there by then: why this one failed is nobody's concern."""
    page = open_page(web).connected()
    assert page.driver.execute_async_script(LEAVE) == []
