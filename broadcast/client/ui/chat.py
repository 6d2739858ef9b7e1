"""``bcast-client connect`` for a person: a connection and a screen, put together."""

import asyncio
import os
from collections import deque

from broadcast.client import events as ev
from broadcast.client.core.options import Options
from broadcast.client.core.requests import Profile
from broadcast.client.core.session import State
from broadcast.client.core.words import count_of
from broadcast.client.errors import OutboxFullError
from broadcast.client.io.descriptors import complain
from broadcast.client.io.runner import (
    LOGIN_ERRORS,
    PRESENCE,
    Exit,
    Runner,
    name_unanswered,
)
from broadcast.client.ui.commands import (
    Local,
    LocalCommands,
    Remote,
    Say,
    interpret,
    send_command,
)
from broadcast.client.ui.format import Formatter, wants_color
from broadcast.client.ui.prompt import Question, pending, prompt
from broadcast.client.ui.screen import GATHER, Screen, Status, Typed
from broadcast.protocol.sanitize import mend

KEEP_SHOWN = 10_000


class Chat:
    """One session at the terminal."""

    def __init__(self, options: Options, profile: Profile, screen: Screen) -> None:
        self.runner = Runner(
            options, profile, self.listen, tell=self._keep_reason, ease=GATHER
        )
        self.options = options
        self.session = self.runner.session
        self.connection = self.runner.connection
        self.screen = screen
        screen.enter, screen.touched = self.enter, self.touched
        screen.status = self._status
        self.formatter = Formatter(wants_color(options.color, os.environ, True))
        self.shown: deque[tuple[str, ev.Event]] = deque(maxlen=KEEP_SHOWN)
        self.local = LocalCommands(self)
        self._loop = asyncio.get_running_loop()
        self._touched_at = self._loop.time()
        self._divided = False
        self._question: Question | None = None
        self._login_words = ""
        self._counting: asyncio.TimerHandle | None = None
        self._replaying = False
        self._last = ""

    async def run(self) -> Exit:
        """Until the person leaves or the server is gone for good."""
        self.screen.refresh()
        prompt = asyncio.create_task(self.screen.run(self.connection.start))
        prompt.add_done_callback(self._prompt_ended)
        try:
            code = await self.runner.done
            self.screen.leave()
            await asyncio.wait([prompt])
        finally:
            await self.runner.leave()
        if self._last:
            complain(self._last)
        name_unanswered(self.session.outbox)
        return code

    def end(self, code: Exit, reason: str = "") -> None:
        """Leave, with this exit code."""
        self.runner.end(code, reason)

    def _keep_reason(self, reason: str) -> None:
        """Why it ended, to be told when the prompt is gone."""
        self._last = reason

    # From the connection

    def listen(self, events: list[ev.Event]) -> None:
        """Events have come."""
        for event in events:
            if not self.runner.done.done():
                self.hear(event)
        if self.local.is_leaving and not len(self.session.outbox):
            self.end(Exit.DONE)
        self.screen.refresh()

    def hear(self, event: ev.Event) -> None:
        """One event: shown, or acted on."""
        self.formatter.follow(event)
        match event:
            case ev.Lost(retry_in=None):
                self.runner.end_with(event)
            case ev.Lost(reason=reason):
                if words := self.runner.outage.lost(reason):
                    self.note(words)
                self._count_down()
            case ev.LoginNeeded(text=text):
                self.note(text or "the server asks for a login")
                self._login_words = text
                self.ask_secret(self.options.secret is None)
            case ev.Doubtful(lines=lines):
                self._doubt(lines)
            case ev.Replay():
                self._replay(event)
            case ev.Replayed():
                if self._replaying:
                    self.screen.print(self.formatter.divider("now"))
            case ev.Message():
                self._message(event)
            case ev.Problem(line=line) if line:
                self._give_back(event)
            case ev.Welcome():
                self._welcome(event)
            case _ if isinstance(event, PRESENCE) and self.options.quiet:
                pass
            case _:
                self.show(event)
        if isinstance(event, ev.Problem) and (
            event.code in LOGIN_ERRORS or self.session.state is State.LOGIN
        ):
            self.ask_secret(True)

    def show(self, event: ev.Event) -> None:
        """Print an event, and remember it with our name for ``/save``."""
        line = self.formatter.line(event)
        if line is not None:
            self.shown.append((self.formatter.me, event))
            self.screen.print(line)

    def note(self, text: str) -> None:
        """Say something ourselves."""
        self.screen.print(self.formatter.own(text))

    def clear(self) -> None:
        """Empty the screen."""
        self.screen.clear()

    def ask_secret(self, yes: bool) -> None:
        """Take the next line as the secret, hidden."""
        name = self.session.profile.name or ""
        self._question = Question(self._login_words, name) if yes else None
        self.screen.refresh()

    def _welcome(self, event: ev.Welcome) -> None:
        self.ask_secret(False)
        if words := self.runner.outage.over():
            self.note(words)
        if event.text:
            self.screen.print(self.formatter.server(event.text))

    def _message(self, event: ev.Message) -> None:
        if self.local.is_ignored(event.name):
            return
        idle = self._loop.time() - self._touched_at
        if idle >= self.options.away and not self._divided and not event.replayed:
            self._divided = True
            self.screen.print(self.formatter.divider("new since you looked away"))
        self.show(event)
        bell = self.local.bell
        if bell == "off" or event.replayed or event.name == self.formatter.me:
            return
        if bell == "all" or self.formatter.is_mention(event):
            self.screen.ring()

    def _give_back(self, event: ev.Problem) -> None:
        """A line of ours is refused: put it back into the editor, or say so here."""
        self.note(f"not said: {event.text or event.code}")
        if not self.screen.give_back(event.line):
            self.note(f"  {mend(event.line)}")

    def _replay(self, event: ev.Replay) -> None:
        if words := self.runner.outage.gap(event.missing):
            self.screen.print(words)
        self._replaying = event.count > 0
        if self._replaying:
            count = count_of(event.count, "line")
            self.screen.print(self.formatter.divider(f"replayed: {count}"))

    def _doubt(self, lines: tuple[str, ...]) -> None:
        self.note("these lines may have been said or not; the server cannot tell:")
        for line in lines:
            self.note(f"  {mend(line)}")
        self.note("/resend says them again, /drop forgets them")

    # From the person

    def touched(self) -> None:
        """A key was pressed."""
        self._touched_at = self._loop.time()
        self._divided = False
        if self.connection.retry_at is not None:
            self.connection.wake()
            self.screen.refresh()

    def enter(self, text: str) -> Typed:
        """A line, or several, were entered."""
        if self._question is not None:
            self.session.login(self._question.secret(text))
            self.ask_secret(False)
            self.connection.pump()
            return Typed.SECRET
        lines = [interpret(line) for line in text.split("\n")]
        says = [m.text for m in lines if isinstance(m, Say) and m.text.strip()]
        try:
            self.session.outbox.check(says)
        except OutboxFullError as problem:
            self.note(f"not taken: {problem}")
            return Typed.KEPT
        for meant in lines:
            self._act(meant)
        self.connection.pump()
        self.screen.refresh()
        secret = any(isinstance(m, Remote) and m.word == "login" for m in lines)
        return Typed.SECRET if secret else Typed.TAKEN

    def _act(self, meant: Say | Local | Remote) -> None:
        if isinstance(meant, Local):
            self.local.run(meant)
        elif isinstance(meant, Remote):
            send_command(self, meant)
        elif meant.text.strip():
            self._say(meant.text)

    def _say(self, text: str) -> None:
        try:
            self.session.say(text)
        except OutboxFullError as problem:  # ``/resend`` among the lines has filled it
            self.note(f"not taken: {mend(text)}: {problem}")

    # The prompt

    def _status(self) -> Status:
        """The text that belongs around the cursor now."""
        if self._question is not None:
            return Status(self._question.prompt, is_hidden=True)
        wait = None
        if self.connection.retry_at is not None:
            wait = self.connection.retry_at - self._loop.time()
        rows = pending(self.session) if len(self.session.outbox) else ()
        return Status(prompt(self.session, wait), rows)

    def _count_down(self) -> None:
        """Draw the seconds until the next try."""
        self.screen.refresh()
        if self._counting is not None:
            self._counting.cancel()
        self._counting = None
        if self.connection.retry_at is not None:
            self._counting = self._loop.call_later(1, self._count_down)

    def _prompt_ended(self, task: "asyncio.Task[None]") -> None:
        problem = None if task.cancelled() else task.exception()
        if isinstance(problem, KeyboardInterrupt):
            self.end(Exit.INTERRUPTED)
        elif problem is None or isinstance(problem, EOFError):
            self.end(Exit.LOST if len(self.session.outbox) else Exit.DONE)
        else:
            self.end(Exit.FAILED, f"the terminal failed: {problem}")
