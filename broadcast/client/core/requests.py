"""What a session asks without being told to, and when it is to ask again.

On connecting: who we are, what we missed, who is here. Later: whether the server
still lives. The answers are awaited in `broadcast.client.answers`.
"""

from broadcast.client.core.pulse import Pulse
from broadcast.client.core.sync import Merge, Roster
from broadcast.client.core.wish import Wish
from broadcast.client.hints import SILENT

HEARTBEAT = "heartbeat"


class Asking:
    """The questions of one session, as lines without their line feeds.

    Args:
        merge: awaits old lines.
        roster: awaits names.
    """

    def __init__(self, merge: Merge, roster: Roster) -> None:
        self._merge = merge
        self._roster = roster
        self._pulse = Pulse()

    def introduction(self, wish: Wish, now: float) -> list[str]:
        """Return what a new connection begins with."""
        self._pulse.begin(now)
        name = [f"/name {wish.name} {wish.key}"] if wish.name else []
        return ["/format json", *name, *self.for_missed(wish, now)]

    def for_missed(self, wish: Wish, now: float) -> list[str]:
        """Return what asks for the room as it is, and what was said meanwhile.

        Any line but these ends the introduction at once.
        """
        self.interrupted()
        lines = []
        if self._merge.position is not None:
            lines.append(f"/since {self._merge.position}")
        elif wish.history:
            lines.append(f"/history {wish.history}")
        if lines:
            self._merge.asked(resume=True)
        lines.append(self._for_names(now) if wish.roster else f"/ping {HEARTBEAT}")
        return lines

    def interrupted(self) -> None:
        """What was asked will not be answered any more."""
        self._merge.interrupted()
        self._roster.interrupted()

    def by_hand(self, line: str) -> None:
        """Note what a command, sent as the person typed it, asks for."""
        word = line[1:].split(" ", 1)[0].lower()
        if word == "who":
            self._roster.asked(by_hand=True)
        elif word in ("history", "since"):
            self._merge.asked(resume=False)

    def heard(self, now: float) -> None:
        """Something came, at `now` (seconds)."""
        self._pulse.hear(now)

    def due(self, now: float) -> list[str]:
        """Return what is to be asked at `now`: a line at most."""
        if self._pulse.is_due(now):
            self._pulse.ask(now)
            return [f"/ping {HEARTBEAT}"]
        return [self._for_names(now)] if self._roster.is_wanted(now) else []

    def verdict(self, now: float, *, greeted: bool) -> str | None:
        """Return why the server counts as dead, or None."""
        if not greeted and self._pulse.is_late(now):
            return SILENT
        return "the server does not answer" if self._pulse.is_dead(now) else None

    def _for_names(self, now: float) -> str:
        self._roster.asked(by_hand=False, now=now)
        return "/who"
