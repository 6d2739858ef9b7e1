"""The commands that this client answers itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from broadcast.client.core.state import State
from broadcast.client.io.runner import Exit
from broadcast.client.safe import visible
from broadcast.client.ui.format import Look
from broadcast.client.ui.interpret import LOCAL_HELP, REMOTE_HELP, Local

if TYPE_CHECKING:
    from broadcast.client.ui.chat import Chat

BELLS = ("off", "mention", "all")


class LocalCommands:
    """What /ignore, /save and the like do in a chat."""

    def __init__(self, chat: "Chat") -> None:
        self.bell = chat.options.bell
        self._chat = chat
        self._ignored: dict[str, str] = {}
        self._warned = False
        self.is_leaving = False

    def is_ignored(self, name: str) -> bool:
        """Whether what `name` says is hidden."""
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
        """Hide what somebody says."""
        if name:
            self._ignored[name.casefold()] = name
        names = ", ".join(sorted(self._ignored.values())) or "nobody"
        self._chat.note(f"ignored: {names}")

    def unignore(self, name: str = "") -> None:
        """Show what somebody says."""
        if self._ignored.pop(name.casefold(), None) is None:
            self._chat.note(f"{name or 'nobody'} was not ignored")
        else:
            self._chat.note(f"{name} is no longer ignored")

    def clear(self, *_: str) -> None:
        """Empty the screen."""
        self._chat.screen.clear()

    def save(self, path: str = "") -> None:
        """Write what was shown to a new file."""
        chat = self._chat
        if not path:
            chat.note("/save FILE")
            return
        look, lines = Look(0), []
        for look.me, event in chat.shown:
            lines.append(look.line(event))
        try:
            with Path(path).expanduser().open("x", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as problem:
            chat.note(f"not saved: {visible(path)}: {problem.strerror}")
        else:
            chat.note(f"saved: {len(lines)} lines in {visible(path)}")

    def set_bell(self, when: str = "") -> None:
        """When to ring."""
        if when and when not in BELLS:
            choices = ", ".join(BELLS)
            self._chat.note(f"/bell takes one of {choices}, not {visible(when)}")
            return
        self.bell = when or self.bell
        self._chat.note(f"bell: {self.bell} ({', '.join(BELLS)})")

    def resend(self, *_: str) -> None:
        """Say the doubtful lines again."""
        count = self._chat.session.outbox.resend_doubtful()
        self._chat.note(f"sending again: {count} lines")

    def drop(self, *_: str) -> None:
        """Forget the doubtful lines."""
        count = self._chat.session.outbox.drop_doubtful()
        self._chat.note(f"forgotten: {count} lines")

    def quit(self, *_: str) -> None:
        """Leave, after what was typed is said; unsent lines are asked about once."""
        chat = self._chat
        left = len(chat.session.outbox)
        if not left:
            chat.end(Exit.DONE)
        elif chat.session.state is State.LIVE and not self.is_leaving:
            self.is_leaving = True
            chat.note(f"waiting until {left} lines are said; again to leave at once")
        elif not self._warned:
            self._warned = True
            chat.note(f"{left} lines are not said yet; again to leave without them")
        else:
            chat.end(Exit.LOST, f"{left} lines were not said")
