"""``bcast-client tail``, and ``connect`` in a pipe: the room as plain text."""

import asyncio
import os
import sys

from broadcast.client import events as ev
from broadcast.client.cli.config import name_on_this_machine
from broadcast.client.cli.send import Feeder, Source
from broadcast.client.core.options import Options, presence_of
from broadcast.client.core.people import Voices
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import State
from broadcast.client.core.words import count_of, why_no_rename
from broadcast.client.errors import ClientError
from broadcast.client.io.descriptors import CANT_WRITE, ELSEWHERE, complain
from broadcast.client.io.runner import PRESENCE, Exit, Runner
from broadcast.client.io.stdio import Printer, is_terminal, read_lines
from broadcast.client.ui.format import Formatter, wants_color
from broadcast.client.ui.meaning import Local, Say, interpret
from broadcast.protocol.names import fold
from broadcast.protocol.sanitize import mend_json

_RECEIPT = "/ping end-of-input"


class Listing:
    """Events as lines on stdout; a reader that is slow makes the server wait.

    Args:
        runner: the command that ends when stdout takes no more.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        options = runner.options
        colors = wants_color(options.color, os.environ, is_terminal(sys.stdout))
        self._formatter = Formatter(colors)
        self._presence = presence_of(options)
        self._voices = Voices()
        self._lines: list[str] = []
        self._is_unprinted = False
        self.printer = Printer(1, self._drained, self._failed)

    def add(self, event: ev.Event) -> None:
        """Print an event with the next lines, if there is anything to see."""
        self._formatter.follow(event)
        self.add_line(self._line(event))
        self._voices.follow(event)

    def add_line(self, line: str | None) -> None:
        """Print a line with the next ones, if there is one."""
        if line is not None:
            self._lines.append(line)

    def print(self) -> None:
        """Print the lines that were added, in one go."""
        if self._lines:
            self.printer.write("\n".join(self._lines) + "\n")
            self._lines = []
        if self.printer.is_full:
            self._runner.connection.set_paused(True)

    async def finish(self, code: Exit) -> Exit:
        """Until all is printed; ``code``, or that it could not be."""
        await self.printer.flush()
        return Exit.FAILED if code is Exit.DONE and self._is_unprinted else code

    def _line(self, event: ev.Event) -> str | None:
        if isinstance(event, ev.Replay):
            return self._runner.outage.gap(event.missing)
        is_presence = isinstance(event, PRESENCE)
        if is_presence and not self._voices.is_told(event, self._presence):
            return None
        return self._formatter.line(event)

    def _drained(self) -> None:
        self._runner.connection.set_paused(False)

    def _failed(self, problem: OSError) -> None:
        if isinstance(problem, BrokenPipeError):
            self._runner.end(Exit.DONE)
            return
        self._is_unprinted = True
        complain(f"{CANT_WRITE}: {problem.strerror}; {ELSEWHERE}")
        self._runner.end(Exit.FAILED)


class Tail:
    """Follows the room. Says nothing."""

    def __init__(self, options: Options, profile: Profile) -> None:
        self._options = options
        self.runner = Runner(options, profile, self.listen)
        self.listing = Listing(self.runner)
        self._was_lost = False
        self._is_sifted = options.from_ is not None or options.grep is not None
        self._left = options.count

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come: print them in one go."""
        for event in events:
            if not self.runner.done.done():
                self.runner.react(event)
                self._hear(event)
                self._show(event)
        self.listing.print()

    async def run(self) -> Exit:
        """Until it ends and all is printed; the exit code."""
        self.listing.printer.watch()
        late = None
        if self._options.timeout is not None:
            loop = asyncio.get_running_loop()
            late = loop.call_later(self._options.timeout, self._time_out)
        try:
            return await self.listing.finish(await self.runner.run())
        finally:
            if late is not None:
                late.cancel()

    def _time_out(self) -> None:
        """End as ``--timeout`` says: well, unless lines are awaited."""
        if self._left is None:
            self.runner.end(Exit.DONE)
            return
        count = count_of(self._options.count or 0, "line")
        here = (self._options.count or 0) - self._left
        self.runner.end(
            Exit.FAILED,
            f"timed out: {here} of {count} came; give a longer --timeout",
        )

    def _hear(self, event: ev.Event) -> None:
        """End after the lines that were asked for, or with a refusal."""
        match event:
            case ev.Welcome() if not self._options.follow:
                if not self._options.lines and self._options.since is None:
                    self.runner.end(Exit.DONE)
            case ev.Replayed() if not self._options.follow:
                self.runner.end(Exit.DONE)
            case ev.Lost():
                self._was_lost = True
            case ev.Problem(command=command, text=text, code=code):
                if command in ("since", "history") or not self._was_lost:
                    self.runner.end(Exit.REFUSED, text or code)
                else:
                    complain(text or code)

    def _show(self, event: ev.Event) -> None:
        """Print all but problems, or what is sifted; as JSON, the server's own line."""
        if isinstance(event, ev.Problem) or not self._is_wanted(event):
            return
        if not self._options.json:
            self.listing.add(event)
        elif event.raw and not (self._is_alone and isinstance(event, PRESENCE)):
            self.listing.add_line(mend_json(event.raw))
        if isinstance(event, ev.Message) and self._left is not None:
            self._left -= 1
            if not self._left:
                self.runner.end(Exit.DONE)

    @property
    def _is_alone(self) -> bool:
        """Whether nobody's coming and going is shown."""
        return presence_of(self._options) == "none"

    def _is_wanted(self, event: ev.Event) -> bool:
        """Whether it passes ``--from`` and ``--grep``; a gap does always."""
        if not self._is_sifted or (isinstance(event, ev.Replay) and event.missing != 0):
            return True
        if not isinstance(event, ev.Message):
            return False
        name, pattern = self._options.from_, self._options.grep
        is_from = name is None or fold(name) == fold(event.name)
        return is_from and (pattern is None or pattern.search(event.text) is not None)


