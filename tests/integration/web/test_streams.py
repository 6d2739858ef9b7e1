"""Streams from the real daemon: how they end, resume, stall, and go over TLS."""

import contextlib
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from soak.events import run
from tests.support.browser import Page, require_browser
from tests.support.curl import EventReader, curl, listening, url
from tests.support.daemon import Daemon, eventually
from tests.support.faces import make_certificate
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.office import Office
from tests.support.websocket import web_port

Connect = Callable[[Daemon], LineClient]
Join = Callable[..., LineClient]
Open = Callable[..., Page]
Start = Callable[..., Daemon]


def test_readers_that_are_cut_off_lose_nothing() -> None:
    """Plain ones and Chromium's: each line once, in order."""
    require_browser()
    report = run(cuts=3, readers=5, has_browser=True)
    assert report.is_right, report
    assert report.said > 0


def test_a_stopping_daemon_says_so(daemon: Start) -> None:
    """To curl in words and an end, to an EventSource so that it comes back."""
    started = daemon("--web", "0")
    events = EventReader(web_port(started))
    assert events.next()["event"] == "welcome"
    with listening(f"curl -N {url(started)}/lines?name=bob") as lines:
        started.out.wait_for("bob joined")
        started.stop()
        lines.finish()
        assert lines.lines == ["* The server has shut down"]
    bye = events.next()
    while bye["event"] != "bye":
        bye = events.next()
    assert json.loads(bye["data"])["reconnect"] is True
    with pytest.raises(ConnectionError):
        events.next()
    events.close()


def test_a_post_that_comes_too_late_is_told(daemon: Start, connect: Connect) -> None:
    """While the daemon stops it says nothing any more: 503."""
    started = daemon("--web", "0")
    connect(started).until("You are")  # and is not closed: it is waited for
    wire = connect_tcp(web_port(started))
    wire.send(b"POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n")
    started.signal()
    started.out.wait_for("shutting down")
    wire.send(b"hi")
    answer = LineClient(wire).rest()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After" in answer
    wire.close()


def test_a_stalled_reader_harms_nobody(daemon: Start, join: Join) -> None:
    """It is closed by --stall-timeout or for being too slow; the others hear on."""
    started = daemon("--web", "0", "--stall-timeout", "0.5")
    stalled = connect_tcp(web_port(started), receive_buffer=4096)
    stalled.send(b"GET /events?name=stuck HTTP/1.1\r\nHost: localhost\r\n\r\n")
    started.out.wait_for("stuck joined")
    good, talker = EventReader(web_port(started)), join(started, "talker")
    assert good.next()["event"] == "welcome"
    for number in range(40):
        talker.since_ping(*["x" * 1000] * 200, f"round {number}")
    started.out.wait_for(r"stuck left .*\((stalled|too-slow|lost)")
    texts: list[str] = []
    while "round 39" not in texts[-1:]:
        event = good.next()
        if event["event"] == "message":
            texts.append(json.loads(event["data"])["text"])
    assert len(texts) == 40 * 201
    good.close()
    stalled.close()


def test_many_descriptors_come_back(daemon: Start) -> None:
    """A reader that vanishes leaves nothing."""
    started = daemon("--web", "0")
    curl(f"{url(started)}/healthz")
    before = started.descriptors
    for path in ("/lines", "/events", "/lines?follow=0"):
        for _ in range(5):
            wire = connect_tcp(web_port(started))
            wire.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wire.receive()
            wire.reset()
    eventually(lambda: started.descriptors <= before, "that all are freed")


@pytest.mark.parametrize("kind", ["tls", "unix"])
def test_other_listeners(daemon: Start, tmp_path: Path, kind: str) -> None:
    """Over TLS and over a unix socket it is the same."""
    key, certificate = make_certificate(tmp_path)
    if kind == "tls":
        where = ["tls:0:interface=127.0.0.1", f"--tls-cert={certificate}"]
        started = daemon("--web", *where, f"--tls-key={key}")
        server = f"https://127.0.0.1:{web_port(started, 'https')}"
        more = ["--cacert", str(certificate), "-k"]
    else:
        started = daemon("--web", f"unix:{tmp_path}/web")
        started.out.wait_for("the page is on")
        server, more = "http://localhost", ["--unix-socket", f"{tmp_path}/web"]
    with listening(" ".join(["curl", "-N", *more, f"{server}/events?name=bob"])) as out:
        started.out.wait_for("bob joined")
        answer = json.loads(curl(*more, "-d", "hi", f"{server}/say"))
        out.wait_for(f"id: {answer['position']}")
    started.out.wait_for(r"bob left")


def test_one_who_is_kicked_stays_away(
    daemon: Start, open_page: Open, tmp_path: Path
) -> None:
    """An EventSource comes back once, and is sent away for good."""
    started = daemon("--web", "0", "--admin", f"unix:{tmp_path}/admin")
    started.out.wait_for("for bcast-admin")
    office = Office(started, tmp_path / "admin")
    page = open_page(started)
    page.run(
        "window.found = [];"
        "window.source = new EventSource('/events?name=bob');"
        "source.addEventListener('bye', (event) => found.push(event.data));"
    )
    office.daemon.out.wait_for("bob joined")
    office.order("kick bob enough")
    page.wait_until(lambda: page.run("return found.length") == 1, "told")
    page.wait_until(lambda: page.run("return source.readyState") == 2, "given up")
    joined = [line for line in office.daemon.out.lines if "bob joined" in line]
    assert len(joined) == 1


def test_slow_and_endless_bodies_are_cut_off(web: Daemon, join: Join) -> None:
    """By their size at once; nothing of them is said."""
    ear = join(web, "ear")
    wire = connect_tcp(web_port(web))
    wire.send(
        b"POST /say HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        for _ in range(200):
            wire.send(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert LineClient(wire).rest().startswith(b"HTTP/1.1 413 ")
    wire.close()
    curl("-d", "the first", f"{url(web)}/say")
    assert not [line for line in ear.until("http: the first") if "xxx" in line]


def test_head_and_options_join_nobody(web: Daemon) -> None:
    """curl -I tells what a stream would be."""
    joined = len([line for line in web.out.lines if "joined" in line])
    assert "text/event-stream" in curl("-I", f"{url(web)}/events")
    assert "204" in curl("-si", "-X", "OPTIONS", f"{url(web)}/say")
    assert len([line for line in web.out.lines if "joined" in line]) == joined


def test_readers_in_the_metrics(web: Daemon) -> None:
    """By their face and dialect; what is posted is counted as said."""
    reader = EventReader(web_port(web))
    reader.next()
    before = curl(f"{url(web)}/metrics")
    assert 'broadcast_members{dialect="json",face="http"} 1.0' in before
    reader.close()


def test_a_proxy_that_buffers_is_told_not_to(web: Daemon) -> None:
    """In the head of a stream, which is there at once."""
    with socket.create_connection(("127.0.0.1", web_port(web)), 10) as sock:
        sock.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
    assert b"X-Accel-Buffering: no" in head
