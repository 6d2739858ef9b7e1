"""What ``twist`` asks of us: the command line, and the daemon put together from it."""

import errno
import gc
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.application.service import Service
from twisted.copyright import version as twisted_version
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger, globalLogPublisher, textFileLogObserver
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from broadcast import __version__, exhaustion, limits, logfile
from broadcast.admin.actions import AdminActions
from broadcast.admin.server import AdminFactory
from broadcast.auth.policy import Policy, policy_from
from broadcast.base.settings import RoomSettings, Settings
from broadcast.base.values import reason_of
from broadcast.net.connections import Connections
from broadcast.net.lines import BroadcastFactory
from broadcast.net.listeners import Listeners, Wrap
from broadcast.options import (
    FLAGS,
    LISTS,
    LIVE,
    OPTIONS,
    SettingError,
    read_config,
    settings_from,
)
from broadcast.room.room import Room
from broadcast.service import BroadcastService, LiveSettings, Reload, keep_steady_time
from broadcast.session import new_session
from broadcast.store.memory import MemoryStore
from broadcast.systemd import Notifier

LISTEN_HELP = (
    "Twisted endpoint (tcp:8000, tls:8443, unix:/PATH, systemd:…) to listen on instead"
    " of --host and --port; may be given again"
)

GC_THRESHOLD = (5_000, 100, 10)
"""Seven times as rarely as Python does by itself, and older objects far more so:
looking for cycles took 2 % of a busy daemon's time, and a connection that is gone
leaves none. A look at 5000 objects takes up to 7 ms, in which nobody is heard; at
50,000, 23."""


