"""The tables, as markdown: medians, and ratios to the limit and the best peer."""

from collections.abc import Callable, Iterable

from benchmarks.cells import Cell
from benchmarks.results import Medians, Result
from benchmarks.servers import SERVERS

Show = Callable[[str, Cell], str]
PEERS = tuple(server.name for server in SERVERS.values() if server.is_peer)
BATCHED = ("throughput", "json")
"""The suites whose rate the generator could hold back."""
FULL = 0.9
"""The load from which the generator's core is full: it held the rate back."""
LIMITS = {"chat": "limit at chat's length"}
"""The limit to compare a server with; for all others it is ``limit``."""


def limit_of(server: str) -> str:
    """Return the limit that says lines as long as ``server`` delivers."""
    return LIMITS.get(server, "limit")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a markdown table; all but the first column to the right."""
    names = list(head)
    lines = [names, ["---"] + ["--:"] * (len(names) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float | None, digits: int = 3) -> str:
    """Return a value with that many significant digits; a dash for None."""
    if value is None:
        return "–"
    if value and abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _cells_table(medians: Medians, suite: str, show: Show) -> str:
    cells = medians.cells(suite)
    rows = (
        [server, *(show(server, cell) for cell in cells)]
        for server in medians.servers(suite)
    )
    return table(["server", *(cell.title for cell in cells)], rows)


def suite_tables(medians: Medians, suite: str) -> str:
    """Return the tables of a suite in which lines are said."""

    def rate(server: str, cell: Cell) -> str:
        value = medians.get(server, cell, "per_second")
        full = (medians.get(server, cell, "generator_load") or 0) > FULL
        words = number(None if value is None else value / 1000, 4)
        return f"{words} g" if full and suite in BATCHED else words

    def ratios(server: str, cell: Cell) -> str:
        key = "per_second"
        limit = medians.ratio(server, limit_of(server), cell, key)
        best = medians.best(PEERS, cell, key)
        peer = medians.ratio(server, best, cell, key) if best else None
        return f"{number(limit)} / {number(peer)}"

    def cpu(server: str, cell: Cell) -> str:
        return number(medians.get(server, cell, "cpu_us"))

    def loads(server: str, cell: Cell) -> str:
        values = (
            medians.get(server, cell, key) for key in ("server_load", "generator_load")
        )
        return " / ".join("–" if v is None else f"{v:.2f}" for v in values)

    parts: list[tuple[str, Show]] = [
        ("thousand deliveries a second (g: the generator's core was full)", rate),
        ("of the limit / of the best peer", ratios),
        ("the server's CPU for each delivery, µs", cpu),
        ("load of the server's core / of the generator's", loads),
    ]
    if suite in ("paced", "all talk", "stalled"):
        parts[:2] = [("p50 / p99 / highest latency, ms", _latencies(medians))]
    return "\n".join(
        f"{suite.capitalize()}: {title}\n\n{_cells_table(medians, suite, show)}"
        for title, show in parts
    )


def _latencies(medians: Medians) -> Show:
    def show(server: str, cell: Cell) -> str:
        keys = ("p50_ms", "p99_ms", "max_ms")
        return " / ".join(number(medians.get(server, cell, key)) for key in keys)

    return show


def connection_tables(medians: Medians) -> str:
    """Return what members cost, and how long storms take."""
    text = ""
    if medians.cells("idle"):

        def kib(server: str, cell: Cell) -> str:
            return number(medians.get(server, cell, "member_kib"))

        text += f"Idle: KiB for each\n\n{_cells_table(medians, 'idle', kib)}\n"
    if medians.cells("storm"):

        def storms(server: str, cell: Cell) -> str:
            keys = [f"storm_{i}_s" for i in range(3)]
            return " / ".join(number(medians.get(server, cell, key)) for key in keys)

        title = "Storm: s until all were reached: first / dropped and back, twice"
        text += f"{title}\n\n{_cells_table(medians, 'storm', storms)}\n"
    return text


def faults(results: Iterable[Result]) -> str:
    """Return what went wrong, or that nothing did; a stalled run may lose members."""
    wrong = []
    count = delivered = noisy = 0
    for result in results:
        count += 1
        noisy += result.is_noisy
        delivered += int(result.values.get("delivered", 0))
        if result.failed or result.faults:
            what = result.failed or ", ".join(
                f"{name} {n:,}" for name, n in result.faults.items()
            )
            suite = result.cell.suite
            wrong.append(f"- {result.server}, {suite}, {result.cell.title}: {what}\n")
    text = f"{count} runs, {delivered:,} deliveries checked: "
    if wrong:
        text += f"some were wrong.\n\n{''.join(wrong)}"
    else:
        text += "none missing, out of order, doubled or corrupt; nobody was dropped.\n"
    if noisy:
        text += (
            f"\n{noisy} runs had to share their cores for over a fifth of the time.\n"
        )
    return text


def report(results: list[Result]) -> str:
    """Return all tables of what was measured."""
    medians = Medians(results)
    suites = ("throughput", "one at a time", "paced", "json", "all talk", "stalled")
    parts = [suite_tables(medians, suite) for suite in suites if medians.cells(suite)]
    parts.append(connection_tables(medians))
    parts.append(faults(results))
    return "\n".join(part for part in parts if part)
