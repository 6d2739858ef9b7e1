"""What the page costs, and whether it keeps its place."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.page.trace import Tasks, Trace
from tests.support.browser import Page
from tests.support.lineclient import LineClient

EYE = """
const lines = document.getElementById('lines');
const edge = lines.getBoundingClientRect().top;
const row = [...lines.querySelectorAll('.said')].find(
    (row) => row.getBoundingClientRect().bottom > edge);
return [row.querySelector('.text').textContent, row.getBoundingClientRect().top - edge];
"""

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "then")


def some_line(chance: random.Random, number: int) -> str:
    """Return a line of a usual length."""
    words = " ".join(chance.choices(WORDS, k=chance.randint(2, 18)))
    return f"{number} {words}"


class Sender(threading.Thread):
    """Says lines at a rate.

    Attributes:
        last: the last one.
    """

    def __init__(self, client: LineClient, rate: float, count: int) -> None:
        super().__init__(daemon=True)
        self._client, self._rate, self._count = client, rate, count
        chance = random.Random(1)
        self._lines = [some_line(chance, number) for number in range(count)]
        self.last = self._lines[-1]

    def run(self) -> None:
        """Say them, a twentieth of a second's at once."""
        begun, said = time.monotonic(), 0
        while said < self._count:
            due = min(self._count, int((time.monotonic() - begun) * self._rate) + 1)
            if due > said:
                self._client.send(*self._lines[said:due])
                said = due
            time.sleep(0.05 if self._rate >= 20 else 1 / self._rate)


def metrics(page: Page) -> dict[str, float]:
    """Return the browser's counters of the page."""
    page.driver.execute_cdp_cmd("Performance.enable", {})
    found: dict[str, Any] = page.driver.execute_cdp_cmd("Performance.getMetrics", {})
    return {each["name"]: each["value"] for each in found["metrics"]}


def heap(page: Page) -> float:
    """Return the bytes on the page's heap, once what is unused is gone."""
    for _ in range(3):
        page.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    return metrics(page)["JSHeapUsedSize"]


@dataclass(frozen=True)
class Memory:
    """Bytes on the heap, and nodes in the document, after few and many lines."""

    few: float
    many: float
    nodes: float

    @property
    def ratio(self) -> float:
        """How many times as much it is after many."""
        return self.many / self.few


def memory(page: Page, client: LineClient, few: int, many: int) -> Memory:
    """Measure the heap after ``few`` lines, and after ``many``."""

    def say(count: int) -> float:
        sender = Sender(client, 5000, count)
        sender.run()
        client.since_ping()
        page.shows(sender.last)
        return heap(page)

    first = say(few)
    return Memory(first, say(many - few), metrics(page)["Nodes"])


@dataclass(frozen=True)
class Load:
    """What a rate of lines costs the main thread.

    Attributes:
        tasks: its tasks.
        layout, styles, script, busy: shares of the time.
        typed, arrived: what was typed meanwhile, and what arrived in the composer.
    """

    tasks: Tasks
    layout: float
    styles: float
    script: float
    busy: float
    typed: str
    arrived: str


def load(page: Page, client: LineClient, rate: float, seconds: float) -> Load:
    """Measure a rate of lines, while somebody types."""
    sender = Sender(client, rate, int(rate * seconds))
    typed = ""
    page.run("document.getElementById('text').focus()")
    with Trace(page.driver) as trace:
        before, begun = metrics(page), time.monotonic()
        sender.start()
        while sender.is_alive():
            typed += "abcdefghij"[len(typed) % 10]
            page.write(typed[-1])
            time.sleep(0.1)
        sender.join()
        after, took = metrics(page), time.monotonic() - begun
    client.since_ping()
    page.shows(sender.last)
    arrived = page.value()
    page.run("document.getElementById('text').value = ''")

    def share(name: str) -> float:
        return (after[name] - before[name]) / took

    return Load(
        trace.tasks,
        share("LayoutDuration"),
        share("RecalcStyleDuration"),
        share("ScriptDuration"),
        share("TaskDuration"),
        typed,
        arrived,
    )


def places(page: Page, client: LineClient, positions: int, lines: int) -> int:
    """Return at how many random places the line that is read stays where it is.

    To the pixel, while so many lines arrive at each.
    """
    chance = random.Random(2)
    kept = 0
    for position in range(positions):
        page.run("document.getElementById('latest').click()")
        page.wait_until(lambda: not page.is_shown("latest"), "at the end")
        page.drawn()
        page.run(
            "const it = document.getElementById('lines');"
            "const most = it.scrollHeight - it.clientHeight - 200;"
            "it.scrollTop = 100 + arguments[0] * most",
            chance.random(),
        )
        page.drawn()
        before = page.run(EYE)
        said = [f"{position}.{some_line(chance, n)}" for n in range(lines)]
        client.send(*said)
        client.since_ping()
        page.wait_until(
            lambda: page.run("return document.title.startsWith('(')"), "counted"
        )
        page.drawn()
        kept += page.run(EYE) == before
    return kept
