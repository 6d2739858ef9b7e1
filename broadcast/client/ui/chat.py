"""``bcast-client connect`` for a person: a connection and a terminal, put together."""

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
    NAME_ERRORS,
    PRESENCE,
    Exit,
    Runner,
    name_unanswered,
)
from broadcast.client.ui.alerts import Alerts
from broadcast.client.ui.commands import LocalCommands, send_command
from broadcast.client.ui.display import GATHER, Display, Status, Typed
from broadcast.client.ui.format import Formatter, wants_color
from broadcast.client.ui.look_back import LookBack
from broadcast.client.ui.meaning import Local, Remote, Say, interpret, understand
from broadcast.client.ui.members import Members
from broadcast.client.ui.prompt import Question, is_long, pending, prompt, refusal
from broadcast.client.ui.remembered import Remembered
from broadcast.client.ui.scroll import Scroll
from broadcast.protocol.sanitize import mend

LONG = 2.5  # seconds after which it is told that nobody answers
AGAIN = 5.0  # seconds in which a second Ctrl-C leaves


class Chat:
    """One session at the terminal.

    Args:
        options: the options of the command.
        profile: the identity that it asks for.
        display: the terminal.
        remembered: the settings of the last session here.
    """

    def __init__(
        self,
        options: Options,
        profile: Profile,
        display: Display,
        remembered: Remembered | None = None,
    ) -> None:
        self.runner = Runner(
            options, profile, self.listen, tell=self._keep_reason, ease=GATHER
        )
        self.options = options
        self.session = self.runner.session
        self.connection = self.runner.connection
        self.display = display
        display.enter, display.touched = self.enter, self.touched
        display.status, display.interrupted = self._status, self._interrupted
        is_colored = not (options.plain or display.echoes)
        colors = wants_color(options.color, os.environ, is_colored)
        self.formatter = Formatter(colors)
        self.scroll = Scroll(display, self.formatter, options)
        self.shown, self.record = self.scroll.shown, self.scroll.record
        self.note = self.scroll.note
        self.alerts = Alerts(options, display, self.note)
        self.look_back = LookBack(self.session, self.note, self._show_found)
        self.remembered = remembered or Remembered()
        if self.remembered.bell and "bell" not in options.given:
            self.alerts.when = self.remembered.bell
        self.members = Members(options, self.remembered, self.note)
        self.local = LocalCommands(self)
        self._loop = asyncio.get_running_loop()
        self._asked_at = -AGAIN
        self._is_settled = self._is_greeted = self._replaying = False
        self._question: Question | None = None
        self._login_words = self._name_words = ""
        self._slips: tuple[str, ...] = ()
        self._pings: deque[float] = deque()
        self._counting: asyncio.TimerHandle | None = None
        self._last = ""

    async def run(self) -> Exit:
        """Until the person leaves or the server is gone for good."""
        self.display.refresh()
        prompt = asyncio.create_task(self.display.run(self.connection.start))
        waiting = self._loop.call_later(LONG, self._tell_of_waiting)
        prompt.add_done_callback(self._prompt_ended)
        try:
            code = await self.runner.done
            self.display.leave()
            await asyncio.wait([prompt])
        finally:
            waiting.cancel()
            await self.runner.leave()
            self.alerts.close()
            self.record.close()
        if self._last:
            complain(self._last)
        name_unanswered(self.session.outbox)
        return code

    def _tell_of_waiting(self) -> None:
        if not self.connection.welcomed and self._question is None:
            self.note(f"no answer yet from {self.connection.address.where}")

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
        if not self._is_settled and self.session.state is State.LIVE:
            self._settle()
        if self.local.is_leaving and not len(self.session.outbox):
            self.end(Exit.DONE)
        if self.record.is_on:
            self.record.flush()
        self.display.refresh()

    def hear(self, event: ev.Event) -> None:
        """One event: shown, or acted on."""
        self.scroll.follow(event)
        match event:
            case ev.Message():
                self._message(event)
            case ev.Lost(retry_in=None):
                self.runner.end_with(event)
            case ev.Lost():
                self._lose(event)
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
                    self.scroll.divide("now")
            case ev.Page():
                self.look_back.hear(event)
                self.connection.pump()
            case ev.Problem():
                self._problem(event)
            case ev.Welcome():
                self._welcome(event)
            case ev.Pong() if self._pings:
                taken = (self._loop.time() - self._pings.popleft()) * 1000
                self.scroll.tell(f"{self.formatter.line(event)}: {taken:.1f} ms")
            case ev.Who():
                self.scroll.tell(self.formatter.who(event, self.members.silence))
            case _ if isinstance(event, PRESENCE):
                is_me = isinstance(event, ev.Renamed) and event.to == self.formatter.me
                if self.members.is_told(event) or is_me:
                    self.scroll.show(event)
            case _:
                self.scroll.show(event)
        self.members.follow(event)

    def _lose(self, event: ev.Lost) -> None:
        self._is_settled = False
        self._pings.clear()
        self.look_back.interrupted()
        if words := self.runner.lost(event.reason):
            self.note(words)
        self._count_down()

    def _problem(self, event: ev.Problem) -> None:
        if event.code in NAME_ERRORS and not self._is_settled:
            self._name_words = event.text or event.code
        elif event.line:
            self._give_back(event)
        else:
            self.scroll.show(event)
        if event.code in LOGIN_ERRORS or self.session.state is State.LOGIN:
            self.ask_secret(True)

    def _settle(self) -> None:
        """We are in, and what was missed is shown: say what is left to say."""
        self._is_settled = True
        if not self._is_greeted:
            self._is_greeted = True
            self.note("/help lists the commands, /quit leaves")
        else:
            self.members.miss_renames()
        if self._name_words:
            name = self.session.name
            self.note(f"{self._name_words}: you are {name}; /name NAME takes another")
            self._name_words = ""

    def _show_found(self, messages: list[ev.Message]) -> None:
        """Print lines of a search between dividers."""
        self.scroll.divide(count_of(len(messages), "line"))
        for message in messages:
            if message.name not in self.members.ignored:
                self.scroll.show(message)
        self.scroll.divide("now")

    def pinged(self) -> None:
        """A ping is sent, to be timed."""
        self._pings.append(self._loop.time())

    def clear(self) -> None:
        """Empty the screen."""
        self.display.clear()

    def ask_secret(self, yes: bool) -> None:
        """Take the next line as the secret, hidden."""
        name = self.session.profile.name or ""
        self._question = Question(self._login_words, name) if yes else None
        self.display.refresh()

    def _welcome(self, event: ev.Welcome) -> None:
        self.ask_secret(False)
        if words := self.runner.outage.over():
            self.note(words)
        if event.text:
            self.scroll.tell(self.formatter.server(event.text))

    def _message(self, event: ev.Message) -> None:
        if event.name in self.members.ignored:
            return
        if event.replayed:
            self.scroll.show(event)
        elif event.name == self.formatter.me:
            self.scroll.show(event, is_there=self.display.echoes)
        else:
            self.scroll.show_news(event)
            is_mention = self.formatter.is_mention(event)
            self.alerts.hear(event, is_mention=is_mention)

    def _give_back(self, event: ev.Problem) -> None:
        """A line of ours is refused: put it back into the editor, or say so here."""
        self.note(refusal(event, recalls=not self.display.echoes))
        if not (is_long(event.line) or self.display.give_back(event.line)):
            self.note(f"  {mend(event.line)}")

    def _replay(self, event: ev.Replay) -> None:
        if words := self.runner.outage.gap(event.missing):
            self.scroll.tell(words)
        self._replaying = event.count > 0
        if self._replaying:
            self.scroll.divide(f"replayed: {count_of(event.count, 'line')}")

    def _doubt(self, lines: tuple[str, ...]) -> None:
        self.note("these lines may have been said or not; the server cannot tell:")
        for line in lines:
            self.note(f"  {mend(line)}")
        self.note("/resend says them again, /drop forgets them")

    # From the person

    def touched(self) -> None:
        """A key was pressed."""
        self.scroll.touched()
        if self.alerts.unread:
            self.alerts.look()
        if self.connection.retry_at is not None:
            self.connection.wake()
            self.display.refresh()

    def enter(self, text: str) -> Typed:
        """A line, or several, were entered."""
        if self._question is not None and interpret(text) != Local("quit", ""):
            self.session.login(self._question.secret(text))
            self.ask_secret(False)
            self.connection.pump()
            return Typed.SECRET
        entered = understand(text)
        slips, self._slips = self._slips, entered.slips
        if entered.slips and entered.slips != slips:
            self.note("a blank stands in front: Enter again says this secret to all")
            return Typed.KEPT
        try:
            self.session.outbox.check(entered.says)
        except OutboxFullError as problem:
            self.note(f"not taken: {problem}")
            return Typed.KEPT
        for meant in entered.lines:
            self._act(meant)
        self.connection.pump()
        self.display.refresh()
        return Typed.TAKEN if entered.is_kept else Typed.SECRET

    def _interrupted(self) -> bool:
        """Whether Ctrl-C on an empty line leaves: the second one does."""
        before, self._asked_at = self._asked_at, self._loop.time()
        leaves = self._asked_at - before < AGAIN
        if not leaves:
            self.note("Ctrl-C again leaves")
        return leaves

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
        self.display.refresh()
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
