"""Metrics in Prometheus' text format: the room's counters, read at each scrape.

This is the only module that imports prometheus_client. Nothing but the reactor's lag is
measured here: a scrape reads plain numbers, and visits each connection once. Each
series is there from the start.
"""

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, product
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
from twisted.copyright import version as twisted_version

from broadcast import __version__
from broadcast.base.histogram import Histogram
from broadcast.base.outside import Outside
from broadcast.base.work import IReactorTime
from broadcast.net.connections import Connections
from broadcast.protocol import codes
from broadcast.protocol.dialects import JSON, RAW, TEXT
from broadcast.room.room import Room
from broadcast.store.figures import DISK_FULL, IO_ERROR, Figures, Shared

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

FRESH: Final = 1.0
"""Seconds for which a rendering of the metrics is reused."""


LAG_INTERVAL: Final = 0.1
"""Seconds between two measurements of the reactor's lag."""

FACES: Final = ("http", "tcp", "tls", "unix", "websocket")

DIALECTS: Final = (JSON.name, RAW.name, TEXT.name)


class LagProbe:
    """Measures how late the reactor is: timers come, and it reads, as late as that.

    Args:
        clock: the reactor.

    Attributes:
        lags: seconds by which a timer came late.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.lags = Histogram()
        self._clock = clock
        self._due = 0.0

    def start(self) -> None:
        """Measure from now on; nothing happens if that has begun."""
        if not self._due:
            self._set()

    def _set(self) -> None:
        self._due = self._clock.seconds() + LAG_INTERVAL
        self._clock.callLater(LAG_INTERVAL, self._look)

    def _look(self) -> None:
        self.lags.add(max(0.0, self._clock.seconds() - self._due))
        self._set()


class DaemonCollector(Collector):
    """Collects the metrics of the daemon, its room and its policy.

    Args:
        connections: the open connections.
        lags: how late the reactor was.
        outside: the numbers that are counted elsewhere.
    """

    def __init__(
        self, connections: Connections, lags: Histogram, outside: Outside
    ) -> None:
        self._connections = connections
        self._lags = lags
        self._outside = outside

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics with their current values."""
        room = self._connections.room
        yield _build_info()
        members = GaugeMetricFamily(
            "broadcast_members",
            "Members here, by face and dialect",
            labels=["face", "dialect"],
        )
        for labels, count in self._members().items():
            members.add_metric(labels, count)
        yield members
        limit = room.directory.occupancy.most
        yield _gauge("members_limit", "Members that may be here", limit)
        yield _gauge("connections", "Connections", len(self._connections))
        is_ready = self._connections.is_open
        yield _gauge("ready", "1 as long as /readyz says 200, else 0", is_ready)
        yield from _traffic(room)
        yield from _access(room)
        yield from _log(room)
        yield _histogram(
            "reactor_lag_seconds", "How late the reactor's timers come", self._lags
        )
        yield from _outside(self._outside)
        if room.store.figures is not None:
            yield from _store(room, room.store.figures)

    def _members(self) -> Counter[tuple[str, str]]:
        here = self._connections.room.subscriptions
        found = Counter(dict.fromkeys(product(FACES, DIALECTS), 0))
        found.update(
            (connection.kind, connection.session.subscription.next_dialect.name)
            for connection in self._connections
            if connection.session.member.session_id in here
        )
        return found


class Exporter:
    """Renders the metrics of a daemon, its process included.

    Args:
        connections: the open connections, which also have the clock.
        outside: the numbers that are counted elsewhere.
    """

    def __init__(
        self, connections: Connections, outside: Outside | None = None
    ) -> None:
        self._clock = connections.work.clock
        self._rendered = b""
        self._rendered_at = 0.0
        self._probe = LagProbe(self._clock)
        self._registry = CollectorRegistry()
        collector = DaemonCollector(connections, self._probe.lags, outside or Outside())
        self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def start(self) -> None:
        """Begin to measure the reactor's lag."""
        self._probe.start()

    def render(self) -> bytes:
        """Return the metrics, at most ``FRESH`` seconds old."""
        now = self._clock.seconds()
        if not self._rendered or now - self._rendered_at >= FRESH:
            self._rendered = generate_latest(self._registry)
            self._rendered_at = now
        return self._rendered


