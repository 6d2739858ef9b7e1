"""`bcast-client tail`, and `connect` in a pipe: what is said, as plain lines."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from broadcast.client import events as ev
from broadcast.client.cli.config import name_on_this_machine
from broadcast.client.cli.send import Sender
from broadcast.client.cli.stdio import Printer, read_lines
from broadcast.client.core.options import Options
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import State
from broadcast.client.errors import ClientError
from broadcast.client.io.runner import PRESENCE, Exit, Runner, complain
from broadcast.client.ui.commands import Local, Say, interpret
from broadcast.client.ui.format import Formatter, wants_color
from broadcast.protocol.sanitize import mend_json

_RECEIPT = "/ping end-of-input"


class Lister(Runner):
    """Prints events as lines. A mixin's worth of printing for any runner."""

    def __init__(self, options: Options, profile: Profile) -> None:
        super().__init__(options, profile)
        colors = wants_color(options.color, os.environ, sys.stdout.isatty())
        self.formatter = Formatter(colors)
        self._lines: list[str] = []
        self._is_unprinted = False
        self.printer = Printer(1, self._drained, self._stdout_failed)

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come: print them in one go."""
        self._lines = []
        super().listen(events)
        if self._lines:
            self.printer.write("\n".join(self._lines) + "\n")
        if self.printer.is_full:
            self.connection.set_paused(True)

    def heard(self, event: ev.Event) -> None:
        """One event: to be printed."""
        self.formatter.follow(event)
        line = self.show(event)
        if line is not None:
            self._lines.append(line)

    def show(self, event: ev.Event) -> str | None:
        """How an event is printed, if it is."""
        if isinstance(event, ev.Replay):
            return self.outage.gap(event.missing)
        if isinstance(event, PRESENCE) and self.options.quiet:
            return None
        return self.formatter.line(event)

    async def run(self) -> Exit:
        """Until it ends and all is printed; failed if it could not be."""
        code = await super().run()
        await self.printer.flush()
        return Exit.FAILED if code is Exit.DONE and self._is_unprinted else code

    def _drained(self) -> None:
        self.connection.set_paused(False)

    def _stdout_failed(self, problem: OSError) -> None:
        if isinstance(problem, BrokenPipeError):
            self.end(Exit.DONE)
            return
        self._is_unprinted = True
        complain(f"stdout: {problem.strerror}")
        self.end(Exit.FAILED)


class Tail(Lister):
    """Follows the room. Says nothing."""

    def __init__(self, options: Options, profile: Profile) -> None:
        super().__init__(options, profile)
        self._was_lost = False

    def hear(self, event: ev.Event) -> None:
        """Watch for the end of what was asked for."""
        super().hear(event)
        match event:
            case ev.Welcome() if not self.options.follow:
                if not self.options.lines and self.options.since is None:
                    self.end(Exit.DONE)
            case ev.Replayed() if not self.options.follow:
                self.end(Exit.DONE)
            case ev.Lost():
                self._was_lost = True
            case ev.Problem(command=command, text=text, code=code):
                if command in ("since", "history") or not self._was_lost:
                    self.end(Exit.REFUSED, text or code)
                else:
                    complain(text or code)

    def show(self, event: ev.Event) -> str | None:
        """As JSON, the server's own line."""
        if isinstance(event, ev.Problem):
            return None
        if not self.options.json:
            return super().show(event)
        if isinstance(event, PRESENCE) and self.options.quiet:
            return None
        return mend_json(event.raw) if event.raw else None


class Pipe(Lister, Sender):
    """`connect` without a terminal: stdin is said, what comes is printed.

    It ends when everything typed is answered: a last ping is the receipt.
    """

    def __init__(self, options: Options, profile: Profile) -> None:
        super().__init__(options, profile)
        self._live = asyncio.Event()
        self._answered = False

    def hear(self, event: ev.Event) -> None:
        """Watch for the receipt."""
        super().hear(event)
        match event:
            case ev.Lost():
                self._live.clear()
            case ev.Pong(token="end-of-input"):
                self._answered = True
        if self.session.state is State.LIVE and not self._live.is_set():
            self._live.set()
            if self.is_fed:
                self.session.command(_RECEIPT)

    def show(self, event: ev.Event) -> str | None:
        """All but the receipt."""
        if isinstance(event, ev.Pong) and self._answered:
            return None
        return super().show(event)

    def is_idle(self) -> bool:
        """Whether the receipt is there."""
        return self._answered

    async def feed(self, source: AsyncIterator[list[str]]) -> None:
        """Say all of it, then ask for the receipt."""
        await super().feed(source)
        if self.session.state is State.LIVE:
            self.session.command(_RECEIPT)
            self.connection.pump()

    async def take(self, line: str) -> None:
        """A line of stdin: said, or a command."""
        meant = interpret(line)
        if isinstance(meant, Say):
            await super().take(meant.text)
        elif isinstance(meant, Local):
            if meant.word == "quit":
                raise EOFError
            if meant.word == "help":
                await self._ask("/help")
                return
            raise ClientError(f"/{meant.word} needs a terminal")
        else:
            await self._ask(meant.line)

    async def _ask(self, command: str) -> None:
        await self._live.wait()
        self.session.command(command)


async def run_tail(options: Options) -> int:
    """`bcast-client tail`."""
    profile = Profile(
        name=options.name,
        secret=options.secret,
        history=options.lines,
        since=options.since,
    )
    return await Tail(options, profile).run()


async def run_pipe(options: Options) -> int:
    """`bcast-client connect`, with stdin or stdout not a terminal."""
    name = options.name or name_on_this_machine()
    pipe = Pipe(options, Profile(name=name, secret=options.secret, insist=True))
    return await pipe.run_with(read_lines(0))
