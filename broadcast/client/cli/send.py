"""``bcast-client send``: says lines and waits until the server has them all."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

from broadcast.client import events as ev
from broadcast.client.cli.config import name_on_this_machine
from broadcast.client.core.options import Options
from broadcast.client.core.requests import Profile
from broadcast.client.core.words import count_of, shorten
from broadcast.client.errors import ClientError
from broadcast.client.io.descriptors import OTHERWISE, complain
from broadcast.client.io.runner import (
    DOUBT,
    NAME_ERRORS,
    Exit,
    Runner,
    name_unanswered,
)
from broadcast.client.io.stdio import BOM, read_lines
from broadcast.protocol.sanitize import mend

Source = AsyncIterator[list[str]]


class Feeder:
    """Says lines, each exactly once, and no faster than the server takes them.

    Args:
        runner: the connection on which they are said.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._room = asyncio.Event()
        self._refused = self._doubtful = 0
        self._is_renamed = self._has_spoken = self._has_failed = False
        self.is_fed = False

    @property
    def is_done(self) -> bool:
        """Whether there is no more, and all of it is answered."""
        return self.is_fed and not len(self._runner.session.outbox)

    @property
    def exit(self) -> Exit:
        """The exit code for the lines that were fed."""
        if self._has_failed:
            return Exit.FAILED
        if self._doubtful:
            return Exit.LOST
        return Exit.REFUSED if self._refused else Exit.DONE

    def hear(self, event: ev.Event) -> None:
        """Name the lines that were refused or are in doubt; act on a refused name."""
        match event:
            case ev.Problem(token=token, text=text, code=code) if token:
                if event.is_final:
                    self._refused += 1
                    line = shorten(mend(event.line))
                    complain(f"a line was refused: {text or code}: {line}")
            case ev.Ack():
                self._has_spoken, self._is_renamed = True, False
            case ev.Problem(command="name", text=text, code=code) if (
                self._runner.session.is_nameless
            ):
                self._rename(text or code)
            case ev.Problem(code=code, text=text) if code in NAME_ERRORS:
                self._runner.end(Exit.REFUSED, text or code)
            case ev.Doubtful(lines=lines):
                self._doubt(lines)

    async def feed(
        self, source: Source, take: Callable[[str], Awaitable[None]]
    ) -> None:
        """Give each line of ``source`` to ``take``, until one raises ``EOFError``."""
        try:
            async for lines in source:
                for line in lines:
                    await take(line)
                self._runner.connection.pump()
        except EOFError:
            pass
        except ClientError as problem:
            self._runner.end(Exit.FAILED, str(problem))
        except (OSError, ValueError) as problem:  # what was read before is still said
            self._has_failed = True
            reason = getattr(problem, "strerror", None) or problem
            why = str(reason) if "; " in str(reason) else f"{reason}; {OTHERWISE}"
            complain(f"can't read standard input: {why}")
        self.is_fed = True
        self._runner.connection.pump()

    async def say(self, line: str) -> None:
        """Queue one line, when there is room; blank ones are nothing to say."""
        outbox = self._runner.session.outbox
        while not outbox.has_room:
            self._room.clear()
            self._runner.connection.pump()
            if not outbox.has_room:
                await self._room.wait()
        if line.strip():
            self._runner.session.say(line)

    async def wait_until_sent(self) -> None:
        """Until nothing waits to be sent, so that a command overtakes no line."""
        while self._runner.session.outbox.waiting:
            self._room.clear()
            self._runner.connection.pump()
            if self._runner.session.outbox.waiting:
                await self._room.wait()

    async def run(self, feeding: Coroutine[object, object, None]) -> Exit:
        """Feed while the command runs, and no longer; its exit code.

        Whatever ends it, no line is left out: those that are unanswered are named.
        """
        task = asyncio.create_task(feeding)
        is_named = False
        try:
            code = await self._runner.run()
            is_named = True
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self._account(is_named)
        return code

    def wake(self) -> None:
        """Go on where there is room again."""
        if self._runner.session.outbox.has_room:
            self._room.set()

    def _doubt(self, lines: tuple[str, ...]) -> None:
        """Do with lines in doubt as the options say."""
        outbox, action = self._runner.session.outbox, self._runner.options.on_doubt
        self._doubtful += len(lines)
        word = "perhaps said twice" if action == "resend" else DOUBT
        for line in lines:
            complain(f"{word}: {mend(line)}")
        if action == "resend":
            outbox.resend_doubtful()
            return
        outbox.drop_doubtful()
        if action == "stop":
            self._runner.connection.close()
            self._runner.end(Exit.LOST)

    def _account(self, is_named: bool) -> None:
        """Name the lines that nobody answers any more, or only count them."""
        outbox = self._runner.session.outbox
        sent, unsaid = len(outbox) - outbox.waiting, outbox.waiting
        if not (self._has_spoken or self._doubtful or sent):
            return  # it never came to that
        if is_named:
            name_unanswered(outbox)
        self._doubtful += sent
        if self._doubtful:
            may = "may be said twice" * (self._runner.options.on_doubt == "resend")
            may = may or "may have been said or not"
            complain(f"{count_of(self._doubtful, 'line')} {may}")
        if unsaid:
            complain(f"{count_of(unsaid, 'line')} not said")

    def _rename(self, text: str) -> None:
        if self._runner.options.name is not None or self._is_renamed:
            self._runner.end(Exit.REFUSED, text)
            return
        self._is_renamed = True
        base = (self._runner.session.profile.name or "guest")[:25]
        self._runner.session.rename(f"{base}-{secrets.token_hex(3)}")
        self._runner.connection.pump()


class Sender:
    """Says lines, and ends when all of them are acknowledged."""

    def __init__(self, options: Options, profile: Profile) -> None:
        self.runner = Runner(options, profile, self.listen)
        self.feeder = Feeder(self.runner)

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come."""
        for event in events:
            if not self.runner.done.done():
                self.runner.react(event)
                self.feeder.hear(event)
        self._check()

    async def feed(self, source: Source) -> None:
        """Say all of it."""
        await self.feeder.feed(source, self.feeder.say)
        self._check()

    async def run(self, source: Source) -> Exit:
        """Say all of it, until the server has it; the exit code."""
        return await self.feeder.run(self.feed(source))

    def _check(self) -> None:
        self.feeder.wake()
        if self.feeder.is_done and self.runner.connection.welcomed:
            self.runner.end(self.feeder.exit)


async def run_send(options: Options) -> int:
    """``bcast-client send``."""
    name = options.name or name_on_this_machine()
    profile = Profile(
        name=name, secret=options.secret, insist=True, quiet=not options.announced
    )
    sender = Sender(options, profile)
    source = _words(options.text) if options.text else read_lines(0)
    return await sender.run(source)


async def _words(text: tuple[str, ...]) -> Source:
    yield " ".join(text).removeprefix(BOM).split("\n")
