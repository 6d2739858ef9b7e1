"""The terminal, as a chat sees it, whether it has a prompt or only lines."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

GATHER = 0.05
"""Seconds in which lines are gathered before they are shown."""


class Typed(enum.Enum):
    """The fate of an entered text."""

    TAKEN = enum.auto()
    SECRET = enum.auto()
    KEPT = enum.auto()


@dataclass(frozen=True, slots=True)
class Status:
    """The prompt.

    Attributes:
        text: before the cursor.
        rows: above it, dimmed; each is cut, and not wrapped.
        is_hidden: whether typed keys are not shown.
    """

    text: str = ""
    rows: Sequence[str] = ()
    is_hidden: bool = False


class Display(Protocol):
    """A terminal.

    Its user sets the callbacks: ``enter`` is called with the typed text, and a text
    that is ``KEPT`` stays in the buffer, a ``SECRET`` one out of the history;
    ``touched`` comes at each key press; ``interrupted`` at Ctrl-C with nothing typed,
    and answers whether to leave; ``status`` is asked at each drawing.

    Attributes:
        echoes: whether typed lines stay where they were typed.
    """

    enter: Callable[[str], Typed]
    touched: Callable[[], None]
    interrupted: Callable[[], bool]
    status: Callable[[], Status]
    echoes: bool

    async def run(self, started: Callable[[], None]) -> None:
        """Until ``leave``; ``started`` is called when the person can type.

        Raises:
            KeyboardInterrupt: Ctrl-C, and ``interrupted`` answered that it leaves.
            EOFError: the terminal is gone.
        """

    def leave(self) -> None:
        """End ``run``."""

    def print(self, text: str) -> None:
        """Show whole lines; the text is trusted to be safe to write."""

    def refresh(self) -> None:
        """Ask for the status, and show it."""

    def give_back(self, text: str) -> bool:
        """Put a text into the editor, if there is one and nothing is in it."""

    def clear(self) -> None:
        """Empty the screen."""

    def ring(self) -> None:
        """The terminal's bell."""

    def set_title(self, title: str) -> None:
        """Name the window; an empty title is the terminal's own again."""
