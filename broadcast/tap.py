"""What ``twist`` asks of us: the ``Options``, and the daemon put together from them."""

import errno
import gc
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger, globalLogPublisher

from broadcast import __version__
from broadcast import logfile as journal
from broadcast.admin.actions import Desk
from broadcast.admin.server import AdminFactory
from broadcast.auth.plan import guard_from
from broadcast.auth.policy import Guard
from broadcast.base.house import House
from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.command_line import Options
from broadcast.net import sockopts as sockets
from broadcast.net.connections import BroadcastFactory
from broadcast.net.endpoints import Wrap
from broadcast.net.listeners import Openings
from broadcast.reload import LiveSettings, Reload
from broadcast.room.room import Hub
from broadcast.service import BroadcastService, keep_steady_time
from broadcast.store.memory import MemoryEngine
from broadcast.systemd import Notifier

__all__ = ["GC_THRESHOLD", "Options", "house_of", "makeService"]

GC_THRESHOLD = (5_000, 100, 10)
"""Seven times as rarely as Python does by itself, and older objects far more so:
looking for cycles took 2 % of a busy daemon's time, and a connection that is gone
leaves none. A look at 5000 objects takes up to 7 ms, in which nobody is heard; at
50,000, 23."""

if TYPE_CHECKING:
    from broadcast.net.tls import Certificates


def makeService(options: Options) -> Service:
    """Return the daemon that ``options`` describes, on the reactor that is installed.

    Raises:
        SystemExit: a file that it needs can't be used; says which in one line.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    gc.set_threshold(*GC_THRESHOLD)
    sockets.raise_file_limit()
    settings = options.settings
    reload = Reload()
    if settings.log_file is not None:
        file = _log_to_file(settings.log_file, settings, options.threshold)
        reload.add("log file", file.reopen)
    keep_steady_time(reactor)
    guard = _guard_for(settings, reactor)
    factory = BroadcastFactory(
        _hub_for(settings, guard, reactor),
        time.monotonic,
        reactor.callLater,
        settings.greeting_delay,
        settings.flush_partial,
        settings.tls_handshake,
    )
    openings = Openings(
        reactor,
        settings,
        factory,
        _wrap_for(settings, reload, reactor),
        _web_for(settings, factory, reactor),
        _admin_for(settings, factory, options.threshold, reactor),
    )
    notifier = Notifier(os.environ, time.monotonic)
    service = BroadcastService(reactor, settings, factory, reload, notifier, openings)
    for option, again in guard.files.items():
        reload.add(option, again)
    live = LiveSettings(settings, options.read, [service.adopt])
    reload.add("settings", live.again)
    gc.collect()
    gc.freeze()  # what is here stays: looking through it takes 10 ms each time
    return service


def _hub_for(settings: Settings, guard: Guard, reactor: Any) -> Hub:
    return Hub(
        house_of(settings),
        MemoryEngine(time.time),
        settings.log_size,
        time.monotonic,
        time.time,
        lambda call: reactor.callLater(0, call),
        reactor.callLater,
        guard,
    )


def _wrap_for(settings: Settings, reload: Reload, reactor: Any) -> Wrap | None:
    """Return what puts TLS around a factory, its files read again when they change."""
    certificates = _certificates_for(settings)
    if certificates is None:
        return None
    reload.add("certificates", certificates.again)
    if settings.tls_recheck:
        reload.watch(
            "certificates",
            certificates.have_changed,
            settings.tls_recheck,
            reactor.callLater,
        )
    return certificates.wrap


def _admin_for(
    settings: Settings,
    factory: BroadcastFactory,
    threshold: journal.Threshold,
    reactor: Any,
) -> AdminFactory | None:
    if settings.admin is None:
        return None
    return AdminFactory(
        Desk(
            factory.hub,
            factory.hub.guard.bans,
            lambda: factory.connections,
            threshold,
            lambda: reactor.callLater(0, _stop, reactor),
        )
    )


def _stop(reactor: Any) -> None:
    """Stop the reactor, unless it is stopping already."""
    with suppress(ReactorNotRunning):
        reactor.stop()


def _web_for(settings: Settings, factory: BroadcastFactory, reactor: Any) -> Any:
    if settings.web is None:
        return None
    try:
        from broadcast.web.site import WebSite
    except ModuleNotFoundError as missing:
        raise SystemExit(
            f"broadcast: --web: there is no {missing.name}:"
            " pip install wsproto prometheus_client"
        ) from None
    return WebSite(reactor, factory, settings)


def house_of(settings: Settings) -> House:
    """Return what of the settings concerns the room."""
    return House(
        server=f"broadcast/{__version__}",
        welcome=settings.welcome,
        max_line=settings.max_line,
        history=settings.history,
        echo=settings.echo,
        relay=settings.relay,
        rate=settings.rate,
        burst=settings.burst,
        max_members=settings.max_members,
        max_per_host=settings.max_per_host,
    )


def _certificates_for(settings: Settings) -> "Certificates | None":
    if settings.tls_cert is None:
        return None
    try:
        from broadcast.net.tls import Certificates
    except ImportError:
        hint = "TLS is not installed: pip install 'twisted[tls]'"
        raise SystemExit(f"broadcast: --tls-cert: {hint}") from None
    key = settings.tls_key or settings.tls_cert
    try:
        return Certificates(settings.tls_cert, key, settings.tls_client_ca)
    except (OSError, ValueError) as error:
        raise SystemExit(f"broadcast: --tls-cert: {reason_of(error)}") from None


def _guard_for(settings: Settings, reactor: Any) -> Guard:
    path = settings.ban_file
    if path is not None and not Path(os.path.realpath(path)).parent.is_dir():
        words = f"{path}: {os.strerror(errno.ENOENT).lower()}"
        raise SystemExit(f"broadcast: --ban-file: {words}")
    try:
        return guard_from(settings, time.monotonic, time.time, reactor)
    except ValueError as error:
        raise SystemExit(f"broadcast: {error}") from None


def _log_to_file(
    path: str, settings: Settings, threshold: journal.Threshold
) -> journal.RotatingFile:
    log = Logger(namespace="broadcast")
    size, count = settings.log_file_size, settings.log_file_count
    try:
        file = journal.RotatingFile(path, size, count, log)
    except OSError as error:
        raise SystemExit(f"broadcast: --log-file: {path}: {reason_of(error)}") from None
    observer: Any = threshold.line_observer(file)  # zope knows it as one
    globalLogPublisher.addObserver(observer)
    return file
