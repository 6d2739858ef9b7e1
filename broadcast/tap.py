"""The plugin's ``makeService`` for ``twist``: the daemon, built from its settings."""

import errno
import gc
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import unidata_version

from twisted.application.service import Service
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ReactorNotRunning
from twisted.logger import LogEvent, Logger, globalLogPublisher

from broadcast import __version__, exhaustion, limits, logfile, logstyle
from broadcast.admin.actions import AdminActions
from broadcast.admin.server import AdminFactory
from broadcast.auth.bans import Bans
from broadcast.auth.policy import Policy, policy_from
from broadcast.base import files
from broadcast.base.outside import Outside
from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.base.work import Work
from broadcast.check import access_for, faults_of, refuse_store, refuse_unwritable
from broadcast.command_line import Options, refusal
from broadcast.net.connections import Connections
from broadcast.net.handshakes import Handshakes
from broadcast.net.lines import BroadcastFactory
from broadcast.net.listeners import Listeners, WrapTLS
from broadcast.options import OPTIONS
from broadcast.room.directory import Directory
from broadcast.room.room import Room
from broadcast.service import BroadcastService, LiveSettings, Reload, keep_steady_time
from broadcast.session import new_session
from broadcast.store.base import IStore
from broadcast.store.memory import MemoryStore
from broadcast.store.sqlite import SqliteStore
from broadcast.systemd import Notifier

__all__ = ["Options", "makeService"]  # by these names twist looks for them

T = TypeVar("T")

OPEN_SECRET = (
    "--{option}: every account of this machine may use {subject}; chmod o-rwx it"
)

GC_THRESHOLD = (5_000, 100, 10)
"""Thresholds of the garbage collector. Young objects are collected seven times as
rarely as by Python's default, older ones far more rarely. Collecting took 2 % of a busy
daemon's time, and a lost connection leaves no cycles. A collection of 5000 objects
takes up to 7 ms, in which no connection is read; of 50,000 objects, 23 ms."""


if TYPE_CHECKING:
    from broadcast.net.tls import Certificates


