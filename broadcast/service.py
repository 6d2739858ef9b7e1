"""The life of the daemon: it starts or fails loudly, runs, and drains when it stops.

On SIGHUP the registered files and settings are reloaded. A broken file leaves the old
value in effect. The result of each is a line in the log.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.logger import Logger
from twisted.python.failure import Failure

from broadcast.base.rows import Option, options_of
from broadcast.base.settings import RoomSettings, Settings, Timeouts
from broadcast.base.values import reason_of
from broadcast.base.work import IReactorTime
from broadcast.drain import Drain
from broadcast.net.connections import Connections
from broadcast.net.listeners import Listeners
from broadcast.net.liveness import LivenessMonitor
from broadcast.protocol.sanitize import escape
from broadcast.signals import Signals
from broadcast.store.base import StoreError
from broadcast.systemd import Notifier

Again = Callable[[], str]
"""A function that reloads a file or the settings. It returns a summary for the log, as
``3 users``. It raises ``OSError`` or ``ValueError`` if its input is broken, and must
have changed nothing then."""

EXIT_TIME = 5.0
"""Seconds within which a drained daemon has certainly exited."""

CLOSE_TIME = 3.0
"""Seconds that a store may take to close."""


class Reload:
    """The registered reloads. Calling it runs them all."""

    def __init__(self) -> None:
        self._reloads: dict[str, Again] = {}
        self._logger = Logger(namespace="broadcast")

    def add(self, name: str, again: Again) -> None:
        """Register a reload under the ``name`` that it has in the log."""
        self._reloads[name] = again

    def watch(
        self,
        name: str,
        has_changed: Callable[[], bool],
        interval: float,
        clock: IReactorTime,
    ) -> None:
        """Also run a reload whenever its files have changed.

        Args:
            name: the name of the registered reload.
            has_changed: tells whether its files have changed.
            interval: seconds between two checks.
            clock: times the interval.
        """

        def look() -> None:
            if has_changed():
                self.one(name)
            clock.callLater(interval, look)

        clock.callLater(interval, look)

    def __call__(self) -> None:
        """Run all reloads; a broken reload doesn't stop the others."""
        for name in self._reloads:
            self.one(name)

    def one(self, name: str) -> None:
        """Run the reload ``name``, and log its result in a line."""
        try:
            message = self._reloads[name]()
        except (OSError, ValueError) as error:
            self._logger.error(
                "{subject} kept as before: {reason}",
                event="not-reloaded",
                subject=name,
                reason=reason_of(error),
            )
        except Exception:
            self._logger.failure(
                "{subject} could not be read again", event="fault", subject=name
            )
        else:
            self._logger.info(
                "{subject} read again: {result}",
                event="reloaded",
                subject=name,
                result=message,
            )


