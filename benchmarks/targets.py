"""What the project set out to reach, beside what was measured."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from benchmarks.cells import OURS, Cell
from benchmarks.results import Medians
from benchmarks.tables import PEERS, limit_of, number, table

Ratio = Callable[[str, Cell], float | None]


@dataclass(frozen=True, slots=True)
class Target:
    """One figure to reach: ``at_most`` or, if not, at least."""

    what: str
    wanted: dict[str, float]
    at_most: bool
    measured: dict[str, float | None]

    def verdict(self, server: str) -> str:
        """Return what was measured, what was wanted, and whether that is reached."""
        wanted, value = self.wanted.get(server), self.measured.get(server)
        if wanted is None or value is None:
            return "–"
        sign = "≤" if self.at_most else "≥"
        reached = value <= wanted if self.at_most else value >= wanted
        words = f"{number(value)} ({sign} {wanted:g})"
        return f"{words} met" if reached else f"**{words} missed**"


class Targets:
    """All of them, from the medians."""

    def __init__(self, medians: Medians) -> None:
        self._medians = medians

    def _to_limit(self, key: str) -> Ratio:
        return lambda server, cell: self._medians.ratio(
            server, limit_of(server), cell, key
        )

    def _to_peer(self, key: str, least: bool = False) -> Ratio:
        def ratio(server: str, cell: Cell) -> float | None:
            best = self._medians.best(PEERS, cell, key, least)
            return self._medians.ratio(server, best, cell, key) if best else None

        return ratio

    def _to(self, other: str, key: str) -> Ratio:
        return lambda server, cell: self._medians.ratio(server, other, cell, key)

    def _value(self, key: str) -> Ratio:
        return lambda server, cell: self._medians.get(server, cell, key)

    def _target(
        self,
        what: str,
        bounds: tuple[float, float],
        at_most: bool,
        ratio: Ratio,
        cells: Iterable[Cell],
    ) -> Target:
        """Return a target; of several cells the worst counts."""
        among = list(cells)
        worst: dict[str, float | None] = {}
        for server in OURS:
            found = [ratio(server, cell) for cell in among]
            known = [value for value in found if value is not None]
            worst[server] = (max if at_most else min)(known, default=None)
        return Target(what, dict(zip(OURS, bounds, strict=True)), at_most, worst)

    def _lines(self, sizes: tuple[int, ...], members: tuple[int, ...]) -> list[Cell]:
        return [
            cell
            for cell in self._medians.cells("throughput")
            if cell.size in sizes and cell.subscribers in members
        ]

    def throughput(self) -> Iterator[Target]:
        """Yield those of windows and of single lines."""
        rate, cpu, target = "per_second", "cpu_us", self._target
        big = self._lines((64,), (100, 1000))
        of_limit, of_peer = self._to_limit(rate), self._to_peer(rate)
        yield target(
            "N 100, 1000; 64 B: of the limit", (0.8, 0.9), False, of_limit, big
        )
        yield target("the same, of the best peer", (6, 8), False, of_peer, big)
        single = self._medians.cells("one at a time")
        limit, textbook = self._to_limit(cpu), self._to("textbook", cpu)
        yield target("W 1: CPU, of the limit", (1.2, 1.15), True, limit, single)
        yield target("W 1: CPU, of the textbook", (0.45, 0.45), True, textbook, single)
        small = self._lines((64,), (10,))
        yield target("N 10, 64 B: of the best peer", (3, 4), False, of_peer, small)
        long = self._lines((512,), (100, 1000))
        yield target("512 B: of the limit", (0.65, 0.7), False, of_limit, long)
        yield target("512 B: of the best peer", (1.5, 2), False, of_peer, long)

    def latency(self) -> Iterator[Target]:
        """Yield those of paced lines."""
        cells = self._medians.cells("paced")
        busy = [cell for cell in cells if (cell.subscribers, cell.rate) == (1000, 100)]
        limit = self._to_limit("cpu_us")
        yield self._target(
            "1000 × 100/s: CPU, of the limit", (1.25, 1.2), True, limit, busy
        )
        for key in ("p50_ms", "p99_ms"):
            what = f"1000 × 100/s: {key[:3]}, of the best peer"
            peer = self._to_peer(key, least=True)
            yield self._target(what, (1.2, 1.1), True, peer, busy)

    def _compared(self, suite: str, key: str) -> dict[str, float | None]:
        """Return the second cell's value of a suite, of the first's."""
        cells = self._medians.cells(suite)
        if len(cells) < 2:
            return {}
        first, second = cells[:2]
        found: dict[str, float | None] = {}
        for server in OURS:
            one = self._medians.get(server, first, key)
            two = self._medians.get(server, second, key)
            found[server] = two / one if one and two else None
        return found

    def others(self) -> Iterator[Target]:
        """Yield those of json, of many talkers, of the stalled and of connections."""
        for key, wanted in (("per_second", 0.45), ("bytes_per_second", 0.7)):
            what = "half on json: " + ("lines" if key == "per_second" else "bytes")
            found = self._compared("json", key)
            yield Target(f"{what}, of all on text", {"chat": wanted}, False, found)
        talk = self._compared("all talk", "p99_ms")
        both = dict.fromkeys(OURS, 1.5)
        yield Target("256 talk: p99, of one talker's", both, True, talk)
        many = self._medians.cells("all talk")[1:]
        lost = self._value("missing")
        yield self._target("256 talk: lines lost", (0, 0), True, lost, many)
        stalled = self._compared("stalled", "p99_ms")
        twice = dict.fromkeys(OURS, 2.0)
        yield Target("half stalled: p99, of none stalled", twice, True, stalled)
        idle = self._medians.cells("idle")
        memory = self._value("member_kib")
        yield self._target("10,000 idle: KiB each", (2, 1.6), True, memory, idle)
        for number_, what in ((0, "5000 at once: s"), (1, "dropped, and back: s")):
            storm = self._value(f"storm_{number_}_s")
            cells = self._medians.cells("storm")
            yield self._target(what, (1.5, 1.5), True, storm, cells)

    def table(self) -> str:
        """Return them as a table: measured (wanted), and whether it is met."""
        found = [*self.throughput(), *self.latency(), *self.others()]
        rows = ([t.what, t.verdict("relay"), t.verdict("chat")] for t in found)
        return table(["the worst of its cells", "relay", "chat"], rows)