def _build_info() -> Metric:
    versions = {
        "version": __version__,
        "python": platform.python_version(),
        "twisted": twisted_version,
    }
    help = "The versions that run; the value is 1"
    family = GaugeMetricFamily("broadcast_build_info", help, labels=list(versions))
    family.add_metric(list(versions.values()), 1)
    return family


def _traffic(room: Room) -> Iterator[Metric]:
    stats = room.stats
    yield _counter("lines_said", "Lines said", stats.lines_in)
    yield _counter(
        "deliveries", "Lines times the members they were for", stats.deliveries
    )
    yield _counter("received_bytes", "Bytes heard, in whole lines", stats.bytes_in)
    yield _counter("sent_bytes", "Bytes handed to the transports", stats.bytes_out)
    yield _counter("too_slow", "Members closed for being too slow", stats.too_slow)
    yield _counter("joined", "Members that joined", stats.joined)
    yield _by_reason("left", "Members that left", codes.LEFT, stats.left)
    yield _by_reason(
        "turned_away",
        "Connections closed instead of joining",
        codes.TURNED_AWAY,
        stats.turned_away,
    )
    yield _by_reason(
        "refused", "Lines and commands refused", codes.ERRORS, stats.refused
    )
    yield _histogram(
        "fan_out_seconds", "Time to send a batch to all who are live", stats.fan_out
    )


def _access(room: Room) -> Iterator[Metric]:
    policy = room.directory.policy
    authenticator = policy.authenticator
    refused = authenticator.refused if authenticator else Counter[str]()
    yield _by_reason("logins_refused", "Logins refused", codes.LOGINS, refused)
    yield _gauge("bans", "Bans in effect", sum(1 for _ in policy.bans))
    yield _gauge("mutes", "Mutes in effect", len(room.store.state.mutes))


def _outside(outside: Outside) -> Iterator[Metric]:
    yield _counter(
        "handshakes_refused",
        "TLS connections closed: too many handshakes",
        outside.handshakes_refused(),
    )
    lost = CounterMetricFamily(
        "broadcast_log_lines_lost",
        "Lines of the daemon's own log that could not be written",
        labels=["to"],
    )
    lost.add_metric(["console"], outside.console_lost())
    lost.add_metric(["file"], outside.file_lost())
    yield lost
    if outside.expiry is not None:
        yield _gauge(
            "certificate_expiry_timestamp_seconds",
            "When the certificate of --tls-cert expires, in Unix time",
            outside.expiry(),
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
    known = (DISK_FULL, IO_ERROR)
    failures = figures.failures
    yield _by_reason("store_failures", "Tries to write that failed", known, failures)
    yield _histogram("commit_seconds", "Time to commit a batch", figures.seconds)
    yield _histogram("commit_lines", "Lines of a commit", figures.lines)
    yield _gauge(
        "commit_waiting_seconds",
        "Time for which the commit in flight has waited",
        figures.waiting,
    )
    if figures.shared is not None:
        yield from _shared(figures.shared)
    yield _counter(
        "clogged_seconds",
        "Time in which nothing more was said, since the last batch was under way",
        room.stats.clogged,
    )


def _shared(figures: Shared) -> Iterator[Metric]:
    """Yield those of a room of several daemons."""
    yield _gauge("nodes", "Daemons that write to the room's log", figures.nodes)
    yield _gauge("stream_lag_messages", "Messages not read yet", figures.lag)
    yield _counter("resent", "Messages that were sent again", figures.again)
    yield _counter(
        "doubles_dropped", "Messages that came twice or too late", figures.doubles
    )
    yield _counter("feed_made", "Times that the log's reader was made", figures.made)
    yield _counter("dumps", "Dumps of the state that this daemon made", figures.dumps)
    yield _counter(
        "epoch_changes", "Times that the log became another one", figures.epochs
    )
    yield _counter("cut_offs", "Times that members were sent away", figures.cuts)
    yield _gauge(
        "cut_off", "1 while members can't be let in, else 0", figures.is_cut_off
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


def _by_reason(
    name: str, documentation: str, known: Iterable[str], counts: Counter[str]
) -> Metric:
    family = CounterMetricFamily(f"broadcast_{name}", documentation, labels=["reason"])
    for reason in sorted({*known, *counts}):
        family.add_metric([reason], counts[reason])
    return family
