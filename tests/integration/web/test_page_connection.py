"""The page's connection: how it is made, shared, explained, and made again."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from broadcast.web.files import load
from tests.support.browser import Page
from tests.support.curl import Site
from tests.support.daemon import Daemon, refused_start
from tests.support.lineclient import LineClient
from tests.support.proxy import Proxy
from tests.support.websocket import http, web_port

Start = Callable[..., Daemon]
Open = Callable[..., Page]
Join = Callable[..., LineClient]


def test_it_works_below_another_address(web: Daemon, open_page: Open) -> None:
    """A proxy may show it anywhere: each address in it is a relative one."""
    inward = lambda data: data.replace(b"GET /chat/", b"GET /")  # noqa: E731
    with closing(Proxy(web_port(web), inward)) as proxy:
        page = open_page(proxy.port, path="/chat/").connected()
        page.write("from below\n")
        page.shows("from below")
        loaded = page.run(
            "return performance.getEntriesByType('resource').map((it) => it.name)"
        )
        assert all("/chat/" in name for name in loaded)
        page.assert_no_complaints()


def test_a_refused_origin_is_explained(web: Daemon, open_page: Open) -> None:
    """A proxy that doesn't pass Host on: the page says so, and what the admin does."""

    def forget_host(data: bytes) -> bytes:
        return re.sub(rb"Host: [^\r]*", b"Host: localhost:1", data)

    with closing(Proxy(web_port(web), forget_host)) as proxy:
        page = open_page(proxy.port)
        page.wait_until(lambda: "--web-origin" in page.text("#status"), "explained")
        said = page.text("#status")
        assert f"http://127.0.0.1:{proxy.port}" in said
        assert "Host" in said
        assert "admin" in said


def test_a_proxy_without_websockets_is_explained(web: Daemon, open_page: Open) -> None:
    """The page is there, and no WebSocket: the page says whose fault that is."""
    with closing(
        Proxy(web_port(web), lambda data: data.replace(b"Upgrade: ", b"X-Gone: "))
    ) as proxy:
        page = open_page(proxy.port)
        page.wait_until(lambda: "proxy" in page.text("#status"), "explained")


def test_a_server_that_is_gone_is_tried_again(
    daemon: Start, open_page: Open, join: Join
) -> None:
    """When, is counted down; a button doesn't wait; a full room is told once."""
    started = daemon("--web", "0", "--max-members", "1")
    alice = join(started, "alice")
    page = open_page(started)
    page.wait_until(lambda: "full" in page.text("#status"), "told")
    page.run(
        "window.texts = new Set(); new MutationObserver(() => window.texts.add("
        "document.getElementById('countdown').textContent))"
        ".observe(document.getElementById('countdown'), { childList: true })"
    )
    for _ in range(3):
        page.wait_until(lambda: page.is_shown("retry"), "a button")
        page.hurry()
        page.wait_until(lambda: "full" in page.text("#status"), "told")
    assert len([text for text in page.texts(".notice") if "full" in text]) == 1
    counted = page.run("return [...window.texts]")
    assert any(re.fullmatch(r"again in \d+ s", text) for text in counted)
    alice.close()
    page.hurry()
    page.connected()
    assert not page.is_shown("retry")
    assert page.text("#countdown") == ""


def test_tabs_share_a_connection(web: Daemon, open_page: Open, join: Join) -> None:
    """Two tabs are one member; each sees all and speaks; when the first one goes the
    other goes on, under the same name, and nothing is lost or said twice."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    page.type("first-name", "tabea\n")
    page.connected("tabea")
    first = page.driver.current_window_handle
    second = page.another()
    page.connected("tabea")
    page.wait_until(lambda: page.texts(".mark") != [], "history")
    page.write("from the second\n")
    page.shows("from the second")
    page.sent()
    heard = dora.since_ping("/who")
    assert not any("tabea joined" in line for line in heard)
    dora.since_ping("to both")
    page.shows("to both")
    page.write("/ping\n")
    page.wait_until(lambda: "pong" in page.text("#rows"), "pong")
    page.driver.switch_to.window(first)
    page.shows("from the second")
    page.shows("to both")
    page.driver.close()
    page.driver.switch_to.window(second)
    page.write("alone\n")
    dora.until("tabea: alone")
    dora.since_ping("goes on")
    page.shows("goes on")
    page.sent()
    page.connected("tabea")
    for text in ("from the second", "to both", "alone", "goes on"):
        assert page.texts().count(text) == 1, text


def test_a_duplicated_tab_throws_nobody_out(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """It has a copy of all that the tab kept; still they are one member."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    page.write("/name dina\n")
    page.connected("dina")
    first = page.driver.current_window_handle
    page.run("window.open(location.href, '_blank')")  # takes sessionStorage along
    (second,) = {*page.driver.window_handles} - {first}
    page.driver.switch_to.window(second)
    page.connected("dina")
    for _ in range(2):
        page.driver.switch_to.window(first)
        assert "connected" in page.text("#status")
        page.driver.switch_to.window(second)
        assert "connected" in page.text("#status")
    heard = dora.since_ping("/who")
    assert len([line for line in heard if "dina joined" in line]) == 0


def test_a_tab_that_sleeps_leads_no_longer(
    web: Daemon, open_page: Open, join: Join
) -> None:
    """Its browser has frozen it: another one leads as soon as somebody speaks there;
    awake again it follows, and both have all lines."""
    dora = join(web, "dora")
    page = open_page(web).connected()
    page.type("first-name", "frosty\n")
    page.connected("frosty")
    first = page.driver.current_window_handle
    second = page.another()
    page.connected("frosty")
    page.driver.switch_to.window(first)
    page.run(
        "const end = Date.now() + 3000; setTimeout(() => { while (Date.now() < end); })"
    )
    page.driver.switch_to.window(second)
    page.write("is anybody there\n")
    dora.until("frosty: is anybody there")
    page.shows("is anybody there")
    page.sent()
    page.driver.switch_to.window(first)
    page.shows("is anybody there")
    page.connected("frosty")
    page.write("awake\n")
    page.shows("awake")
    page.driver.switch_to.window(second)
    page.shows("awake")
    assert page.texts().count("awake") == 1


