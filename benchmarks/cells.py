"""What is measured: the cells, and who takes part in which."""

import subprocess
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.build import LOAD
from benchmarks.machine import cores
from benchmarks.process import spawn
from benchmarks.servers import Running, Server

OURS = ("chat", "relay")
_NOT_OPTIONS = ("suite", "only", "once")
BOUNDS = ("limit", "limit at chat's length")


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to measure.

    Attributes:
        suite: the table it belongs to.
        mode: the generator's: ``window``, ``paced``, ``idle``, ``storm``.
        window: lines that may be unacknowledged.
        rate: lines a second, when paced.
        json: how many subscribers ask for json.
        stalled: how many never read.
        only: the servers that take part; none means all.
        once: one run is enough, however many the others get.
    """

    suite: str
    mode: str
    subscribers: int
    publishers: int = 1
    size: int = 64
    window: int = 1000
    rate: int = 100
    seconds: float = 2.0
    json: int = 0
    stalled: int = 0
    only: tuple[str, ...] = ()
    once: bool = False

    def takes(self, server: Server) -> bool:
        """Tell whether ``server`` takes part."""
        if self.only and server.name not in self.only:
            return False
        if self.mode in ("idle", "storm") and server.protocol == "irc":
            return False  # everybody is told of everybody: that is another test
        return self.subscribers + self.publishers <= server.most

    def arguments(self, server: Server) -> list[str]:
        """Return the generator's options for ``server``."""
        size = min(self.size + server.extra, server.longest)
        given: dict[str, Any] = asdict(self) | {"size": size}
        given |= {"protocol": server.protocol, "at-once": server.at_once}
        kept = {key: given[key] for key in given if key not in _NOT_OPTIONS}
        return [
            word for key, value in kept.items() for word in (f"--{key}", str(value))
        ]

    def generate(self, server: Server, running: Running) -> "subprocess.Popen[bytes]":
        """Start the generator, on another core where there is one."""
        where = ["--port", str(running.port), "--pid", str(running.pid)]
        return spawn(
            [str(LOAD), *self.arguments(server), *where],
            core=1 if cores() > 1 else 0,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def estimate(self) -> float:
        """About how many seconds it takes, with the server's start and end."""
        coming_in = self.subscribers / 1000
        if self.mode == "storm":
            return 2 + 1.5 * coming_in
        return (self.seconds if self.mode != "idle" else 0) + 1.5 + coming_in

    @property
    def title(self) -> str:
        """What it is called at the head of a column."""
        words = [f"N {self.subscribers}", f"P {self.publishers}", f"{self.size} B"]
        if self.mode == "paced":
            words.append(f"{self.rate}/s")
        for count, what in ((self.json, "on json"), (self.stalled, "stalled")):
            if count:
                words.append(f"{count} {what}")
        return ", ".join(words)


_CHEAP = (*OURS, *BOUNDS, "textbook")
_FAST = (*_CHEAP, "ncat", "nats", "redis", "inspircd")


def _compared(seconds: float) -> list[Cell]:
    """Return what is compared with itself: half on json, everybody talking."""
    talk = Cell("all talk", "paced", 256, 1, rate=400, seconds=seconds, only=OURS)
    return [
        *(
            Cell("json", "window", 1000, json=k, seconds=seconds, only=("chat",))
            for k in (0, 500)
        ),
        talk,
        replace(talk, subscribers=1, publishers=256),
    ]


def _stalled(seconds: float, only: tuple[str, ...]) -> list[Cell]:
    """Return 100 healthy members without, and with, 100 who never read.

    2 MB a second: what the kernel and the log hold is soon full, and until it is, the
    server, which has 200 to write to, is not too busy for a latency to mean something.
    """
    alone = Cell(
        "stalled", "paced", 100, 1, 2048, rate=1000, seconds=seconds, only=only
    )
    return [alone, replace(alone, subscribers=200, stalled=100)]


def quick() -> list[Cell]:
    """Return what is measured in about six minutes: something of every table."""
    some = (*_CHEAP, "nats", "redis")
    return [
        Cell("throughput", "window", 10, seconds=0.5, only=(*some, "ncat")),
        Cell("throughput", "window", 100, seconds=0.5),
        Cell("throughput", "window", 1000, seconds=0.5, only=some),
        Cell("throughput", "window", 100, 1, 512, seconds=0.5, only=some),
        Cell("one at a time", "window", 100, window=1, seconds=0.5, only=_CHEAP),
        Cell("paced", "paced", 1000, rate=100, seconds=1, only=some),
        *_compared(1),
        Cell("idle", "idle", 10_000, only=OURS),
        Cell("storm", "storm", 5000, only=OURS),
        *_stalled(12, (*OURS, "textbook")),
    ]


def full() -> list[Cell]:
    """Return all that docs/performance.md tells of.

    The two slowest peers take part in one line-up only: they are never the best.
    """
    shapes = [(n, p, s) for s in (64, 512) for n in (10, 100, 1000) for p in (1, 10)]
    return [
        *(
            Cell(
                *("throughput", "window", n, p, s),
                window=200 if s > 64 and n > 100 else 1000,
                seconds=1.5,
                only=() if (p, s) == (1, 64) else _FAST,
            )
            for n, p, s in shapes
        ),
        Cell("one at a time", "window", 100, window=1),
        *(Cell("paced", "paced", n, rate=r) for n, r in ((100, 500), (1000, 100))),
        Cell("paced", "paced", 1000, rate=20),
        *_compared(2),
        Cell("idle", "idle", 10_000, once=True),
        Cell("storm", "storm", 5000, only=_FAST),
        *_stalled(12, (*OURS, "textbook")),
    ]
