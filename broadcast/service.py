"""The daemon's life: it starts or fails loudly, runs, drains when told to stop.

On SIGHUP named things are read again. Each knows how; what is broken keeps its old
value, and one line of the log says what came of it.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from broadcast.base.rows import Option, options_of
from broadcast.base.settings import RoomSettings, Settings, Timeouts
from broadcast.base.values import reason_of
from broadcast.base.work import IReactorTime
from broadcast.net.connections import Connections
from broadcast.net.listeners import Listeners
from broadcast.net.liveness import LivenessMonitor
from broadcast.protocol.events import Bye
from broadcast.protocol.sanitize import escape
from broadcast.room.directory import When
from broadcast.signals import Signals
from broadcast.systemd import Notifier

Again = Callable[[], str]
"""Reads a thing again. Returns what is to be said of it, as ``3 users``.
Raises ``OSError`` or ``ValueError`` when what it reads is broken; it must have
changed nothing then."""

EXIT_TIME = 5.0
"""Seconds in which a drained daemon has surely gone."""

GOODBYE = Bye("shutdown", "The server has shut down")


class Reload:
    """The things that are read again. Call it to read them all."""

    def __init__(self) -> None:
        self._things: dict[str, Again] = {}
        self._logger = Logger(namespace="broadcast")

    def add(self, name: str, again: Again) -> None:
        """Read ``again``, from now on, what the log calls ``name``."""
        self._things[name] = again

    def watch(
        self,
        name: str,
        has_changed: Callable[[], bool],
        interval: float,
        clock: IReactorTime,
    ) -> None:
        """Read a thing again too when it is found to have changed.

        Args:
            interval: seconds between two looks.
            clock: for the interval.
        """

        def look() -> None:
            if has_changed():
                self.one(name)
            clock.callLater(interval, look)

        clock.callLater(interval, look)

    def __call__(self) -> None:
        """Read everything again; one that is broken doesn't hold up the rest."""
        for name in self._things:
            self.one(name)

    def one(self, name: str) -> None:
        """Read one thing again, and say in a line what came of it."""
        try:
            message = self._things[name]()
        except (OSError, ValueError) as error:
            why = reason_of(error)
            self._logger.error("{name} kept as before: {why}", name=name, why=why)
        except Exception:
            self._logger.failure("{name} could not be read again", name=name)
        else:
            self._logger.info("{name} read again: {words}", name=name, words=message)


class LiveSettings:
    """The settings, of which some can change while the daemon runs.

    Args:
        settings: as they are now.
        read: reads them again; raises ``ValueError`` if one is wrong.
        apply: each is given the new settings when something has changed.
    """

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        apply: Sequence[Callable[[Settings], None]],
    ) -> None:
        self.settings = settings
        self._read = read
        self._apply = apply

    def again(self) -> str:
        """Read the settings again; say what changed and what a restart needs."""
        wanted = self._read()
        changed = [
            option
            for option in options_of(Settings)
            if getattr(wanted, option.field) != getattr(self.settings, option.field)
        ]
        news = [option for option in changed if option.is_live]
        if news:
            values = {option.field: getattr(wanted, option.field) for option in news}
            self.settings = replace(self.settings, **values)
            for apply in self._apply:
                apply(self.settings)
        message = f"{_names(news)} changed" if news else "nothing changed"
        if kept := [option for option in changed if not option.is_live]:
            message += f"; {_names(kept)} can't change without a restart"
        return message


def _names(options: Sequence[Option]) -> str:
    return ", ".join(option.name for option in options)