def makeService(options: Options) -> Service:
    """Return the daemon that ``options`` describes, on the installed reactor.

    Raises:
        SystemExit: a file can't be used; the message names it in one line.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    if options["check"]:
        faults = [*options.faults, *_faults(options.settings, reactor)]
        raise refusal(*faults) if faults else SystemExit(0)
    gc.set_threshold(*GC_THRESHOLD)
    observe: Any = exhaustion.observe  # zope knows it as an observer
    globalLogPublisher.addObserver(observe)
    exhaustion.catch_uncaught()
    settings = options.settings
    _raise_file_limit(settings)
    reload = Reload()
    handshakes = Handshakes(reactor)
    outside = Outside(handshakes_refused=lambda: handshakes.refused)
    if (console := options.console) is not None:
        outside = replace(outside, console_lost=lambda: console.dropped)
        reactor.addSystemEventTrigger("after", "shutdown", console.finish)
    if settings.log_file is not None:
        file = _log_to_file(settings.log_file, settings, options.threshold, reactor)
        reload.add("log file", file.reopen)
        reactor.addSystemEventTrigger("after", "shutdown", file.finish)
        outside = replace(outside, file_lost=lambda: file.dropped)
    keep_steady_time(reactor)
    work = Work(reactor)
    policy = _policy_for(settings, work, reactor)
    connections = Connections(
        _room_for(settings, policy, work, reactor),
        new_session,
        settings.greeting_delay,
        limits.most_connections(),
    )
    factory = BroadcastFactory(
        connections, settings.flush_partial, settings.tls_handshake
    )
    if (certificates := _certificates_for(settings)) is not None:
        outside = replace(outside, expiry=lambda: certificates.expiry)
    web, metrics = _sites_for(settings, connections, outside, reactor)
    listeners = Listeners(
        reactor,
        settings,
        connections,
        factory.with_role,
        _wrap_for(certificates, settings, reload, reactor),
        web,
        _admin_for(settings, connections, options.threshold, reactor),
        metrics,
        handshakes,
    )
    notifier = Notifier(os.environ, time.monotonic)
    service = BroadcastService(
        reactor, settings, connections, reload, notifier, listeners
    )
    _warn_of_open_secrets(settings)
    for option, again in policy.files.items():
        reload.add(option, again)
    live = LiveSettings(settings, options.read, [service.adopt, factory.adopt])
    reload.add("settings", live.again)
    gc.collect()
    gc.freeze()  # these objects stay, and collecting them takes 10 ms each time
    return service


def _faults(settings: Settings, reactor: Any) -> list[str]:
    """Return a line for each fault of what the settings name."""
    work = Work(reactor)
    policy = Policy(Bans(time.time))
    alone = replace(settings, store=None, nats=())
    room = _room_for(alone, policy, work, reactor)
    connections = Connections(room, new_session)
    access = ("token_file", "users", "auth", "ban_file")
    each: list[Any] = [
        replace(settings, **{name: None for name in access if name != one})  # type: ignore[arg-type]  # None is right for all of them
        for one in access
    ]
    found = faults_of(
        (
            lambda: _raise_file_limit(settings),
            *(partial(_policy_for, one, work, reactor) for one in each),
            lambda: _certificates_for(settings),
            lambda: _sites_for(settings, connections, Outside(), reactor),
            lambda: refuse_unwritable("admin", settings.admin),
            lambda: refuse_unwritable("log-file", settings.log_file),
            lambda: refuse_store(settings.store),
            lambda: access_for(settings) if settings.nats else None,
        )
    )
    # Two that are right alone may not go together.
    found = found or faults_of([lambda: _policy_for(settings, work, reactor)])
    wrap: Any = None if settings.tls_cert is None else lambda inner, _: inner
    listeners = Listeners(
        reactor, settings, connections, lambda _: None, wrap, None, None
    )
    return found + listeners.faults()


def _raise_file_limit(settings: Settings) -> None:
    limits.raise_file_limit()
    try:
        limits.refuse_too_few(settings.max_members)
    except ValueError as error:
        raise refusal(str(error)) from None


def _warn_of_open_secrets(settings: Settings) -> None:
    """Log a warning for each file of secrets that every account may use."""
    secrets = [option for option in OPTIONS if option.is_secret]
    named = {option.name: getattr(settings, option.field) for option in secrets}
    if settings.tls_key is None:
        named["tls-cert"] = settings.tls_cert  # the key is in it
    named["auth"] = (settings.auth or "").removeprefix("file:")  # Twisted's checker
    log = Logger(namespace="broadcast")
    for name, path in named.items():
        if path and files.is_open_to_others(path):
            log.warn(OPEN_SECRET, event="open-secret", subject=path, option=name)


def _room_for(settings: Settings, policy: Policy, work: Work, reactor: Any) -> Room:
    directory = Directory(
        work.clock, policy, settings.max_members, settings.max_per_host
    )
    return Room(
        replace(settings, server=f"broadcast/{__version__}"),
        _store_for(settings, reactor),
        settings.log_size,
        directory,
        work,
    )


def _store_for(settings: Settings, reactor: Any) -> IStore:
    if settings.nats:
        return _shared_store_for(settings, reactor)
    if settings.store is None:
        return MemoryStore()
    return SqliteStore(settings.store, reactor, settings.store_size, settings.log_size)


def _shared_store_for(settings: Settings, reactor: Any) -> IStore:
    if not isinstance(reactor, AsyncioSelectorReactor):
        hint = "run bcastd, or twist --reactor=asyncio broadcast"
        raise refusal(f"--nats: it needs Twisted's asyncio reactor; {hint}")
    access = access_for(settings)
    from broadcast.store.jetstream import JetstreamStore
    from broadcast.store.share import Share

    share = Share(
        settings.room,
        settings.node,
        f"--max-line {settings.max_line} and Unicode {unidata_version}",
        settings.store_size,
        settings.nats_replicas,
        settings.log_size,
        settings.cut_off,
    )
    return JetstreamStore(share, access, reactor)


def _wrap_for(
    certificates: "Certificates | None",
    settings: Settings,
    reload: Reload,
    reactor: Any,
) -> WrapTLS | None:
    """Return the function that puts TLS around a factory; register its reload."""
    if certificates is None:
        return None
    paths = (settings.tls_cert, settings.tls_key, settings.tls_client_ca)
    reload.add("certificates", _unless_pipe(certificates.again, *paths))
    if settings.tls_recheck:
        reload.watch(
            "certificates",
            certificates.have_changed,
            settings.tls_recheck,
            reactor,
        )
    return certificates.wrap


def _admin_for(
    settings: Settings,
    connections: Connections,
    threshold: logstyle.LineFormat,
    reactor: Any,
) -> AdminFactory | None:
    if settings.admin is None:
        return None
    return AdminFactory(
        AdminActions(
            connections.room,
            connections,
            threshold,
            lambda: reactor.callLater(0, _stop, reactor),
        )
    )


def _stop(reactor: Any) -> None:
    """Stop the reactor, unless it is stopping already."""
    with suppress(ReactorNotRunning):
        reactor.stop()


def _sites_for(
    settings: Settings,
    connections: Connections,
    outside: Outside,
    reactor: Any,
) -> tuple[Any, Any]:
    """Return the factories of ``--web`` and ``--metrics``; None for one not given."""
    if settings.web is settings.metrics is None:
        return None, None
    try:
        from broadcast.web.metrics import Exporter
        from broadcast.web.site import MetricsSite, WebSite
    except ModuleNotFoundError as missing:
        option = "--metrics" if settings.web is None else "--web"
        hint = "pip install wsproto prometheus_client"
        raise refusal(f"{option}: there is no {missing.name}; {hint}") from None
    exporter = Exporter(connections, outside)
    web = metrics = None
    if settings.web is not None:
        web = WebSite(reactor, connections, settings, exporter)
    if settings.metrics is not None:
        metrics = MetricsSite(reactor, connections, exporter)
    return web, metrics


def _certificates_for(settings: Settings) -> "Certificates | None":
    if settings.tls_cert is None:
        return None
    try:
        from broadcast.net.tls import Certificates
    except ImportError:
        hint = "pip install 'twisted[tls]'"
        raise refusal(f"--tls-cert: TLS is not installed; {hint}") from None
    key = settings.tls_key or settings.tls_cert
    paths = (settings.tls_cert, key, settings.tls_client_ca)
    try:
        return _unless_pipe(partial(Certificates, *paths), *paths)()
    except (OSError, ValueError) as error:
        hint = "give PEM files that can be read"
        raise refusal(f"--tls-cert: {reason_of(error)}; {hint}") from None


def _unless_pipe(call: Callable[[], T], *paths: str | None) -> Callable[[], T]:
    """Return a function that calls ``call``, which opens files, unless that may block.

    It raises ``ValueError`` if one of the paths is a named pipe.
    """

    def checked() -> T:
        for path in paths:
            if path is not None and files.is_named_pipe(path):
                raise ValueError(f"{path}: it is a pipe")
        return call()

    return checked


def _policy_for(settings: Settings, work: Work, reactor: Any) -> Policy:
    path = settings.ban_file
    if path is not None and not Path(os.path.realpath(path)).parent.is_dir():
        message = f"{path}: {os.strerror(errno.ENOENT).lower()}; make its folder first"
        raise refusal(f"--ban-file: {message}")
    try:
        return policy_from(settings, work, time.time, reactor)
    except ValueError as error:
        raise refusal(str(error)) from None


def _log_to_file(
    path: str, settings: Settings, threshold: logstyle.LineFormat, reactor: Any
) -> logfile.RotatingFile:
    log = Logger(namespace="broadcast")
    size, count = settings.log_file_size, settings.log_file_count
    hint = "name a file that can be written"
    try:
        file = logfile.RotatingFile(path, size, count, log, threshold.lost_line)
    except OSError as error:
        raise refusal(f"--log-file: {path}: {reason_of(error)}; {hint}") from None
    observer: Any = _once(threshold.line_observer(file), reactor)
    globalLogPublisher.addObserver(observer)
    return file


def _once(observe: Callable[[LogEvent], None], reactor: Any) -> Any:
    """Return an observer that passes each event once.

    Twisted keeps events from before the reactor runs, and sends them again when the
    console's log begins (``LogBeginner.beginLoggingTo``).
    """
    early: list[LogEvent] | None = []

    def take(event: LogEvent) -> None:
        if early is not None:
            if any(event is known for known in early):
                return
            early.append(event)
        observe(event)

    def run() -> None:
        nonlocal early
        early = None

    reactor.callWhenRunning(run)
    return take
