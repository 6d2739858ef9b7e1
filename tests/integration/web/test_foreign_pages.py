"""A page of somebody else's, in Chromium: it tries to say something, and to read."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.browser import Page
from tests.support.curl import Site, curl, url
from tests.support.daemon import Daemon
from tests.support.websocket import web_port

Open = Callable[..., Page]
Start = Callable[..., Daemon]

ATTEMPTS = """
const [server, done] = arguments;
const outcomes = {};
const tries = {
  text: () => fetch(server + "/say", {method: "POST", body: "evil text",
                                      mode: "no-cors", credentials: "include"}),
  cors: () => fetch(server + "/say", {method: "POST", body: "evil cors",
                                      credentials: "include"}),
  form: () => fetch(server + "/say", {method: "POST", mode: "no-cors",
                                      body: new URLSearchParams({a: "evil form"})}),
  multipart: () => {
    const data = new FormData();
    data.append("a", "evil multipart");
    return fetch(server + "/say", {method: "POST", mode: "no-cors", body: data});
  },
  json: () => fetch(server + "/say", {method: "POST", body: '{"text": "evil json"}',
                                      headers: {"Content-Type": "application/json"}}),
  keyed: () => fetch(server + "/say", {method: "POST", body: "evil key",
                                       headers: {"Idempotency-Key": "k"}}),
  read: () => fetch(server + "/lines?follow=0").then((answer) => answer.text()),
  events: () => new Promise((good, bad) => {
    const source = new EventSource(server + "/events", {withCredentials: true});
    source.onmessage = source.onopen = () => { source.close(); good("opened"); };
    source.onerror = () => { source.close(); bad(new Error("refused")); };
  }),
  image: () => new Promise((good, bad) => {
    const image = new Image();
    image.onload = () => good("loaded");
    image.onerror = () => bad(new Error("refused"));
    image.src = server + "/lines?follow=0";
  }),
  beacon: async () => navigator.sendBeacon(server + "/say", "evil beacon"),
  submit: () => new Promise((good) => {
    const frame = document.createElement("iframe");
    frame.name = "target";
    document.body.append(frame);
    const form = document.createElement("form");
    form.method = "post";
    form.enctype = "text/plain";
    form.action = server + "/say";
    form.target = "target";
    form.innerHTML = '<input name="evil" value="form">';
    document.body.append(form);
    frame.onload = () => good("sent");
    form.submit();
  }),
  sandboxed: () => new Promise((good) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = `<script>fetch("${server}/say", {method: "POST", body: "evil null",
      mode: "no-cors"}).finally(() => parent.postMessage("sent", "*"))<\\/script>`;
    window.onmessage = () => good("sent");
    document.body.append(frame);
  }),
};
(async () => {
  for (const [name, attempt] of Object.entries(tries)) {
    const late = new Promise((good) => setTimeout(good, 5000, "late"));
    outcomes[name] = await Promise.race([attempt(), late]).then(
      (found) => String(found.type ?? found), (error) => "error");
  }
  done(outcomes);
})();
"""

UNREADABLE = ("cors", "json", "keyed", "read", "events", "image")
"""The attempts whose answer a page would see: it sees none of them."""


@pytest.mark.parametrize(
    ("host", "has_login"),
    [
        ("127.0.0.1", False),
        ("localhost", True),
        ("evil.test", False),
        ("evil.test", True),
    ],
)
def test_it_says_nothing_and_reads_nothing(
    daemon: Start, open_page: Open, tmp_path: Path, host: str, has_login: bool
) -> None:
    """Another port, another name of this machine, another site; logged in or not."""
    options: list[str] = []
    login: tuple[str, ...] = ()
    if has_login:
        users = tmp_path / "users"
        command = [sys.executable, "-m", "broadcast.auth.passwd", str(users), "alice"]
        subprocess.run(command, input=b"correct-horse\n", check=True)
        options, login = [f"--users={users}"], ("-u", "alice:correct-horse")
    started = daemon("--web", "0", *options)
    with Site() as site:
        page = open_page(site.port)
        if has_login:  # which a browser would keep if it were asked for Basic
            secret = url(started).replace("//", "//alice:correct-horse@")
            page.driver.get(f"{secret}/lines?follow=0")
        page.driver.get(f"http://{host}:{site.port}/")
        outcomes = page.driver.execute_async_script(ATTEMPTS, url(started))
    assert {name: outcomes[name] for name in UNREADABLE} == dict.fromkeys(
        UNREADABLE, "error"
    )
    assert "late" not in outcomes.values()
    curl(*login, "-d", "the first", f"{url(started)}/say")
    rest = curl(*login, f"{url(started)}/lines?follow=0")
    assert "evil" not in rest
    assert "that was the last line" in rest
    started.assert_no_trouble()


def test_a_rebound_name_gets_nothing(web: Daemon, open_page: Open) -> None:
    """A page whose own name points here is of our origin: it is told 421."""
    page = open_page(web)
    page.driver.get(f"http://rebound.test:{web_port(web)}/lines?follow=0")
    assert "--web-origin" in page.text("body")
    outcome = page.driver.execute_async_script(
        "const done = arguments[0];"
        "fetch('/say', {method: 'POST', body: 'evil'}).then("
        "  (answer) => done(answer.status), (error) => done(String(error)))"
    )
    assert outcome != 200
    answer = curl("-si", "-H", "Host: rebound.test", "-d", "evil", f"{url(web)}/say")
    assert answer.startswith("HTTP/1.1 421")
    assert "--web-origin" in answer
    assert "evil" not in curl(f"{url(web)}/lines?follow=0")


def test_our_own_page_may(web: Daemon, open_page: Open) -> None:
    """A script of the same origin posts, and listens."""
    page = open_page(web)
    outcome = page.driver.execute_async_script(
        "const done = arguments[0];"
        "const source = new EventSource('/events');"
        "source.onmessage = (event) => done(JSON.parse(event.data).text);"
        "source.addEventListener('welcome',"
        "  () => fetch('/say', {method: 'POST', body: 'our own'}));"
    )
    assert outcome == "our own"
