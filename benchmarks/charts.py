"""The charts of docs/performance.md, as SVG that reads on light and dark.

Needs matplotlib: the extra ``bench``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import Medians

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#7d8590"
_COLOURS = {
    "chat": "#d1495b",
    "relay": "#2a9d8f",
    "limit": _GREY,
    "textbook": "#e09f3e",
    "nats": "#3f88c5",
    "redis": "#8f5fbf",
    "inspircd": "#5b8c5a",
    "ngircd": "#a47148",
    "mosquitto": "#4d6cfa",
    "ncat": "#b56576",
}
_STYLE: Any = {
    "svg.hashsalt": "broadcast",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def throughput(medians: Medians, axes: "Axes") -> None:
    """Draw deliveries a second against members."""
    cells = [
        cell
        for cell in medians.cells("throughput")
        if (cell.publishers, cell.size) == (1, 64)
    ]
    for server in medians.servers("throughput"):
        if server not in _COLOURS:
            continue
        found = [(c.subscribers, medians.get(server, c, "per_second")) for c in cells]
        points = [(members, rate) for members, rate in found if rate is not None]
        if points:
            members, rates = zip(*sorted(points), strict=True)
            axes.plot(members, rates, "o-", label=server, color=_COLOURS[server])
    axes.set(xscale="log", yscale="log", xlabel="members", ylabel="deliveries a second")
    axes.set_title("One publisher, 64 bytes, W 1000")


def latency(medians: Medians, axes: "Axes") -> None:
    """Draw p50 and p99 under the heaviest paced load."""
    cells = medians.cells("paced")
    cell = max(cells, key=lambda c: c.subscribers * c.rate)
    names = [name for name in medians.servers("paced") if name in _COLOURS]
    names = [name for name in names if medians.get(name, cell, "p99_ms") is not None]
    for row, name in enumerate(names):
        p50, p99 = (medians.get(name, cell, key) or 0 for key in ("p50_ms", "p99_ms"))
        colour = _COLOURS[name]
        axes.plot([p50, p99], [row, row], "-", color=colour, linewidth=3)
        axes.plot([p50, p99], [row, row], "o", color=colour)
    axes.set(xscale="log", xlabel="latency, ms: p50 and p99")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_title(f"{cell.subscribers} members, {cell.rate} lines a second")


def memory(medians: Medians, axes: "Axes") -> None:
    """Draw the servers' memory while members are stalled."""
    cell = max(medians.cells("stalled"), key=lambda c: c.stalled)
    for name in medians.servers("stalled"):
        for run in medians.runs(name, cell)[:1]:
            seconds = [since for since, kib in run.memory if kib]
            megabytes = [kib / 1024 for since, kib in run.memory if kib]
            axes.plot(seconds, megabytes, label=name, color=_COLOURS[name])
    axes.set(xlabel="seconds", ylabel="resident memory, MiB", ylim=(0, None))
    axes.set_title(f"{cell.stalled} of {cell.subscribers} members stalled")


def draw(medians: Medians, folder: Path) -> list[Path]:
    """Write the charts that there are results for; return their paths.

    Raises:
        SystemExit: matplotlib isn't there.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise SystemExit("charts need matplotlib: pip install -e '.[bench]'") from None
    written = []
    charts = {"throughput": throughput, "paced": latency, "stalled": memory}
    with mpl.rc_context(_STYLE):
        for suite, chart in charts.items():
            if not medians.cells(suite):
                continue
            figure = Figure(figsize=(7, 4.2), layout="constrained")
            axes = figure.add_subplot()
            chart(medians, axes)
            axes.grid(alpha=0.25)
            if axes.get_legend_handles_labels()[0]:
                figure.legend(loc="outside right upper", fontsize="small")
            path = folder / f"performance-{suite}.svg"
            figure.savefig(path, transparent=True, metadata={"Date": None})
            written.append(path)
    return written
