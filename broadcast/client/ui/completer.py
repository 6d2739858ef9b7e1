"""Completion by Tab, at the prompt of a chat."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import (
    CompleteEvent,
    Completer,
    Completion,
    PathCompleter,
)
from prompt_toolkit.document import Document

from broadcast.client.core.options import BELLS, PRESENCES
from broadcast.client.ui.meaning import LOCAL_HELP, REMOTE_HELP

CHOICES = {"/bell": BELLS, "/presence": PRESENCES, "/log": ("on", "off")}


class RoomCompleter(Completer):
    """Completes names, commands with their help, and the words that these take.

    Args:
        names: gives the names of the members.
    """

    def __init__(self, names: Callable[[], set[str]] = set) -> None:
        self.names = names
        self._files = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """See prompt_toolkit."""
        line = document.current_line_before_cursor
        if line.startswith("/") and " " not in line:
            yield from _commands(line[1:].lower())
            return
        command, _, rest = line.partition(" ")
        if choices := CHOICES.get(command.lower()):
            for choice in choices:
                if choice.startswith(rest.lower()):
                    yield Completion(choice, -len(rest))
            return
        if command.lower() == "/save":
            yield from self._files.get_completions(Document(rest), complete_event)
            return
        word = line.rpartition(" ")[2]
        ending = ": " if word == line else " "
        wanted = word.lstrip("@").casefold()
        for name in sorted(self.names(), key=str.casefold):
            if name.casefold().startswith(wanted):
                start = -len(word.lstrip("@"))
                yield Completion(name + ending, start, display=name)


def _commands(typed: str) -> Iterable[Completion]:
    for table, side in ((LOCAL_HELP, "here"), (REMOTE_HELP, "server")):
        for word, words, text in table:
            if word.startswith(typed) and (side, word) != ("server", "help"):
                meta = f"{text} ({side})"
                display = f"/{word} {words}".rstrip()
                yield Completion(
                    f"{word} ", -len(typed), display=display, display_meta=meta
                )