class Options(UsageOptions):
    """What ``twist broadcast`` takes."""

    synopsis = "[broadcast options]"
    longdesc = (
        "What any client says, all the others hear at once. The page for browsers,"
        " TLS, logins and bans are off until an option asks for them. An INI file for"
        " --config has the same names without the dashes. See also bcast-client."
    )
    optParameters: ClassVar = [
        [o.name, o.short, None, o.description] for o in OPTIONS
    ] + [["config", "c", None, "INI file with options in its section [server]"]]
    optFlags: ClassVar = [[o.name, o.short, o.description] for o in FLAGS]

    settings: Settings

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.threshold = logfile.Threshold()
        self["listen"] = []
        self.docs["listen"] = LISTEN_HELP
        for option in LISTS:
            self[option.name] = []
            self.docs[option.name] = f"{option.help}; may be given again"

    def opt_listen(self, endpoint: str) -> None:
        """Take one more Twisted endpoint to listen on."""
        self["listen"].append(endpoint)

    def opt_listen_only(self, endpoint: str) -> None:
        """Take one more endpoint where members never speak."""
        self["listen-only"].append(endpoint)

    def opt_speak_only(self, endpoint: str) -> None:
        """Take one more endpoint of publishers."""
        self["speak-only"].append(endpoint)

    def opt_web_origin(self, origin: str) -> None:
        """Take one more origin whose pages may talk."""
        self["web-origin"].append(origin)

    def parseArgs(self, *arguments: str) -> None:
        """Take no arguments beside the options.

        Raises:
            UsageError: there is one.
        """
        if arguments:
            raise UsageError(f"{arguments[0]!r} is no option: see --help")

    def opt_version(self) -> None:
        """Print the daemon's version and Twisted's, and exit."""
        print(f"broadcast {__version__}, Twisted {twisted_version}")
        raise SystemExit(0)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line and the file; ``settings`` is there afterwards.

        Raises:
            SystemExit: one of them is wrong; says which and why in one line.
        """
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except (UsageError, SettingError) as error:
            raise SystemExit(f"broadcast: {error}") from None

    def postOptions(self) -> None:
        """Check all that was given."""
        self.settings = self.read()
        _choose_format(self.parent, self.threshold)

    def read(self) -> Settings:
        """Return the settings: the command line's, and the file's as it is now.

        Raises:
            SettingError: a value is wrong, or the file is.
        """
        path = self["config"] or ""
        config = read_config(path) if path else {}
        given = {o.name: self[o.name] for o in OPTIONS if self[o.name] is not None}
        given |= {o.name: "yes" for o in FLAGS if self[o.name]}
        given |= {o.name: " ".join(self[o.name]) for o in LISTS if self[o.name]}
        return settings_from(given, tuple(self["listen"]), config, path)


def _choose_format(twist: Any, threshold: logfile.Threshold) -> None:
    """Log our lines on the console, unless json was asked for.

    ``twist`` chooses json by itself when stdout is no terminal; a log read
    through a pipe is still read by people.
    """
    if twist is None:
        return
    asked = any(word.startswith("--log-fo") for word in sys.argv)
    if twist.get("fileLogObserverFactory") is textFileLogObserver or not asked:
        twist["fileLogObserverFactory"] = threshold.line_observer
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


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
    limits.raise_file_limit()
    observe: Any = exhaustion.observe  # zope knows it as an observer
    globalLogPublisher.addObserver(observe)
    exhaustion.catch_uncaught()
    settings = options.settings
    reload = Reload()
    if settings.log_file is not None:
        file = _log_to_file(settings.log_file, settings, options.threshold)
        reload.add("log file", file.reopen)
    keep_steady_time(reactor)
    policy = _policy_for(settings, reactor)
    connections = Connections(
        _room_for(settings, policy, reactor),
        new_session,
        time.monotonic,
        reactor.callLater,
        settings.greeting_delay,
        limits.most_connections(),
    )
    factory = BroadcastFactory(
        connections, settings.flush_partial, settings.tls_handshake
    )
    listeners = Listeners(
        reactor,
        settings,
        connections,
        factory.with_role,
        _wrap_for(settings, reload, reactor),
        _web_for(settings, connections, reactor),
        _admin_for(settings, connections, options.threshold, reactor),
    )
    notifier = Notifier(os.environ, time.monotonic)
    service = BroadcastService(
        reactor, settings, connections, reload, notifier, listeners
    )
    for option, again in policy.files.items():
        reload.add(option, again)
    live = LiveSettings(settings, LIVE, options.read, [service.adopt, factory.adopt])
    reload.add("settings", live.again)
    gc.collect()
    gc.freeze()  # what is here stays: looking through it takes 10 ms each time
    return service


def _room_for(settings: Settings, policy: Policy, reactor: Any) -> Room:
    return Room(
        room_settings(settings),
        MemoryStore(time.time),
        settings.log_size,
        time.monotonic,
        time.time,
        lambda call: reactor.callLater(0, call),
        reactor.callLater,
        policy,
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
    connections: Connections,
    threshold: logfile.Threshold,
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


def _web_for(settings: Settings, connections: Connections, reactor: Any) -> Any:
    if settings.web is None:
        return None
    try:
        from broadcast.web.site import WebSite
    except ModuleNotFoundError as missing:
        raise SystemExit(
            f"broadcast: --web: there is no {missing.name}:"
            " pip install wsproto prometheus_client"
        ) from None
    return WebSite(reactor, connections, settings)


def room_settings(settings: Settings) -> RoomSettings:
    """Return what of the settings concerns the room."""
    return RoomSettings(
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


def _policy_for(settings: Settings, reactor: Any) -> Policy:
    path = settings.ban_file
    if path is not None and not Path(os.path.realpath(path)).parent.is_dir():
        message = f"{path}: {os.strerror(errno.ENOENT).lower()}"
        raise SystemExit(f"broadcast: --ban-file: {message}")
    try:
        return policy_from(settings, time.monotonic, time.time, reactor)
    except ValueError as error:
        raise SystemExit(f"broadcast: {error}") from None


def _log_to_file(
    path: str, settings: Settings, threshold: logfile.Threshold
) -> logfile.RotatingFile:
    log = Logger(namespace="broadcast")
    size, count = settings.log_file_size, settings.log_file_count
    try:
        file = logfile.RotatingFile(path, size, count, log)
    except OSError as error:
        raise SystemExit(f"broadcast: --log-file: {path}: {reason_of(error)}") from None
    observer: Any = threshold.line_observer(file)  # zope knows it as one
    globalLogPublisher.addObserver(observer)
    return file