class BroadcastService(Service):
    """The daemon: from its listeners to the last words.

    Args:
        reactor: where it runs.
        settings: where it listens, and for how long it drains.
        connections: all that are open.
        reload: what SIGHUP does.
        notifier: tells the service manager how things are.
        listeners: what it listens on.
        fail: called with lines for stderr when it can't start.
    """

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        connections: Connections,
        reload: Reload,
        notifier: Notifier,
        listeners: Listeners,
        fail: Callable[[str], None] = sys.exit,
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._connections = connections
        self._reload = reload
        self._notifier = notifier
        self._fail = fail
        self._listeners = listeners
        self._logger = Logger(namespace="broadcast")
        self._drained: Deferred[None] | None = None
        self._signals = Signals(reactor, self._cut_short, self._read_again)
        self._liveness = LivenessMonitor(
            _timeouts(settings), connections, connections.work.clock
        )

    def startService(self) -> None:
        """Open every listener; ``fail`` with a line for each that can't be."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        problems = self._listeners.open()
        if problems:
            self._fail("\n".join(map(escape, problems)))
        self._connections.is_open = True
        self._signals.catch_hangup()
        self._reactor.callWhenRunning(self._run)

    def adopt(self, settings: Settings) -> None:
        """Go on with other settings: those that can change while it runs."""
        self._settings = settings
        self._liveness.timeouts = _timeouts(settings)
        room = self._connections.room
        names = [option.field for option in options_of(RoomSettings) if option.is_live]
        news = {name: getattr(settings, name) for name in names}
        room.settings = replace(room.settings, **news)

    def _run(self) -> None:
        self._signals.catch_stop()
        self._notifier.ready(self._status())
        self._beat()
        self._sweep()

    def _beat(self) -> None:
        if (interval := self._notifier.interval) is not None:
            self._notifier.beat(self._status())
            self._reactor.callLater(interval, self._beat)

    def _status(self) -> str:
        """Return how things are, in a few words."""
        left = "" if self.running else "stopping, "
        return f"{left}{len(self._connections.room.subscriptions)} here"

    def _read_again(self) -> None:
        self._notifier.reloading()
        self._reload()
        self._notifier.ready(self._status())

    async def _stop(self) -> None:
        self._signals.is_stopping = True
        self._notifier.stopping(self._status(), self._settings.drain + EXIT_TIME)
        connections, room = self._connections, self._connections.room
        connections.stop(GOODBYE)
        await self._listeners.close()
        self._logger.info("shutting down, {count} here", count=len(room.subscriptions))
        for connection in tuple(connections):
            connection.session.close(GOODBYE, When.AFTER_READ)
        if connections:
            self._drained = Deferred()
            timer = self._reactor.callLater(self._settings.drain, self._cut_short)
            connections.when_empty(self._is_drained)
            await self._drained
            if timer.active():
                timer.cancel()
        for connection in tuple(connections):
            connection.abort()
        await self._listeners.close_web()
        self._logger.info("stopped")

    def stopService(self) -> Deferred[None]:
        """Stop accepting, tell everybody, deliver what was said, close.

        Returns:
            Fires when nobody is connected any more, at the latest after
            ``--drain`` seconds; never fails.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        return Deferred.fromCoroutine(self._stop())

    def _sweep(self) -> None:
        if self.running:
            self._liveness.sweep()
            self._reactor.callLater(self._liveness.interval, self._sweep)

    def _cut_short(self) -> None:
        if self._drained is None:
            return
        connections = self._connections
        left = sum(not c.session.subscription.finished for c in connections)
        if left:
            self._logger.warn("{left} cut off, with lines to read", left=left)
        self._is_drained()

    def _is_drained(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            drained.callback(None)


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(settings.idle_timeout, settings.stall_timeout)


def keep_steady_time(reactor: Any) -> None:
    """Make the reactor's timers follow the clock that never goes back.

    Twisted's follow the time of day (ticket 2424): a step back of two seconds
    holds each timer back by as much. Only done while no timer is set.
    """
    if (
        isinstance(reactor, ReactorBase)
        and type(reactor).seconds is ReactorBase.seconds
        and not reactor.getDelayedCalls()
    ):
        reactor.seconds = time.monotonic
