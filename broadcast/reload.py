"""What is read again while the daemon runs, on SIGHUP: a list of named things.

Each thing knows how to read itself again; here each is asked in turn, and one
line of the log says what came of it. What is broken keeps its old value.
"""

import signal
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from twisted.logger import Logger

from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.options import FLAGS, OPTIONS

Again = Callable[[], str]
"""Reads a thing again. Returns what is to be said of it, as ``3 users``.
Raises ``OSError`` or ``ValueError`` when what it reads is broken; it must have
changed nothing then."""


class Reload:
    """The things that are read again. Call it to read them all."""

    def __init__(self) -> None:
        self._things: dict[str, Again] = {}
        self._log = Logger(namespace="broadcast")

    def add(self, name: str, again: Again) -> None:
        """Read ``again``, from now on, what the log calls ``name``."""
        self._things[name] = again

    def watch(
        self,
        name: str,
        has_changed: Callable[[], bool],
        interval: float,
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        """Read a thing again too when it is found to have changed.

        Args:
            interval: seconds between two looks.
            later: calls a function after so many seconds.
        """

        def look() -> None:
            if has_changed():
                self.one(name)
            later(interval, look)

        later(interval, look)

    def __call__(self) -> None:
        """Read everything again; one that is broken doesn't hold up the rest."""
        for name in self._things:
            self.one(name)

    def one(self, name: str) -> None:
        """Read one thing again, and say in a line what came of it."""
        try:
            words = self._things[name]()
        except (OSError, ValueError) as error:
            why = reason_of(error)
            self._log.error("{name} kept as before: {why}", name=name, why=why)
        except Exception:
            self._log.failure("{name} could not be read again", name=name)
        else:
            self._log.info("{name} read again: {words}", name=name, words=words)


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
            field.name
            for field in fields(Settings)
            if getattr(wanted, field.name) != getattr(self.settings, field.name)
        ]
        live = {option.field for option in OPTIONS + FLAGS if option.is_live}
        news = {name: getattr(wanted, name) for name in changed if name in live}
        if news:
            self.settings = replace(self.settings, **news)
            for apply in self._apply:
                apply(self.settings)
        words = f"{_names(list(news))} changed" if news else "nothing changed"
        if kept := [name for name in changed if name not in live]:
            words += f"; {_names(kept)} can't change without a restart"
        return words


def on_hangup(reactor: Any, call: Callable[[], None]) -> None:
    """Call ``call`` in the reactor at each SIGHUP, which else kills the process."""
    number = getattr(signal, "SIGHUP", None)  # Windows has none
    if number is not None:
        signal.signal(number, lambda *_: reactor.callFromThread(call))


def _names(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", "-") for name in names)