def test_not_me_forgets(web: Daemon, open_page: Open) -> None:
    """Name, key, drafts and choices: on a shared computer the next one is nobody."""
    page = open_page(web, size=(1200, 800)).connected()
    page.type("first-name", "ada\n")
    page.connected("ada")
    page.write("a draft")
    page.click("settings-button")
    page.click("not-me")
    page.wait_until(lambda: "guest-" in page.text("#status"), "a guest")
    assert page.value() == ""
    assert page.is_shown("first")
    kept = page.run("return JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "ada" not in kept
    assert "draft" not in kept
    page.type("first-name", "ada\n")  # the name is free at once, for the next one
    page.connected("ada")


def test_a_name_is_asked_for_once(web: Daemon, open_page: Open) -> None:
    """Who would rather be a guest isn't asked again; what is no name is said to be."""
    page = open_page(web).connected()
    page.wait_until(lambda: page.is_shown("first"), "asked")
    page.type("first-name", "-\n")
    page.wait_until(lambda: "letters" in page.text("#first-error"), "refused")
    page.click("later")
    page.reload().connected()
    assert not page.is_shown("first")


def test_files_are_compressed(web: Daemon) -> None:
    """For who takes that, with a tag of their own."""
    for name in load():
        path = "/" if name == "index.html" else f"/static/{name}"
        plain, _ = http(web, path, method="HEAD")
        assert "Content-Encoding" not in plain
        assert "Vary: Accept-Encoding" in plain
        packed, _ = http(web, path, "Accept-Encoding: br, gzip;q=0.8", method="HEAD")
        assert "Content-Encoding: gzip" in packed
        tags = [re.findall(r'ETag: ("[^"]+")', head)[0] for head in (plain, packed)]
        assert tags[0] != tags[1]
        again, _ = http(web, path, "Accept-Encoding: gzip", f"If-None-Match: {tags[1]}")
        assert again.startswith("HTTP/1.1 304")
        refused, _ = http(web, path, "Accept-Encoding: gzip;q=0, *", method="HEAD")
        assert "Content-Encoding" not in refused


def test_the_page_is_small(web: Daemon, open_page: Open) -> None:
    """What a browser transfers for it, heads and all, is less than 40 KB."""
    page = open_page(web, path="/?fresh").connected()
    page.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload().connected()
    names = page.run(
        "return performance.getEntries().filter((it) => it.transferSize)"
        ".map((it) => it.name)"
    )
    total = 0
    for name in names:
        path = "/" + name.split("/", 3)[3]
        head, _ = http(web, path, "Accept-Encoding: gzip", method="HEAD")
        total += len(head) + int(re.findall(r"Content-Length: (\d+)", head)[0])
    page.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
    assert len(names) >= 3
    assert 10_000 < total < 40_000


def test_it_is_framed_by_who_may(daemon: Start) -> None:
    """Nobody, or the origins of --web-embed, and no others."""
    head, _ = http(daemon("--web", "0"), "/")
    assert "frame-ancestors 'none'" in head
    assert "X-Frame-Options: DENY" in head
    site = "https://school.example"
    head, _ = http(daemon("--web", "0", "--web-embed", site), "/")
    assert f"frame-ancestors {site};" in head
    assert "X-Frame-Options" not in head
    assert "trusted-types 'none'" in head
    code, _, said = refused_start("--web", "0", "--web-embed", "null")
    assert code
    assert "--web-embed" in said


def test_a_frame_shows_it(daemon: Start, open_page: Open, web: Daemon) -> None:
    """In a page that may, the room is there and can be talked in."""
    with Site() as site:
        origin = f"http://127.0.0.1:{site.port}"
        started = daemon("--web", "0", "--web-embed", origin)
        host = open_page(web)
        host.driver.get(origin)
        host.run(
            "const frame = document.createElement('iframe');"
            "frame.src = arguments[0]; document.body.append(frame)",
            f"http://127.0.0.1:{web_port(started)}/",
        )
        host.driver.switch_to.frame(0)
        host.connected()
        host.write("framed\n")
        host.shows("framed")
        host.driver.switch_to.default_content()


def test_a_projector_only_reads(web: Daemon, open_page: Open, join: Join) -> None:
    """Without a composer, in large letters; it comes and goes unannounced."""
    dora = join(web, "dora")
    page = open_page(web, size=(1280, 720), path="/?view=read").connected()
    dora.since_ping("for all to see")
    page.shows("for all to see")
    assert not page.is_shown("composer")
    assert not page.is_shown("first")
    size = page.run(
        "return parseFloat(getComputedStyle(document.querySelector('.text')).fontSize)"
    )
    assert size >= 24
    listed = "".join(dora.since_ping("/who"))
    assert "joined" not in listed
    assert "(quiet)" in listed


def test_who_waits_too_long_can_still_log_in(
    daemon: Start, open_page: Open, tmp_path: Path
) -> None:
    """The form stays when the server has given up waiting, and connects again."""
    tokens = tmp_path / "tokens"
    tokens.write_text("open-sesame\n")
    started = daemon(
        *("--web", "0", "--token-file", str(tokens), "--login-timeout", "1")
    )
    page = open_page(started)
    page.wait_until(lambda: "no login" in page.text("#login-error"), "given up")
    page.type("login-secret", "open-sesame\n")
    page.connected()
