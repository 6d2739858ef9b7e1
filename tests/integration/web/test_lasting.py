"""HTTP over a store that lasts: streams from the first line on, and keys of posts."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Daemon
from tests.support.lineclient import LineClient
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]

OPTIONS = ("--web", "0", "--log-size", "64K", "--history", "all", "--rate", "0")


@contextmanager
def asked(
    daemon: Daemon, method: str, path: str, body: str = "", **headers: str
) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and give what is answered."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    link = http.client.HTTPConnection("127.0.0.1", web_port(daemon), timeout=DEADLINE)
    with closing(link):
        link.request(method, path, body or None, named)
        with link.getresponse() as answer:
            yield answer


@pytest.mark.parametrize(
    ("query", "first"), [("since=another:1", 1), ("history=2500", 501)]
)
def test_a_stream_begins_as_far_back_as_is_asked(
    query: str, first: int, daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """From the disk, then from memory, then live: each line once, and in order."""
    running = daemon("--store", str(tmp_path / "room.db"), *OPTIONS)
    talker = connect(running)
    talker.send("/name al")
    talker.since_ping(*(f"{n} {'x' * 90}" for n in range(1, 3001)))
    ids: list[int] = []
    said = 3000
    accept = "application/x-ndjson"
    with asked(running, "GET", f"/lines?{query}", Accept=accept) as answer:
        while not ids or ids[-1] < 3100:
            if ids and len(ids) % 25 == 0 and said < 3100:
                said += 1
                talker.send(f"{said} said meanwhile")
            event: dict[str, Any] = json.loads(answer.readline())
            if event["event"] == "message":
                assert event["text"].startswith(f"{event['id']} ")
                ids.append(event["id"])
    assert ids == list(range(first, 3101))


def test_a_post_is_said_once_through_a_kill(daemon: Start, tmp_path: Path) -> None:
    """The same key and body have the same answer, by the next daemon too."""
    store = ("--store", str(tmp_path / "room.db"))
    where, body, key = "/say?name=ci", "built\ntested\n", "k1"
    first = daemon(*store, *OPTIONS)
    with asked(first, "POST", where, body, Idempotency_Key=key) as answer:
        said = json.loads(answer.read())
    first.kill()
    second = daemon(*store, *OPTIONS)
    with asked(second, "POST", where, body, Idempotency_Key=key) as answer:
        assert json.loads(answer.read()) == said | {"double": True}
    with asked(second, "POST", where, "broken\n", Idempotency_Key=key) as answer:
        assert answer.status == 422
    with asked(second, "GET", "/lines?follow=0&history=10") as answer:
        lines = answer.read().decode().splitlines()
    assert [line.split("] ")[-1] for line in lines if "ci:" in line] == [
        "ci: built",
        "ci: tested",
    ]
