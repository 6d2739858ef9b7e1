"""A typist at the page, while the daemon is started again and again."""

import json
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.support.browser import Browsers, Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import web_port


@dataclass(frozen=True)
class Typed:
    """What became of the lines.

    Attributes:
        typed: lines that were typed.
        lost: lines that were neither said nor in the composer.
        doubled: lines that were said twice, given back in between as doubtful.
        reconnects: seconds from a start of the daemon to the page's being back.
    """

    typed: int
    lost: list[str]
    doubled: int
    reconnects: list[float]

    def __str__(self) -> str:
        return (
            f"{len(self.reconnects)} restarts: {self.typed} lines typed,"
            f" {len(self.lost)} lost, {self.doubled} said again after being given back;"
            f" back {statistics.median(self.reconnects):.2f} s after a start"
            f" (median; longest {max(self.reconnects):.2f} s)"
        )


class Listener:
    """Keeps all that is said, from one daemon after the other."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []

    def follow(self, port: int) -> None:
        """Listen there to the end, from the first line that was said."""
        client = LineClient(connect_tcp(port))
        client.send("/format json", "/name listener", "/history 1000")
        thread = threading.Thread(target=self._listen, args=(client,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def finish(self) -> None:
        """Wait until all has been heard."""
        for thread in self._threads:
            thread.join(30)

    def _listen(self, client: LineClient) -> None:
        heard: dict[int, str] = {}
        for line in client.rest().decode().splitlines():
            event = json.loads(line)
            if event["event"] == "message" and event["name"] == "typist":
                heard[event["id"]] = event["text"]
        self.said.update(heard.values())
        client.close()


def measure(browsers: Browsers, restarts: int) -> Typed:
    """Type through so many restarts."""
    listener = Listener()
    daemon = Daemon("--web", "0", "--rate", "0")
    web, port = web_port(daemon), daemon.port
    listener.follow(port)
    page = Page(browsers, f"http://127.0.0.1:{web}/").connected()
    page.type("first-name", "typist\n")
    page.connected("typist")
    typed: list[str] = []
    back: list[float] = []

    def line() -> None:
        typed.append(f"line {len(typed)}")
        page.write(f"{typed[-1]}\n")

    for _ in range(restarts):
        line()
        ending = threading.Thread(target=daemon.stop)
        ending.start()
        line()  # while it ends
        ending.join()
        line()  # while there is none
        daemon = Daemon("--web", str(web), "--port", str(port), "--rate", "0")
        started = time.monotonic()
        listener.follow(port)
        line()
        while "connected as typist" not in page.text("#status"):
            time.sleep(0.01)
        back.append(time.monotonic() - started)
        line()
    page.sent()
    while page.value():
        page.write("\n")
        page.sent()
    daemon.stop()
    listener.finish()
    page.close()
    lost = [text for text in typed if not listener.said[text]]
    return Typed(len(typed), lost, sum(n > 1 for n in listener.said.values()), back)
