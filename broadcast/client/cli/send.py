"""`bcast-client send`: says lines and waits until the server has them all."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

from broadcast.client import events as ev
from broadcast.client.cli.config import name_on_this_machine
from broadcast.client.cli.stdio import read_lines
from broadcast.client.core.options import Options
from broadcast.client.core.requests import Profile
from broadcast.client.errors import ClientError
from broadcast.client.io.runner import NAME_ERRORS, Exit, Runner, complain


class Sender(Runner):
    """Says lines, each exactly once, and ends when all of them are acknowledged."""

    def __init__(self, options: Options, profile: Profile) -> None:
        super().__init__(options, profile)
        self._room = asyncio.Event()
        self.is_fed = False
        self._refused = 0
        self._is_renamed = False

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come."""
        super().listen(events)
        self._check()

    def hear(self, event: ev.Event) -> None:
        """Watch for what cannot be said."""
        super().hear(event)
        match event:
            case ev.Problem(token=token, text=text, code=code) if token:
                if event.is_final:
                    self._refused += 1
                    complain(f"a line was refused: {text or code}")
            case ev.Problem(command="name", text=text, code=code) if (
                self.session.is_nameless
            ):
                self._rename(text or code)
            case ev.Problem(code=code, text=text) if code in NAME_ERRORS:
                self.end(Exit.REFUSED, text or code)
            case ev.Doubtful(lines=lines):
                text = f"{len(lines)} lines may have been said or not: not sent again"
                self.end(Exit.LOST, text)

    async def feed(self, source: AsyncIterator[list[str]]) -> None:
        """Say all of it, no faster than the server takes it."""
        try:
            async for lines in source:
                for line in lines:
                    await self.take(line)
                self.connection.pump()
        except EOFError:
            pass
        except (ValueError, ClientError) as problem:
            self.end(Exit.FAILED, str(problem))
        self.is_fed = True
        self.connection.pump()
        self._check()

    async def run_with(self, source: AsyncIterator[list[str]]) -> Exit:
        """Feed it while it runs; the exit code."""
        feeding = asyncio.create_task(self.feed(source))
        try:
            return await self.run()
        finally:
            feeding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeding

    async def take(self, line: str) -> None:
        """Queue one line; blank ones are nothing to say."""
        while not self.session.outbox.has_room:
            self._room.clear()
            self.connection.pump()
            if not self.session.outbox.has_room:
                await self._room.wait()
        if line.strip():
            self.session.say(line)

    def _check(self) -> None:
        if self.session.outbox.has_room:
            self._room.set()
        if self.is_fed and not len(self.session.outbox) and self.is_idle():
            self.end(Exit.REFUSED if self._refused else Exit.DONE)

    def is_idle(self) -> bool:
        """Whether nothing else is waited for."""
        return self.connection.welcomed

    def _rename(self, text: str) -> None:
        if self.options.name is not None or self._is_renamed:
            self.end(Exit.REFUSED, text)
            return
        self._is_renamed = True
        base = (self.session.profile.name or "guest")[:25]
        self.session.rename(f"{base}-{secrets.token_hex(3)}")
        self.connection.pump()


async def run_send(options: Options) -> int:
    """`bcast-client send`."""
    name = options.name or name_on_this_machine()
    sender = Sender(options, Profile(name=name, secret=options.secret, insist=True))
    source = _words(options.text) if options.text else read_lines(0)
    return await sender.run_with(source)


async def _words(text: tuple[str, ...]) -> AsyncIterator[list[str]]:
    yield " ".join(text).split("\n")
