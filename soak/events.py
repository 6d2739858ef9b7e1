"""Readers of events whose connections are cut again and again: none loses a line.

A speaker posts numbered lines. Readers follow ``/events`` through a proxy that cuts all
of them ``--cuts`` times, and come back with the id of the last event that they had, as
an EventSource does. At the end each must have had every line once, and in order. With
``--browser`` there are EventSources in Chromium too. With ``--kill`` the daemon has a
store that lasts, and is killed and started again each time. The speaker posts what had
no answer again, with the same ``Idempotency-Key``.

    python -m soak.events [--cuts 100] [--readers 50] [--browser] [--kill]
"""

import argparse
import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.browser import Browsers, Page, require_browser
from tests.support.daemon import Daemon
from tests.support.proxy import Proxy
from tests.support.websocket import http

BACK_AFTER = 0.05
"""Seconds after which a plain reader comes back."""

SOURCES = 4
"""EventSources in the browser, which has six connections for a server."""

CATCH_UP = 60.0
"""Seconds within which all must have had the last line."""

_BROWSER = """
window.heard = [];
for (let number = 0; number < arguments[0]; number++) {
  const heard = [];
  window.heard.push(heard);
  const source = new EventSource("/events?history=0");
  source.addEventListener("message", (event) => {
    heard.push(Number(JSON.parse(event.data).text));
  });
}
"""


@dataclass
class Reader:
    """A plain reader.

    Attributes:
        heard: the numbers in the lines that it has had.
        last: the id of the last event that had one.
        times: how often it has connected.
    """

    port: int
    heard: list[int] = field(default_factory=list)
    last: str = ""
    times: int = 0

    async def follow(self) -> None:
        """Read, and come back, for ever."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._read()
            await asyncio.sleep(BACK_AFTER)

    async def _read(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            last = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
            head = f"GET /events HTTP/1.0\r\nHost: localhost\r\n{last}\r\n"
            writer.write(head.encode())
            await reader.readuntil(b"\r\n\r\n")
            self.times += 1
            while True:
                self._take((await reader.readuntil(b"\n\n")).decode())
        finally:
            await _close(writer)

    def _take(self, block: str) -> None:
        fields = dict(line.partition(": ")[::2] for line in block.strip().split("\n"))
        self.last = fields.get("id", self.last)
        if fields.get("event") == "message":
            self.heard.append(int(json.loads(fields["data"])["text"]))


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        said: how many lines.
        heard: what each reader has had.
        cuts: how often all were cut.
        times: how often plain readers have connected, in all.
    """

    said: int
    heard: list[list[int]]
    cuts: int
    times: int

    @property
    def lost(self) -> int:
        """Lines that readers have not had."""
        return sum(self.said - len(set(one)) for one in self.heard)

    @property
    def doubled(self) -> int:
        """Lines that they have had more than once."""
        return sum(len(one) - len(set(one)) for one in self.heard)

    @property
    def is_right(self) -> bool:
        """Each has had every line once, and in order."""
        return all(one == list(range(self.said)) for one in self.heard)

    def __str__(self) -> str:
        """Return it as a line."""
        return (
            f"{len(self.heard)} readers of {self.said} lines, cut {self.cuts} times,"
            f" {self.times} connections: {self.lost} lost, {self.doubled} doubled,"
            f" {'in order' if self.is_right else 'NOT AS SAID'}"
        )


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


class Home:
    """A daemon that can be killed, and comes back at the same address.

    Args:
        folder: for its store; None: it has none.
    """

    def __init__(self, folder: str | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port: int = found.getsockname()[1]
        self._options = ["--web", str(self.port), "--history", "all"]
        if folder is not None:
            self._options += ["--store", f"{folder}/log", "--log-size", "256K"]
        self.can_restart = folder is not None
        self.daemon = Daemon(*self._options)

    def restart(self) -> None:
        """Kill it without a warning, and start it again."""
        self.daemon.kill()
        self.daemon = Daemon(*self._options)


async def _speak(port: int, said: list[int]) -> None:
    """Post one line after another; what has no answer, again."""
    while True:
        with contextlib.suppress(OSError):
            await _post(port, len(said))
            said.append(len(said))
            continue
        await asyncio.sleep(0.05)


async def _post(port: int, number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = str(number).encode()
    try:
        writer.write(
            b"POST /say HTTP/1.0\r\nHost: localhost\r\nIdempotency-Key: n%b\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (body, len(body), body)
        )
        answer = await reader.read()
    finally:
        await _close(writer)
    if not answer:
        raise ConnectionError
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        raise SystemExit(f"not said: {answer!r}")


def _is_same(reader: Reader, times: int) -> bool:
    return reader.times == times


async def _run(home: Home, cuts: int, count: int, page: Any, proxy: Proxy) -> Report:
    said: list[int] = []
    readers = [Reader(proxy.port) for _ in range(count)]
    following = [asyncio.create_task(reader.follow()) for reader in readers]
    while not all(reader.last for reader in readers):
        await asyncio.sleep(0.01)
    if page is not None:
        page.run(_BROWSER, SOURCES)
        here = 1 + SOURCES + count  # the page itself is a member
        await asyncio.to_thread(home.daemon.out.wait_for, "joined from", here)
    speaking = asyncio.create_task(_speak(home.port, said))
    for _ in range(cuts):
        await asyncio.sleep(0.3 if home.can_restart else 0.1)
        proxy.cut()
        if home.can_restart:
            await asyncio.to_thread(home.restart)
        else:
            await asyncio.sleep(0.1)
        proxy.mend()
        before = [reader.times for reader in readers]
        while any(map(_is_same, readers, before)):
            await asyncio.sleep(0.01)
    speaking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await speaking
    await asyncio.sleep(0.2)
    total = _lines(home.daemon)
    heard = [reader.heard for reader in readers]
    end = time.monotonic() + CATCH_UP
    while time.monotonic() < end:
        if page is not None:
            heard = [reader.heard for reader in readers] + page.run("return heard")
        if all(one and one[-1] == total - 1 for one in heard):
            break
        await asyncio.sleep(0.1)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    times = sum(reader.times for reader in readers)
    return Report(total, heard, cuts, times)


def _lines(daemon: Daemon) -> int:
    """Return how many lines have been said, the last one unanswered perhaps."""
    _, body = http(daemon, "/lines?follow=0&history=1", "Accept: application/x-ndjson")
    end = next(line for line in body.split("\n") if '"replayed","' in line)
    return int(json.loads(end)["position"].rpartition(":")[2])


def run(cuts: int, readers: int, has_browser: bool, kills: bool = False) -> Report:
    """Start a daemon and its readers, cut them, and report.

    Args:
        kills: the daemon is killed each time, and started again.
    """
    browsers = Browsers()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(folder if kills else None)
        proxy = Proxy(home.port)
        page = None
        try:
            if has_browser:
                require_browser()
                page = Page(browsers, f"http://127.0.0.1:{proxy.port}/").connected()
            return asyncio.run(_run(home, cuts, readers, page, proxy))
        finally:
            browsers.stop()
            proxy.close()
            home.daemon.stop()


def main() -> int:
    """Run the command; 1 if a line was lost or doubled."""
    parser = argparse.ArgumentParser("soak.events", description=__doc__)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--browser", action="store_true", help="in Chromium too")
    parser.add_argument("--kill", action="store_true", help="the daemon, each time")
    given = parser.parse_args()
    report = run(given.cuts, given.readers, given.browser, given.kill)
    print(report)
    return 0 if report.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
