"""The meaning of a typed line, as text or a command; and the local commands.

Knows no terminal: ``connect`` in a pipe reads its input with ``interpret`` too.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from broadcast.client.core.options import BELLS, Options
from broadcast.client.core.session import Session, State
from broadcast.client.core.words import count_of, why_no_rename
from broadcast.client.events import Event
from broadcast.client.io.runner import Exit
from broadcast.client.ui.format import Formatter
from broadcast.protocol.sanitize import mend

LOCAL_HELP = (
    ("help", "", "this list, and the server's commands"),
    ("ignore", "NAME", "hide what NAME says; alone: who is hidden"),
    ("unignore", "NAME", "show NAME again"),
    ("clear", "", "empty the screen"),
    ("save", "FILE", "write what was shown to FILE"),
    ("bell", "off|mention|all", "when to ring"),
    ("resend", "", "say the lines in doubt again"),
    ("drop", "", "forget the lines in doubt"),
    ("quit", "", "leave; also /exit, exit and Ctrl-D"),
)

REMOTE_HELP = (
    ("name", "NAME", "take another name"),
    ("who", "[PREFIX]", "who is here"),
    ("history", "[N]", "the last lines again"),
    ("since", "EPOCH:ID", "what was said after that message"),
    ("ping", "[WORD]", "ask for a pong"),
    ("login", "", "tell the server your secret; it is asked for hidden"),
)

_LOCAL = frozenset(word for word, _, _ in LOCAL_HELP) | {"exit"}


@dataclass(frozen=True, slots=True)
class Say:
    """A line to say."""

    text: str


@dataclass(frozen=True, slots=True)
class Local:
    """A command for this client: its word, without the slash, and the rest."""

    word: str
    rest: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A command for the server, as typed."""

    word: str
    rest: str

    @property
    def line(self) -> str:
        """As it is sent."""
        return f"/{self.word} {self.rest}".rstrip()


def interpret(line: str) -> Say | Local | Remote:
    """The meaning of a typed line. ``//x`` says ``/x``; ``exit`` alone leaves."""
    if line.strip().lower() == "exit":
        return Local("quit", "")
    if line.startswith("//") or not line.startswith("/"):
        return Say(line[1:] if line.startswith("//") else line)
    word, _, rest = line[1:].partition(" ")
    word, rest = word.lower(), rest.strip()
    if word in _LOCAL:
        return Local("quit" if word == "exit" else word, rest)
    return Remote("name" if word == "nick" else word, rest)


class ChatContext(Protocol):
    """The chat that a command is typed in.

    Attributes:
        options: the options of the command.
        session: the session of the chat.
        shown: the events shown so far, each with our name at that time.
    """

    options: Options
    session: Session
    shown: deque[tuple[str, Event]]

    def note(self, text: str) -> None:
        """Say something ourselves."""

    def clear(self) -> None:
        """Empty the screen."""

    def ask_secret(self, yes: bool) -> None:
        """Take the next line as the secret, hidden."""

    def end(self, code: Exit, reason: str = "") -> None:
        """Leave, with this exit code."""


class LocalCommands:
    """The actions of ``/ignore``, ``/save`` and the like in a chat."""

    def __init__(self, chat: ChatContext) -> None:
        self.bell = chat.options.bell
        self._chat = chat
        self._ignored: dict[str, str] = {}
        self._warned = False
        self.is_leaving = False

    def is_ignored(self, name: str) -> bool:
        """Whether the lines of ``name`` are hidden."""
        return bool(self._ignored) and name.casefold() in self._ignored

    def run(self, command: Local) -> None:
        """Do it."""
        actions: dict[str, Callable[..., None]] = {
            "help": self.help,
            "ignore": self.ignore,
            "unignore": self.unignore,
            "clear": self.clear,
            "save": self.save,
            "bell": self.set_bell,
            "resend": self.resend,
            "drop": self.drop,
            "quit": self.quit,
        }
        actions[command.word](*([command.rest] if command.rest else []))

    def help(self, *_: str) -> None:
        """Tell local commands from the server's."""
        note = self._chat.note
        note("in this client:")
        for word, words, text in LOCAL_HELP:
            note(f"  {f'/{word} {words}':<24} {text}")
        note("at the server:")
        for word, words, text in REMOTE_HELP:
            note(f"  {f'/{word} {words}':<24} {text}")
        note("//TEXT says /TEXT; Alt-Enter begins a new line; Tab completes")
        if self._chat.session.state is State.LIVE:
            note("the server itself says:")
            self._chat.session.command("/help")

    def ignore(self, name: str = "") -> None:
        """Hide the lines of somebody."""
        if name:
            self._ignored[name.casefold()] = name
        names = ", ".join(sorted(self._ignored.values())) or "nobody"
        self._chat.note(f"ignored: {names}")

    def unignore(self, name: str = "") -> None:
        """Show the lines of somebody again."""
        if self._ignored.pop(name.casefold(), None) is None:
            self._chat.note(f"{name or 'nobody'} was not ignored")
        else:
            self._chat.note(f"{name} is no longer ignored")

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
            chat.note(f"not saved: {mend(path)}: {problem.strerror}")
        except (RuntimeError, ValueError) as problem:  # no such home, a NUL in it
            chat.note(f"not saved: {mend(path)}: {problem}")
        else:
            chat.note(f"saved: {count_of(len(lines), 'line')} in {mend(path)}")

    def set_bell(self, when: str = "") -> None:
        """When to ring."""
        if when and when not in BELLS:
            choices = ", ".join(BELLS)
            self._chat.note(f"/bell takes one of {choices}, not {mend(when)}")
            return
        self.bell = when or self.bell
        self._chat.note(f"bell: {self.bell} ({', '.join(BELLS)})")

    def resend(self, *_: str) -> None:
        """Say the doubtful lines again."""
        count = self._chat.session.outbox.resend_doubtful()
        self._chat.note(f"sending again: {count_of(count, 'line')}")

    def drop(self, *_: str) -> None:
        """Forget the doubtful lines."""
        count = self._chat.session.outbox.drop_doubtful()
        self._chat.note(f"forgotten: {count_of(count, 'line')}")

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
        chat.session.command(meant.line)
