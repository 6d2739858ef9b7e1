"""Metrics in Prometheus' text format: the room's counters, read at each scrape.

This is the only module that imports prometheus_client. Nothing is counted here: a
scrape reads plain numbers, and visits each connection once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from broadcast.base.histogram import Histogram
from broadcast.net.connections import Connections
from broadcast.room.room import Room
from broadcast.store.figures import Figures

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

FRESH: Final = 1.0
"""Seconds for which a rendering of the metrics is reused."""


class RoomCollector(Collector):
    """Collects the metrics of the room.

    Args:
        connections: the open connections.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics with their current values."""
        room = self._connections.room
        members = GaugeMetricFamily(
            "broadcast_members",
            "Members here, by face and dialect",
            labels=["face", "dialect"],
        )
        for labels, count in self._members().items():
            members.add_metric(labels, count)
        yield members
        yield _gauge("connections", "Connections", len(self._connections))
        yield from _traffic(room)
        yield from _log(room)
        if room.store.figures is not None:
            yield from _store(room, room.store.figures)

    def _members(self) -> Counter[tuple[str, str]]:
        here = self._connections.room.subscriptions
        return Counter(
            (connection.kind, connection.session.subscription.next_dialect.name)
            for connection in self._connections
            if connection.session.member.session_id in here
        )


class Exporter:
    """Renders the metrics of a daemon, its process included.

    Args:
        connections: the open connections, which also have the clock.
    """

    def __init__(self, connections: Connections) -> None:
        self._clock = connections.work.clock
        self._rendered = b""
        self._rendered_at = 0.0
        self._registry = CollectorRegistry()
        self._registry.register(RoomCollector(connections))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return the metrics, at most ``FRESH`` seconds old."""
        now = self._clock.seconds()
        if not self._rendered or now - self._rendered_at >= FRESH:
            self._rendered = generate_latest(self._registry)
            self._rendered_at = now
        return self._rendered


def _traffic(room: Room) -> Iterator[Metric]:
    stats = room.stats
    yield _counter("lines_said", "Lines said", stats.lines_in)
    yield _counter(
        "deliveries", "Lines times the members they were for", stats.deliveries
    )
    yield _counter("received_bytes", "Bytes heard, in whole lines", stats.bytes_in)
    yield _counter("sent_bytes", "Bytes handed to the transports", stats.bytes_out)
    yield _counter("too_slow", "Members closed for being too slow", room.too_slow)
    yield _by_label("refused", "Lines and commands refused", "reason", stats.refused)
    yield _by_label("left", "Members that left", "reason", stats.left)
    yield _histogram(
        "fan_out_seconds", "Time to send a batch to all who are live", stats.fan_out
    )


def _log(room: Room) -> Iterator[Metric]:
    fanout = room.fanout
    yield _gauge("log_bytes", "Bytes that the log takes", room.log.size)
    yield _gauge("log_limit_bytes", "Bytes that it may take", room.log.limit)
    yield _gauge("log_lines", "Lines in the log", room.log.lines)
    yield _gauge("log_last_id", "The newest line's id", room.log.last_id)
    yield _gauge("members_behind", "Members catching up", len(fanout.behind))
    lags = (fanout.lag(each) for each in fanout.behind)
    yield _gauge(
        "backlog_lines",
        "Lines that the furthest-behind member has to read",
        max(lags, default=0),
    )


def _store(room: Room, figures: Figures) -> Iterator[Metric]:
    yield _gauge("store_bytes", "Bytes that the store holds", figures.size)
    yield _gauge("store_limit_bytes", "Bytes that it may hold", figures.limit)
    yield _counter("store_syncs", "Waits for the disk", figures.syncs)
    yield _by_label(
        "store_failures", "Tries to write that failed", "reason", figures.failures
    )
    yield _histogram("commit_seconds", "Time to commit a batch", figures.seconds)
    yield _histogram("commit_lines", "Lines of a commit", figures.lines)
    yield _gauge(
        "commit_waiting_seconds",
        "Time for which the commit in flight has waited",
        figures.waiting,
    )
    yield _counter(
        "clogged_seconds",
        "Time in which nobody was read, since the store was behind",
        room.stats.clogged,
    )


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"broadcast_{name}", documentation, value=value)


def _counter(name: str, documentation: str, value: float) -> Metric:
    return CounterMetricFamily(f"broadcast_{name}", documentation, value=value)


def _histogram(name: str, documentation: str, histogram: Histogram) -> Metric:
    counts = accumulate(histogram.buckets)
    bounds = [*map(str, histogram.bounds), "+Inf"]
    return HistogramMetricFamily(
        f"broadcast_{name}",
        documentation,
        buckets=list(zip(bounds, counts, strict=True)),
        sum_value=histogram.total,
    )


def _by_label(
    name: str, documentation: str, label: str, counts: Counter[str]
) -> Metric:
    family = CounterMetricFamily(f"broadcast_{name}", documentation, labels=[label])
    pairs: Iterable[tuple[str, int]] = sorted(counts.items())
    for value, count in pairs:
        family.add_metric([value], count)
    return family
