"""The others, as a person wants to see them, their words and their coming and going."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from broadcast.client import events as ev
from broadcast.client.core.options import Options, presence_of
from broadcast.client.core.people import Ignored, Voices
from broadcast.client.ui.remembered import Remembered

SELDOM = 600.0
"""Seconds before it is told again that a rename may have been missed."""


class Members:
    """The ignored, and the mode of presence; both are kept between sessions.

    Args:
        options: the options of the command.
        remembered: the settings of the last session here.
        note: says something to the person.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        options: Options,
        remembered: Remembered,
        note: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.presence = presence_of(options)
        if remembered.presence and not {"presence", "quiet"} & options.given:
            self.presence = remembered.presence
        self.ignored = Ignored(remembered.ignored)
        self._remembered = remembered
        self._note = note
        self._clock = clock
        self._told_at = -SELDOM
        self._voices = Voices()

    def follow(self, event: ev.Event) -> None:
        """Note who speaks; to be called after the event was shown, or not."""
        self._voices.follow(event)

    def is_told(self, event: ev.Event) -> bool:
        """Whether a coming, going or rename is shown; renames are followed here."""
        if self.ignored.follow(event):
            self.keep()
        elif isinstance(event, ev.Presence):
            self.miss_renames()
        return self._voices.is_told(event, self.presence)

    def miss_renames(self) -> None:
        """Members may have other names now, which nobody told us."""
        now = self._clock()
        if len(self.ignored) and now - self._told_at >= SELDOM:
            self._told_at = now
            self._note("renames may have been missed: see /who for those you ignore")

    def silence(self, name: str) -> float | None:
        """For how many seconds a member has been silent, if it was heard at all."""
        return self._voices.silence(name, datetime.now(UTC).isoformat())

    def set_presence(self, which: str) -> None:
        """Show the coming and going of others: ``all``, ``smart`` or ``none``."""
        self.presence = self._remembered.presence = which
        self._remembered.save()

    def keep(self) -> None:
        """Remember who is ignored."""
        self._remembered.ignored = self.ignored.known
        self._remembered.save()
