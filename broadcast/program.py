"""The program that ``python -m broadcast`` runs: its options, and its reactor.

It does the same as ``twist broadcast``, with the same options and two of ``twist``'s.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from twisted.application.reactors import NoSuchReactor, installReactor
from twisted.application.runner._runner import Runner
from twisted.logger import Logger, jsonFileLogObserver
from twisted.python.usage import UsageError

from broadcast import logqueue
from broadcast.base import values
from broadcast.base.rows import Group, Option
from broadcast.tap import Options, makeService

_FORMATS = ("text", "json")

OWN: Final = (
    Option(
        values.one_of(*_FORMATS),
        "Lines on the console: those of --log-style text, or Twisted's own records.",
        Group.PROGRAM,
        "text|json",
        default_is="what --log-style says",
        name="log-format",
    ),
    Option(
        values.some_text,
        "Reactor of Twisted's to run on.",
        Group.PROGRAM,
        "NAME",
        default_is="what suits the system",
        name="reactor",
    ),
)
"""The options that ``twist`` itself takes before the plugin's name."""


class ProgramOptions(Options):
    """The options of ``python -m broadcast``."""

    command = "bcastd" if Path(sys.argv[0]).stem == "bcastd" else "python -m broadcast"
    rows = (*Options.rows, *OWN)
    optParameters: ClassVar = [["log-format", None, None, OWN[0].description]]

    def opt_reactor(self, name: str) -> None:
        """Install one of Twisted's reactors."""
        if name == "default":
            return
        try:
            installReactor(name)
        except (NoSuchReactor, ImportError):
            raise UsageError(
                f"--reactor: {name!r} is not available here; give another"
            ) from None

    def postOptions(self) -> None:
        """Check all options, and take over the console."""
        super().postOptions()
        if self.settings.nats and "twisted.internet.reactor" not in sys.modules:
            installReactor("asyncio")
        chosen = self["log-format"]
        if chosen not in (None, *_FORMATS):
            hint = f"give {' or '.join(_FORMATS)}"
            raise UsageError(f"--log-format: {chosen!r} is none of the choices; {hint}")
        self.refuse_two_formats(chosen is not None)
        log = Logger(namespace="broadcast")
        self.console = logqueue.take_over({"logFile": sys.stdout}, log)

    @property
    def observer(self) -> Any:
        """The factory of the observer that prints the log."""
        is_json = self["log-format"] == "json"
        return jsonFileLogObserver if is_json else self.threshold.line_observer


class IStartup(Protocol):
    """The signal handlers of the start, which are told its progress."""

    is_listening: bool

    def pass_on(self) -> None:
        """Pass on the kept signals: the reactor runs, and handles them."""


def run(arguments: Sequence[str], startup: IStartup) -> int | None:
    """Run the daemon until it has stopped.

    Args:
        arguments: the command line, without the program's name.
        startup: is told the progress of the start.

    Returns:
        The number of the signal that has stopped the daemon; None if no signal has.

    Raises:
        SystemExit: the daemon can't start; the message is one line.
    """
    options = ProgramOptions()
    options.parseOptions(arguments)
    service: Any = makeService(options)
    from twisted.internet import reactor as installed

    reactor: Any = installed
    service.startService()
    startup.is_listening = True
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.callWhenRunning(startup.pass_on)
    console: Any = options.console or sys.stdout
    Runner(reactor, logFile=console, fileLogObserverFactory=options.observer).run()
    number: int | None = getattr(reactor, "_exitSignal", None)
    return number
