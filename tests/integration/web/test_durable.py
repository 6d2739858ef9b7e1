"""Lines over HTTP from a store that lasts: old lines, resuming, and keys."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.support.curl import EventReader, curl, url
from tests.support.daemon import Daemon
from tests.support.websocket import web_port

Start = Callable[..., Daemon]
NDJSON = ("-H", "Accept: application/x-ndjson")


def _start(daemon: Start, folder: Path) -> Daemon:
    """Start a daemon whose ring has only the newest of what it keeps."""
    store = f"{folder}/log"
    return daemon("--web", "0", "--store", store, "--log-size=64K", "--history=all")


def _say(started: Daemon, first: int, count: int) -> str:
    """Post numbered lines; return the last one's position."""
    body = "".join(f"{number}\n" for number in range(first, first + count))
    answer = curl("--data-binary", "@-", f"{url(started)}/say", given=body.encode())
    position: str = json.loads(answer)["position"]
    return position


def _numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r'"text":"(\d+)"', text)]


def test_old_lines_are_read_from_the_store(daemon: Start, tmp_path: Path) -> None:
    """Page by page, with the ring's at the end: each once, and in order."""
    started = _start(daemon, tmp_path)
    for first in range(0, 5000, 500):
        position = _say(started, first, 500)
    lines = f"{url(started)}/lines?follow=0"
    assert _numbers(curl(*NDJSON, lines)) == list(range(5000))
    assert _numbers(curl(*NDJSON, f"{lines}&history=3456")) == list(range(1544, 5000))
    epoch = position.partition(":")[0]
    since = curl(*NDJSON, f"{lines}&since={epoch}:1000")
    assert _numbers(since) == list(range(1000, 5000))
    assert '"missing":0' in since
    assert '"missing":null' not in since
    text = curl(f"{lines}&history=3000")
    assert len(re.findall(r"http: \d+", text)) == 3000


class Source:
    """A plain client that comes back as an EventSource does.

    Attributes:
        heard: the numbers that were said.
    """

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._last = ""

    def read_to(self, port: int, last: int, while_there: Callable[[], None]) -> None:
        """Come back as often as it takes to hear ``last``.

        Args:
            while_there: is called when it has come back for the first time, and hears.
        """
        reader = EventReader(port, self._last)
        assert reader.next()["event"] == "welcome"
        while_there()
        while self.heard[-1:] != [last]:
            try:
                event = reader.next()
            except ConnectionError:  # too slow, for so small a ring
                reader.close()
                reader = EventReader(port, reader.last)
                continue
            if event["event"] == "message":
                self.heard.append(int(json.loads(event["data"])["text"]))
        self._last = reader.last
        reader.close()


def test_an_event_source_outlives_restarts(daemon: Start, tmp_path: Path) -> None:
    """It goes on exactly where it was, page by page and live; too slow now and then."""
    source, said = Source(), 0
    for _ in range(3):
        started = _start(daemon, tmp_path)

        def say(started: Daemon = started, said: int = said) -> None:
            for number in range(3):
                _say(started, said + 900 * number, 900)

        source.read_to(web_port(started), said + 2699, say)
        _say(started, said + 2700, 900)  # while it is not there
        said += 3600
        started.stop()
    assert source.heard == list(range(said - 900))


def test_a_key_outlives_a_restart(daemon: Start, tmp_path: Path) -> None:
    """The same body is the same answer, with its position; another one is 422."""
    key = ("-H", "Idempotency-Key: k1")
    started = _start(daemon, tmp_path)
    first = json.loads(curl(*key, "--data-binary", "a\nb", f"{url(started)}/say"))
    started.stop()
    started = _start(daemon, tmp_path)
    again = json.loads(curl(*key, "--data-binary", "a\nb", f"{url(started)}/say"))
    assert again == first | {"double": True}
    other = curl("-si", *key, "--data-binary", "a\nc", f"{url(started)}/say")
    assert other.startswith("HTTP/1.1 422 ")
    lines = curl(*NDJSON, f"{url(started)}/lines?follow=0")
    assert re.findall(r'"text":"(\w)"', lines) == ["a", "b"]
