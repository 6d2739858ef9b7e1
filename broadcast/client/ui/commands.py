"""The commands that a person types in a chat, and their actions."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from broadcast.client.core.options import BELLS, PRESENCES
from broadcast.client.core.session import Session, State
from broadcast.client.core.words import count_of, why_no_name, why_no_rename
from broadcast.client.events import Event
from broadcast.client.io.runner import Exit
from broadcast.client.ui.alerts import Alerts
from broadcast.client.ui.format import Formatter
from broadcast.client.ui.look_back import LookBack
from broadcast.client.ui.meaning import (
    FOOTER,
    LOCAL_HELP,
    REMOTE_HELP,
    Local,
    Remote,
)
from broadcast.client.ui.members import Members
from broadcast.client.ui.record import Record
from broadcast.client.ui.remembered import Remembered
from broadcast.protocol.names import is_word
from broadcast.protocol.sanitize import mend


class ChatContext(Protocol):
    """The chat that a command is typed in.

    Attributes:
        session: the session of the chat.
        shown: the events shown so far, each with our name at that time.
        remembered: the settings that are kept.
        members: the others, and the ignored among them.
        alerts: rings.
        record: the continuous log.
        look_back: searches.
    """

    session: Session
    shown: deque[tuple[str, Event]]
    remembered: Remembered
    members: Members
    alerts: Alerts
    record: Record
    look_back: LookBack

    def note(self, text: str) -> None:
        """Say something ourselves."""

    def clear(self) -> None:
        """Empty the screen."""

    def ask_secret(self, yes: bool) -> None:
        """Take the next line as the secret, hidden."""

    def pinged(self) -> None:
        """A ping is sent, to be timed."""

    def end(self, code: Exit, reason: str = "") -> None:
        """Leave, with this exit code."""


class LocalCommands:
    """The actions of ``/ignore``, ``/save`` and the like in a chat."""

    def __init__(self, chat: ChatContext) -> None:
        self._chat = chat
        self._warned = False
        self.is_leaving = False

    def run(self, command: Local) -> None:
        """Do it."""
        look_back = self._chat.look_back
        actions: dict[str, Callable[..., None]] = {
            "help": self.help,
            "me": lambda *_: self._chat.note("/me TEXT"),
            "ignore": self.ignore,
            "unignore": self.unignore,
            "presence": self.set_presence,
            "bell": self.set_bell,
            "search": self._asking(look_back.search),
            "lastlog": self._asking(look_back.lastlog),
            "save": self.save,
            "log": self.log,
            "clear": self.clear,
            "resend": self.resend,
            "drop": self.drop,
            "quit": self.quit,
        }
        actions[command.word](*([command.rest] if command.rest else []))

    def help(self, whose: str = "") -> None:
        """List the commands of both sides, or ask the server for its own list."""
        chat = self._chat
        if whose == "server":
            send_command(chat, Remote("help", ""))
            return
        for table, side in ((LOCAL_HELP, ""), (REMOTE_HELP, " (server)")):
            for word, words, text in table:
                chat.note(f"  {f'/{word} {words}':<24} {text}{side}")
        chat.note(FOOTER)

    def ignore(self, name: str = "") -> None:
        """Hide the lines of somebody."""
        chat = self._chat
        if name and not is_word(name):
            chat.note(why_no_name(name))
            return
        if name:
            chat.members.ignored.add(name)
            chat.members.keep()
        chat.note(f"ignored: {chat.members.ignored.words}")

    def unignore(self, name: str = "") -> None:
        """Show the lines of somebody again."""
        if not name:
            self._chat.note("/unignore NAME")
        elif self._chat.members.ignored.remove(name):
            self._chat.members.keep()
            self._chat.note(f"{mend(name)} is no longer ignored")
        else:
            self._chat.note(f"{mend(name)} was not ignored")

    def set_presence(self, which: str = "") -> None:
        """Show whose coming and going."""
        chat = self._chat
        if self._is_one_of("presence", which, PRESENCES):
            chat.members.set_presence(which)
        chat.note(f"presence: {chat.members.presence} ({', '.join(PRESENCES)})")

    def log(self, word: str = "") -> None:
        """Switch the continuous log."""
        record, note = self._chat.record, self._chat.note
        if word not in ("", "on", "off"):
            note(f"/log takes on or off, not {mend(word)}")
            return
        if word == "on" and record.path is None:
            note("no file for it: start with --log FILE")
            return
        if word:
            record.switch(word == "on")
        note(f"log: on, {mend(record.path or '')}" if record.is_on else "log: off")

    def clear(self, *_: str) -> None:
        """Empty the screen."""
        self._chat.clear()

    def save(self, path: str = "") -> None:
        """Write the events that were shown to a new file."""
        chat = self._chat
        if not path:
            chat.note("/save FILE")
            return
        formatter, lines = Formatter(0), []
        for formatter.me, event in chat.shown:
            lines.append(formatter.line(event))
        try:
            with Path(path).expanduser().open("x", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as problem:
            is_folder = Path(path).expanduser().is_dir()
            reason = "that is a folder" if is_folder else problem.strerror
            chat.note(f"not saved: {mend(path)}: {reason}")
        except (RuntimeError, ValueError) as problem:  # no such home, a NUL in it
            chat.note(f"not saved: {mend(path)}: {problem}")
        else:
            chat.note(f"saved: {count_of(len(lines), 'line')} in {mend(path)}")

    def set_bell(self, when: str = "") -> None:
        """When to ring."""
        chat = self._chat
        if self._is_one_of("bell", when, BELLS):
            chat.alerts.when = chat.remembered.bell = when
            chat.remembered.save()
        chat.note(f"bell: {chat.alerts.when} ({', '.join(BELLS)})")

    def _is_one_of(self, word: str, value: str, choices: Sequence[str]) -> bool:
        if value and value not in choices:
            text = f"/{word} takes one of {', '.join(choices)}, not {mend(value)}"
            self._chat.note(text)
        return value in choices

    def _asking(self, act: Callable[..., None]) -> Callable[..., None]:
        """The same action, where the server can be asked."""
        if self._chat.session.state is State.LIVE:
            return act
        return lambda *_: self._chat.note("not connected: nothing can be asked")

    def resend(self, *_: str) -> None:
        """Say the doubtful lines again."""
        count = self._chat.session.outbox.resend_doubtful()
        self._settled("sending again", count)

    def drop(self, *_: str) -> None:
        """Forget the doubtful lines."""
        count = self._chat.session.outbox.drop_doubtful()
        self._settled("forgotten", count)

    def _settled(self, done: str, count: int) -> None:
        lines = f"{done}: {count_of(count, 'line')}"
        self._chat.note(lines if count else "no line is in doubt")

    def quit(self, *_: str) -> None:
        """Leave when all lines are said; the second time, leave at once."""
        chat = self._chat
        left = len(chat.session.outbox)
        if not left:
            chat.end(Exit.DONE)
        elif self._warned:
            said = count_of(left, "line was", "lines were")
            chat.end(Exit.LOST, f"{said} not said")
        elif chat.session.state is State.LIVE:
            self._warned = self.is_leaving = True
            are = count_of(left, "line is", "lines are")
            chat.note(f"waiting until {are} said; again to leave at once")
        else:
            self._warned = True
            are = count_of(left, "line is", "lines are")
            chat.note(f"{are} not said yet; again to leave all the same")


def send_command(chat: ChatContext, meant: Remote) -> None:
    """Send a command as typed, or say why it can't or needn't be sent."""
    if chat.session.state is not State.LIVE and meant.word != "login":
        chat.note(f"not connected: /{meant.word} was not sent")
    elif meant.word == "format":
        chat.note("this client and the server speak json; /format is not for you")
    elif meant.word == "login" and not meant.rest:
        chat.ask_secret(True)
    elif meant.word == "name" and (reason := why_no_rename(meant.rest)):
        chat.note(reason)
    elif meant.word == "name" and meant.rest and " " not in meant.rest:
        chat.session.rename(meant.rest)
    else:
        if meant.word == "ping":
            chat.pinged()
        chat.session.command(meant.line)
