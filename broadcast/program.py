"""The program that ``python -m broadcast`` runs: its options, and its reactor.

It does what ``twist broadcast`` does, with the same options and two of ``twist``'s.
"""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, ClassVar, Protocol

from twisted.application.reactors import NoSuchReactor, installReactor
from twisted.application.runner._runner import Runner
from twisted.logger import jsonFileLogObserver
from twisted.python.usage import UsageError

from broadcast.tap import Options, makeService

_FORMATS = ("text", "json")


class ProgramOptions(Options):
    """What ``python -m broadcast`` takes."""

    optParameters: ClassVar = [
        ["log-format", None, "text", "how the log is printed: text or json"],
    ]

    def getSynopsis(self) -> str:
        """Return how it is called."""
        return "Usage: python -m broadcast [options]"

    def opt_reactor(self, name: str) -> None:
        """Twisted's reactor to run on (default: what suits the system)."""
        if name == "default":
            return
        try:
            installReactor(name)
        except (NoSuchReactor, ImportError):
            raise UsageError(f"--reactor: there is no {name!r} here") from None

    def postOptions(self) -> None:
        """Check all that was given."""
        super().postOptions()
        if self["log-format"] not in _FORMATS:
            raise UsageError(f"--log-format: {self['log-format']!r} is none of them")

    @property
    def observer(self) -> Any:
        """What makes the observer that prints the log."""
        is_json = self["log-format"] == "json"
        return jsonFileLogObserver if is_json else self.threshold.line_observer


class IStartup(Protocol):
    """Something that is told how far the start is."""

    is_listening: bool

    def pass_on(self) -> None:
        """The reactor runs, and signals are handled."""


def run(arguments: Sequence[str], startup: IStartup) -> int | None:
    """Run the daemon until it has stopped.

    Args:
        arguments: the command line, without the program's name.
        startup: is told how far it is.

    Returns:
        The number of the signal that has stopped it; None: it was none.

    Raises:
        SystemExit: it can't start; says why in one line.
    """
    options = ProgramOptions()
    options.parseOptions(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    service: Any = makeService(options)
    from twisted.internet import reactor as installed

    reactor: Any = installed
    service.startService()
    startup.is_listening = True
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.callWhenRunning(startup.pass_on)
    Runner(reactor, logFile=sys.stdout, fileLogObserverFactory=options.observer).run()
    number: int | None = getattr(reactor, "_exitSignal", None)
    return number
