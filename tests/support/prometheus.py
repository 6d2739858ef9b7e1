"""Prometheus, the real one, where it is installed: it scrapes, and is asked."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import DEADLINE, Output, eventually

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "docs/alerts.yml"

_CONFIG = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: broadcast
    static_configs: [{{targets: ["{target}"]}}]
"""


def require(tool: str) -> str:
    """Return the path of a tool of Prometheus'; skip where it is not there."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not here")
    return path


class Prometheus:
    """A server that scrapes one daemon twice a second.

    Args:
        folder: where it keeps its data.
        target: the host and port of the metrics.
    """

    def __init__(self, folder: Path, target: str) -> None:
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG.format(rules=ALERTS, target=target))
        self.process = subprocess.Popen(
            [
                require("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr is not None
        self._log = Output(self.process.stderr)
        try:
            told = self._log.wait_for(r'Listening on" address=(127\.0\.0\.1:\d+)')
            self._log.wait_for("Server is ready")
        except AssertionError:
            self.close()
            raise
        self._address = told[0][1]

    def get(self, path: str, **query: str) -> Any:
        """Return the data of an answer of the HTTP API."""
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return json.load(answer)["data"]

    def ask(self, expression: str) -> list[Any]:
        """Return what an expression gives now: a vector."""
        found: list[Any] = self.get("query", query=expression)["result"]
        return found

    def await_scrapes(self, count: int) -> None:
        """Wait until the daemon has been scraped so often."""
        wanted = f"count_over_time(up[5m]) >= {count}"
        eventually(lambda: bool(self.ask(wanted)), f"{count} scrapes")

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(DEADLINE)
        self._log.finish()