class Pipe:
    """``connect`` without a terminal: lines of stdin are said, events are printed.

    It ends when everything typed is answered: a last ping is the receipt.
    """

    def __init__(self, options: Options, profile: Profile) -> None:
        self.runner = Runner(options, profile, self.listen)
        self.listing = Listing(self.runner)
        self._feeder = Feeder(self.runner)
        self._live = asyncio.Event()
        self._is_answered = False

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come: print them in one go, but for the receipt."""
        for event in events:
            if not self.runner.done.done():
                self.runner.react(event)
                self._feeder.hear(event)
                self._hear(event)
                if not (isinstance(event, ev.Pong) and self._is_answered):
                    self.listing.add(event)
        self.listing.print()
        self._check()

    async def run(self, source: Source) -> Exit:
        """Say all of it until it is answered, and print; the exit code."""
        code = await self._feeder.run(self.feed(source))
        return await self.listing.finish(code)

    async def feed(self, source: Source) -> None:
        """Say all of it, then ask for the receipt."""
        await self._feeder.feed(source, self.take)
        self._check()
        if self.runner.session.state is State.LIVE:
            self.runner.session.command(_RECEIPT)
            self.runner.connection.pump()

    async def take(self, line: str) -> None:
        """A line of stdin: said, or a command."""
        meant = interpret(line)
        if isinstance(meant, Say):
            await self._feeder.say(meant.text)
        elif isinstance(meant, Local):
            if meant.word == "quit":
                raise EOFError
            if meant.word == "help":
                await self._ask("/help")
                return
            raise ClientError(f"/{meant.word} needs a terminal; leave it out")
        elif meant.word == "name" and (reason := why_no_rename(meant.rest)):
            raise ClientError(reason)
        else:
            await self._ask(meant.line)

    def _hear(self, event: ev.Event) -> None:
        """Watch for the receipt."""
        match event:
            case ev.Lost():
                self._live.clear()
            case ev.Pong(token="end-of-input"):
                self._is_answered = True
        if self.runner.session.state is State.LIVE and not self._live.is_set():
            self._live.set()
            if self._feeder.is_fed:
                self.runner.session.command(_RECEIPT)

    def _check(self) -> None:
        self._feeder.wake()
        if self._feeder.is_done and self._is_answered:
            self.runner.end(self._feeder.exit)

    async def _ask(self, command: str) -> None:
        await self._feeder.wait_until_sent()
        await self._live.wait()
        self.runner.session.command(command)


async def run_tail(options: Options) -> int:
    """``bcast-client tail``."""
    profile = Profile(
        name=options.name,
        secret=options.secret,
        history=options.lines,
        since=options.since,
        quiet=not options.announced,
    )
    return await Tail(options, profile).run()


async def run_pipe(options: Options) -> int:
    """``bcast-client connect``, with stdin or stdout not a terminal."""
    name = options.name or name_on_this_machine()
    pipe = Pipe(options, Profile(name=name, secret=options.secret, insist=True))
    return await pipe.run(read_lines(0))
