"""Measures the page in headless Chromium, beside the daemon.

    python -m benchmarks.page [--quick]

Prints one line a figure, and exits 1 where one misses its goal. Needs the extra
``dev``, chromium and chromedriver. ``--quick`` measures less of all.
"""

import argparse
import re
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.page import measures, typist
from tests.support.browser import Browsers, Page
from tests.support.daemon import Daemon
from tests.support.lineclient import LineClient, connect_tcp
from tests.support.websocket import http, web_port

Figure = tuple[str, bool]


def transferred(page: Page, daemon: Daemon) -> Figure:
    """All that a browser fetches for the page, compressed, heads and all."""
    names: list[str] = page.run(
        "return performance.getEntries().filter((it) => 'transferSize' in it)"
        ".map((it) => it.name)"
    )
    total = 0
    for name in names:
        path = "/" + name.split("/", 3)[3]
        head, _ = http(daemon, path, "Accept-Encoding: gzip", method="HEAD")
        size = re.findall(r"Content-Length: (\d+)", head, re.IGNORECASE)[0]
        total += len(head) + int(size)
    text = f"transferred, compressed: {total / 1000:.1f} KB in {len(names)} answers"
    return text, total < 40_000


def spread(page: Page) -> Figure:
    """The first tries of a thousand pages after a restart, by the page's own code."""
    waits: list[float] = page.driver.execute_async_script(
        "const done = arguments[0]; import('./static/backoff.js').then(({ wait }) =>"
        " done(Array.from({ length: 1000 }, () => wait(1) / 1000)))"
    )
    apart = max(waits) - min(waits)
    text = (
        f"1000 pages come back over {apart:.2f} s,"
        f" half of them within {statistics.median(waits):.2f} s"
    )
    return text, apart >= 2


def figures(quick: bool) -> Iterator[Figure]:
    """Measure all."""
    many, seconds, positions, restarts = (
        (20_000, 5, 20, 5) if quick else (200_000, 20, 100, 100)
    )
    with ExitStack() as stack:
        browsers = Browsers()
        stack.callback(browsers.stop)
        daemon = stack.enter_context(Daemon("--web", "0", "--rate", "0"))
        client = LineClient(connect_tcp(daemon.port))
        stack.callback(client.close)
        client.since_ping("/name sender")
        url = f"http://127.0.0.1:{web_port(daemon)}/"
        page = Page(browsers, url, (1000, 800)).connected()
        yield transferred(page, daemon)
        yield spread(page)
        memory = measures.memory(page, client, 1000, many)
        yield (
            f"heap: {memory.few / 1e6:.2f} MB after 1,000 lines,"
            f" {memory.many / 1e6:.2f} MB after {many:,} ({memory.ratio:.2f} times);"
            f" {memory.nodes:.0f} nodes",
            memory.ratio <= 2,
        )
        for rate in (5000, 50):
            load = measures.load(page, client, rate, seconds)
            tasks = load.tasks
            yield (
                f"{rate} lines/s: tasks p99 {tasks.percentile(99):.1f} ms,"
                f" longest {tasks.longest:.0f} ms of {len(tasks.lengths)};"
                f" layout {load.layout:.1%}, styles {load.styles:.1%},"
                f" scripts {load.script:.1%}, all {load.busy:.1%} of the time;"
                f" {len(load.arrived)} of {len(load.typed)} keys arrived",
                load.arrived == load.typed
                and tasks.percentile(99) <= 200
                and (rate > 50 or load.layout < 0.1),
            )
        kept = measures.places(page, client, positions, 1000)
        yield f"place kept to the pixel: {kept} of {positions}", kept == positions
        typed = typist.measure(browsers, restarts)
        yield str(typed), not typed.lost and statistics.median(typed.reconnects) <= 2


def main() -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Measure the page.")
    parser.add_argument("--quick", action="store_true", help="measure less of all")
    options = parser.parse_args()
    is_all_well = True
    for text, is_well in figures(options.quick):
        print(text if is_well else f"{text}   MISSED", flush=True)
        is_all_well = is_all_well and is_well
    return 0 if is_all_well else 1


if __name__ == "__main__":
    sys.exit(main())
