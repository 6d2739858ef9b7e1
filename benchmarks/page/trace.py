"""A trace of the browser's main thread: how long its tasks took."""

import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

CATEGORIES = "devtools.timeline,disabled-by-default-devtools.timeline,__metadata"


@dataclass(frozen=True)
class Tasks:
    """The tasks of the page's main thread: milliseconds each, in order of length."""

    lengths: list[float]

    @property
    def longest(self) -> float:
        """The longest one."""
        return self.lengths[-1] if self.lengths else 0.0

    def percentile(self, percent: float) -> float:
        """Return the length that so many percent of the tasks don't exceed."""
        if not self.lengths:
            return 0.0
        return self.lengths[
            min(len(self.lengths) - 1, int(len(self.lengths) * percent / 100))
        ]


class Trace:
    """A trace, from ``__enter__`` to ``__exit__``; then ``tasks`` has what it found.

    Args:
        driver: of the browser; its page is the one whose thread is looked at.
    """

    tasks: Tasks

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._number = 0

    def __enter__(self) -> "Trace":
        address = self._driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        version = self._get(f"http://{address}/json/version")
        self._wire: ClientConnection = connect(
            version["webSocketDebuggerUrl"], max_size=None, compression=None
        )
        config = {
            "includedCategories": CATEGORIES.split(","),
            "recordMode": "recordUntilFull",
        }
        self._call("Tracing.start", {"traceConfig": config})
        self._driver.execute_script("console.timeStamp('here')")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if kind is None:
            self.tasks = self._read()
        self._wire.close()

    def _read(self) -> Tasks:
        self._wire.send(json.dumps({"id": 0, "method": "Tracing.end"}))
        events: list[dict[str, Any]] = []
        while True:
            message = json.loads(self._wire.recv(timeout=60))
            if message.get("method") == "Tracing.dataCollected":
                events += message["params"]["value"]
            elif message.get("method") == "Tracing.tracingComplete":
                break
        marks = [it for it in events if it["name"] == "TimeStamp"]
        mine = {(it["pid"], it["tid"]) for it in marks}
        lengths = [
            it.get("dur", 0) / 1000
            for it in events
            if it["name"] == "RunTask" and (it["pid"], it["tid"]) in mine
        ]
        return Tasks(sorted(lengths))

    def _call(self, method: str, params: dict[str, Any]) -> None:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._wire.send(json.dumps(message))
        while json.loads(self._wire.recv(timeout=30)).get("id") != self._number:
            pass

    @staticmethod
    def _get(url: str) -> dict[str, Any]:
        from urllib.request import urlopen

        with urlopen(url, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
