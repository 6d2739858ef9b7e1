"""The lines of a chat, as they scroll by: on the terminal, in ``/save`` and the log."""

import time
from collections import deque
from collections.abc import Callable

from broadcast.client import events as ev
from broadcast.client.core.options import Options
from broadcast.client.ui.display import Display
from broadcast.client.ui.format import Formatter, day_of
from broadcast.client.ui.record import Record

KEEP_SHOWN = 10_000


class Scroll:
    """Prints events and texts, and keeps them.

    Args:
        display: the terminal.
        formatter: makes lines of events for it.
        options: the path of the continuous log, and how long is away.
        clock: seconds, never going back.

    Attributes:
        shown: the events so far, each with our name at that time.
        record: the continuous log.
    """

    def __init__(
        self,
        display: Display,
        formatter: Formatter,
        options: Options,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shown: deque[tuple[str, ev.Event]] = deque(maxlen=KEEP_SHOWN)
        self.record = Record(options.log, self.note)
        self._display = display
        self._formatter = formatter
        self._hour = self._day = ""
        self._away = options.away
        self._clock = clock
        self._touched_at = clock()
        self._is_divided = False

    def follow(self, event: ev.Event) -> None:
        """Know our own name; to be called with each event, in order."""
        self._formatter.follow(event)
        self.record.follow(event)

    def show(self, event: ev.Event, *, is_there: bool = False) -> None:
        """Print an event; not where it ``is_there``, as a typed line may be."""
        line = self._formatter.line(event)
        if line is None:
            return
        if at := getattr(event, "at", ""):
            self._watch_day(at)
        self.shown.append((self._formatter.me, event))
        if self.record.is_on:
            self.record.add(event)
        if not is_there:
            self._display.print(line)

    def show_news(self, event: ev.Event) -> None:
        """Print an event that the person may not see at once."""
        if not self._is_divided and self._clock() - self._touched_at >= self._away:
            self._is_divided = True
            self.divide("new since you looked away")
        self.show(event)

    def touched(self) -> None:
        """A key was pressed: the person is there."""
        self._touched_at = self._clock()
        self._is_divided = False

    def note(self, text: str) -> None:
        """Say something ourselves."""
        self._display.print(self._formatter.own(text))
        self.record.add_text(f"- {text}")

    def tell(self, text: str) -> None:
        """Print a text that is no event; the server's, perhaps."""
        self._display.print(text)
        self.record.add_text(text)

    def divide(self, text: str) -> None:
        """A line across."""
        self._display.print(self._formatter.divider(text))

    def _watch_day(self, at: str) -> None:
        """Tell where another day begins."""
        if at[:13] == self._hour:
            return
        self._hour = at[:13]
        before, self._day = self._day, day_of(at)
        if before and self._day and before != self._day:
            self.divide(self._day)
