"""The ways to call a person who is not looking: the bell, the title, a command."""

import asyncio
import contextlib
import shlex
import time
from collections.abc import Callable
from typing import Protocol

from broadcast.client import events as ev
from broadcast.client.core.options import Options

QUIET = 2.0
"""Seconds in which a burst rings once, and runs the command once."""


class Bell(Protocol):
    """The terminal, as far as it can call."""

    def ring(self) -> None:
        """Ring."""

    def set_title(self, title: str) -> None:
        """Name the window."""


class Alerts:
    """Calls for lines that have just been said.

    Args:
        options: when to ring, which command to run, whether to count in the title.
        terminal: rings.
        note: called with one sentence when the command can't be run.
        clock: seconds, never going back.

    Attributes:
        unread: lines since the person looked, where they are counted.
    """

    def __init__(
        self,
        options: Options,
        terminal: Bell,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.when = options.bell
        self._command = shlex.split(options.notify_command or "")
        self._is_titled = options.title
        self._where = options.address.where
        self._terminal = terminal
        self._note = note
        self._clock = clock
        self._rung = self._ran = -QUIET
        self.unread = 0
        self._running: set[asyncio.Task[None]] = set()

    def hear(self, event: ev.Message, *, is_mention: bool) -> None:
        """A line of somebody else's, said just now."""
        now = self._clock()
        rings = self.when == "all" or (self.when == "mention" and is_mention)
        if rings and now - self._rung >= QUIET:
            self._rung = now
            self._terminal.ring()
        if self._is_titled:
            self.unread += 1
            self._show_title()
        if self._command and is_mention and now - self._ran >= QUIET:
            self._ran = now
            # One argument, which begins with a name: it can't be an option.
            words = [*self._command, f"{event.name}: {event.text}"]
            task = asyncio.get_running_loop().create_task(self._run(words))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def look(self) -> None:
        """The person is there: nothing is unread."""
        self.unread = 0
        self._show_title()

    def close(self) -> None:
        """Leave the title to others."""
        if self._is_titled:
            self._terminal.set_title("")

    def _show_title(self) -> None:
        count = f"({self.unread}) " if self.unread else ""
        self._terminal.set_title(f"{count}{self._where}")

    async def _run(self, words: list[str]) -> None:
        nothing = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=nothing, stdout=nothing, stderr=nothing
            )
        except (OSError, ValueError, NotImplementedError) as problem:
            reason = getattr(problem, "strerror", None) or "not on this system"
            self._note(f"--notify-command is off: {words[0]}: {reason}")
            self._command = []
            return
        with contextlib.suppress(ProcessLookupError):
            await process.wait()
