"""What Tab offers: names at any word, commands at the start of a line."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from broadcast.client.ui.interpret import LOCAL_HELP, REMOTE_HELP


class RoomCompleter(Completer):
    """Completes the names that `names` gives, and the commands with their help."""

    def __init__(self, names: Callable[[], set[str]] = set) -> None:
        self.names = names

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """See prompt_toolkit."""
        line = document.current_line_before_cursor
        if line.startswith("/") and " " not in line:
            yield from _commands(line[1:].lower())
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