class LiveSettings:
    """The settings, of which some can change while the daemon runs.

    Args:
        settings: the current settings.
        read: reads them again; raises ``ValueError`` if a value is invalid.
        apply: functions that are called with the new settings after a change.
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
        """Read the settings again, apply the live ones, and return a summary."""
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
    """The daemon, from its listeners to the last words.

    Args:
        reactor: the reactor.
        settings: the settings, among them the timeouts and the drain.
        connections: the open connections.
        reload: called at SIGHUP.
        notifier: notifies the service manager.
        listeners: the listening ports.
        fail: called with lines for stderr if the daemon can't start.
        leave: ends the process with a status, when the reactor has stopped.
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
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._connections = connections
        self._room = connections.room
        self._reload = reload
        self._notifier = notifier
        self._fail = fail
        self._leave = leave
        self._listeners = listeners
        self._is_ready = False
        self._logger = Logger(namespace="broadcast")
        self._drain = Drain(reactor, connections)
        self._signals = Signals(reactor, self._drain.hurry, self._read_again)
        self._liveness = LivenessMonitor(
            _timeouts(settings), connections, connections.work.clock
        )

    def startService(self) -> None:
        """Open the store and every listener; ``fail`` with a line for each problem."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        opened: list[object] = []
        started = self._room.store.start(self._room.keeper)
        started.addBoth(opened.append)
        if opened:
            self._begin(opened[0], self._fail)
        else:
            started.addCallback(lambda _: self._begin(opened[0], self._refuse))
            self._reactor.callWhenRunning(self._signals.catch_hangup)
            self._reactor.callWhenRunning(self._signals.catch_stop)

    def _begin(self, opened: object, fail: Callable[[str], None]) -> None:
        """Let members in, if the store is open."""
        if isinstance(opened, Failure):
            if not opened.check(StoreError):
                opened.raiseException()
            why = escape(str(opened.value))
            fail(f"broadcast: {self._of_the_store(why)}")
            return
        self._room.keeper.is_live = True
        self._room.keeper.on_change = self._store_changed
        problems = self._listeners.open()
        if problems:
            fail("\n".join(map(escape, problems)))
            return
        self._connections.is_open = True
        self._is_ready = True
        self._signals.catch_hangup()
        self._reactor.callWhenRunning(self._run)

    def adopt(self, settings: Settings) -> None:
        """Apply the settings that can change while the daemon runs."""
        self._settings = settings
        self._liveness.timeouts = _timeouts(settings)
        room = self._room
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
        """Return a short status for the service manager."""
        left = "" if self.running else "stopping, "
        if why := self._room.keeper.why_stalled or self._room.keeper.why_away:
            left += f"{why}, "
        return f"{left}{len(self._room.subscriptions)} here"

    def _of_the_store(self, why: str) -> str:
        """Return why the store is not to be had, behind the option that is at fault."""
        return why if why.startswith("--") else f"{self._room.store.option}: {why}"

    def _store_changed(self) -> None:
        """Tell of the store's trouble, or of its end; a store cut off is left."""
        keeper = self._room.keeper
        if keeper.why_cut_off:
            self._give_up(self._of_the_store(keeper.why_cut_off))
        else:
            if self.running:
                self._connections.is_open = not keeper.why_away
            self._notifier.show(self._status())

    def _refuse(self, lines: str) -> None:
        """End with lines on stderr: the start has failed when the reactor ran."""
        print(lines, file=sys.__stderr__, flush=True)  # the log has taken stderr
        self._fail_later()

    def _give_up(self, line: str) -> None:
        """Stop, after a line in the log."""
        self._logger.critical(
            "stopping: {reason}", event="store-lost", reason=escape(line)
        )
        self._fail_later()

    def _fail_later(self) -> None:
        """Stop, and end with a failure: the service manager may start it again."""
        leave = self._leave
        self._reactor.addSystemEventTrigger("after", "shutdown", lambda: leave(1))
        if not self._signals.is_stopping:
            self._signals.is_stopping = True
            self._reactor.stop()

    def _read_again(self) -> None:
        if self._is_ready:
            self._notifier.reloading()
        self._reload()
        if self._is_ready:
            self._notifier.ready(self._status())

    async def _stop(self) -> None:
        self._signals.is_stopping = True
        settings = self._settings
        is_of_use = self._is_ready and not self._room.keeper.why_cut_off
        lame_duck = settings.lame_duck if is_of_use else 0.0
        patience = lame_duck + settings.drain + EXIT_TIME
        self._notifier.stopping(self._status(), patience)
        await self._drain.run(lame_duck, settings.drain, self._listeners.close)
        await self._listeners.close_web()
        await self._close_store()
        self._logger.info("stopped", event="stopped")

    async def _close_store(self) -> None:
        """Close the store; its thread is left alone if it hangs in the kernel."""
        stopped = self._room.store.stop().addTimeout(CLOSE_TIME, self._reactor)
        try:
            await stopped
        except DeferredTimeoutError:
            message = "the store does not close; it is left as it is"
            self._logger.error(message, event="store-not-closed")

    def stopService(self) -> Deferred[None]:
        """Stop accepting, notify all members, deliver all messages, and close.

        Returns:
            A Deferred that fires when all connections are closed, at the latest after
            ``--lame-duck`` and ``--drain`` seconds. It never fails.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        return Deferred.fromCoroutine(self._stop())

    def _sweep(self) -> None:
        if not self._connections.is_stopping:
            self._liveness.sweep()
            self._reactor.callLater(self._liveness.interval, self._sweep)


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(settings.idle_timeout, settings.stall_timeout)


def keep_steady_time(reactor: Any) -> None:
    """Make the reactor's timers follow the monotonic clock.

    Twisted's timers follow the time of day (Twisted ticket 2424): a step back of two
    seconds delays each timer by as much. Nothing is done if a timer is already set.
    """
    if (
        isinstance(reactor, ReactorBase)
        and type(reactor).seconds is ReactorBase.seconds
        and not reactor.getDelayedCalls()
    ):
        reactor.seconds = time.monotonic
