"""Lines whose text was removed from a store, as clients are told of them."""

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.curl import EventReader, curl, url
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient
from tests.support.stores import store_command
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
Connect = Callable[[Daemon], LineClient]
Said = tuple[int, str, str]

SECRET = "correct-horse"


def said(event: dict[str, Any]) -> Said:
    """Return a line's id, name and text."""
    return event["id"], event["name"], event["text"]


def dumped(path: str) -> list[Said]:
    """Return what a file has."""
    lines = store_command("dump", "--format", "ndjson", path).splitlines()
    return [said(json.loads(line)) for line in lines]


def by_events(daemon: Daemon, epoch: str, last: int) -> list[Said]:
    """Return what an ``EventSource`` is told that comes back from the first line."""
    found: list[Said] = []
    reader = EventReader(web_port(daemon), f"{epoch}:1")
    while not found or found[-1][0] < last:
        event = json.loads(reader.next()["data"])
        if event["event"] == "replay":
            assert event["missing"] == 0
        if event["event"] == "message":
            found.append(said(event))
    reader.close()
    return found


def test_clients_are_told_marks(
    daemon: Start, connect: Connect, tmp_path: Path
) -> None:
    """Whoever had said the lines, and however old; all else is as it was."""
    path, feed = str(tmp_path / "room.db"), str(tmp_path / "feed")
    options = (
        *("--store", path, "--history", "all", "--log-size", "64K", "--web", "0"),
        *(
            "--listen",
            "tcp:0:interface=127.0.0.1",
            "--speak-only",
            f"build=unix:{feed}",
        ),
    )
    first = daemon(*options)
    client = connect(first)
    client.send("/format json", "/name al a-secret-key", "/say t0 hello")
    epoch = client.await_event("welcome")["epoch"]
    client.send(f"/say t1 {SECRET}")
    client.await_event("message", text=SECRET)
    curl("--data-binary", "@-", f"{url(first)}/say", given=f"a\n{SECRET}\nb".encode())
    with socket.socket(socket.AF_UNIX) as mouth:
        mouth.connect(feed)
        mouth.sendall(f"{SECRET} \x1b[31m\n".encode())
        client.await_event("message", name="build")
    client.send(*["x" * 200] * 900, f"* al says {SECRET}", "/ping")
    client.await_event("pong")

    before = dumped(path)
    ids = [str(id) for id, _, text in before if SECRET in text]
    assert [name for _, name, text in before if SECRET in text] == [
        *("al", "http", "build", "al")
    ]
    with pytest.raises(subprocess.CalledProcessError) as error:
        store_command("redact", path, *ids)
    assert "is in use by a running daemon" in error.value.stderr
    first.stop()
    assert SECRET.encode() in Path(path).read_bytes()
    told = store_command("redact", path, *ids)
    assert told == "the text of 4 lines was removed\n"
    assert not [f for f in tmp_path.iterdir() if SECRET.encode() in f.read_bytes()]

    expected = [
        (id, name, "[removed]" if SECRET in text else text) for id, name, text in before
    ]
    last = expected[-1][0]
    second = daemon(*options)
    client = connect(second)
    client.send("/format json", "/name al a-secret-key")
    welcome = client.await_event("welcome")
    assert (welcome["epoch"], welcome["id"]) == (epoch, last)
    for question in (f"/since {epoch}:1", f"/history {last - 1}"):
        client.send(question)
        assert client.await_event("replay")["missing"] == 0
        events = client.events_until("replayed")
        assert [said(e) for e in events if e["event"] == "message"] == expected[1:]
    lines = f"{url(second)}/lines?follow=0&since={epoch}:1"
    told = curl("-H", "Accept: application/x-ndjson", lines)
    events = [json.loads(line) for line in told.splitlines()]
    assert [said(e) for e in events if e["event"] == "message"] == expected[1:]
    assert by_events(second, epoch, last) == expected[1:]
    client.send(f"/say t1 {SECRET}")
    double = client.await_event("ack")
    assert (str(double["id"]), double["double"]) == (ids[0], True)
    assert dumped(path) == expected
