"""``/search`` and ``/lastlog``: paging back through all that the server keeps."""

from collections import deque
from collections.abc import Callable

from broadcast.client import events as ev
from broadcast.client.core.session import Session
from broadcast.client.core.values import counted
from broadcast.client.core.words import count_of

MOST = 1000
"""Lines found, at most; older ones are not looked for."""

USUAL = 100

FURTHEST = 10_000
"""Lines that ``/lastlog`` shows, at most: they are held until the last page is here."""


class LookBack:
    """One search at a time, page by page, the newest lines first.

    Args:
        session: the session that asks.
        note: called with a sentence about the search.
        show: called with the lines that were found, the oldest first.
    """

    def __init__(
        self,
        session: Session,
        note: Callable[[str], None],
        show: Callable[[list[ev.Message]], None],
    ) -> None:
        self._session = session
        self._note = note
        self._show = show
        self._words: list[str] | None = None
        self._wanted = 0
        self._seen = 0
        self._stale = 0
        self._found: deque[ev.Message] = deque()

    def search(self, words: str = "") -> None:
        """Look for lines that have all these words in them, in any case."""
        if words:
            self._begin(words.casefold().split(), MOST)
        elif self._words is None:
            self._note("/search WORDS")
        else:
            self._words = None
            self._stale += 1
            self._note("the search is over")

    def lastlog(self, number: str = "") -> None:
        """Show the last lines again, however many pages they have."""
        try:
            wanted = counted(number) if number else USUAL
        except ValueError:
            self._note("/lastlog N, a number of lines")
        else:
            self._begin([], min(wanted, FURTHEST))

    def hear(self, page: ev.Page) -> None:
        """A page has come."""
        if self._stale or self._words is None:
            self._stale = max(0, self._stale - 1)
            return
        self._seen += len(page.messages)
        for message in reversed(page.messages):
            if len(self._found) < self._wanted and self._matches(message):
                self._found.appendleft(message)
        if page.first and len(self._found) < self._wanted:
            self._session.look_back(page.first)
        else:
            self._end()

    def interrupted(self) -> None:
        """The connection is gone, and the page with it."""
        if self._words is not None:
            self._words = None
            self._note("the search has ended with the connection")
        self._stale = 0

    def _begin(self, words: list[str], wanted: int) -> None:
        if self._words is not None:
            self._stale += 1  # the page that is on its way was for another search
        self._words, self._wanted, self._seen = words, wanted, 0
        self._found.clear()
        self._session.look_back()

    def _end(self) -> None:
        words, self._words = self._words, None
        if words:
            seen = count_of(self._seen, "line")
            self._note(f"found: {len(self._found)}, in {seen} of the server's log")
        elif not self._found:
            self._note("nothing was said yet")
        if self._found:
            self._show(list(self._found))
        self._found.clear()

    def _matches(self, message: ev.Message) -> bool:
        text = f"{message.name}: {message.text}".casefold()
        return all(word in text for word in self._words or ())
