"""What is measured: the cells, and who takes part in which."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.servers import Server

OURS = ("chat", "relay")
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
        kept = {key: given[key] for key in given if key not in ("suite", "only")}
        return [
            word for key, value in kept.items() for word in (f"--{key}", str(value))
        ]

    @property
    def title(self) -> str:
        """What it is called at the head of a column."""
        words = [f"N {self.subscribers}", f"P {self.publishers}", f"{self.size} B"]
        if self.mode == "paced":
            words.append(f"{self.rate}/s")
        return ", ".join(words)


_CHEAP = (*OURS, *BOUNDS, "textbook")


def quick() -> list[Cell]:
    """Return what is measured in about a minute."""
    return [
        Cell("throughput", "window", 100, 1, seconds=0.5),
        Cell("throughput", "window", 1000, 1, seconds=0.5),
        Cell("one at a time", "window", 100, window=1, seconds=0.5, only=_CHEAP),
        Cell("paced", "paced", 100, rate=100, seconds=1, only=(*_CHEAP, "redis")),
    ]


def full() -> list[Cell]:
    """Return all that docs/performance.md tells of."""
    shapes = [(n, p, s) for s in (64, 512) for n in (10, 100, 1000) for p in (1, 10)]
    return [
        *(
            Cell("throughput", "window", n, p, s, 200 if s > 64 and n > 100 else 1000)
            for n, p, s in shapes
        ),
        Cell("one at a time", "window", 100, window=1),
        *(Cell("paced", "paced", n, rate=r) for n, r in ((100, 500), (1000, 100))),
        Cell("paced", "paced", 1000, rate=20),
        *(Cell("json", "window", 1000, json=k, only=("chat",)) for k in (0, 500)),
        Cell("all talk", "paced", 256, 1, rate=400, only=OURS),
        Cell("all talk", "paced", 1, 256, rate=400, only=OURS),
        Cell("idle", "idle", 10_000),
        Cell("storm", "storm", 5000),
        *(
            Cell(
                "stalled",
                "paced",
                200 - 100 + k,
                rate=8000,
                seconds=6,
                stalled=k,
                size=512,
                only=("chat", "relay", "textbook"),
            )
            for k in (0, 100)
        ),
    ]
