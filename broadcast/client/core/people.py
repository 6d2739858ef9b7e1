"""The other members, as this client heard of them: their last words, and the ignored.

Pure bookkeeping over events. The times are the server's, as they stand in the events.
"""

from collections.abc import Iterable
from datetime import datetime

from broadcast.client import events as ev
from broadcast.protocol.names import fold

LATELY = 600.0
"""For so many seconds somebody has spoken lately."""

MAX_VOICES = 2_000


class Voices:
    """When each member was heard last; of the last ``MAX_VOICES`` of them."""

    def __init__(self) -> None:
        self._heard: dict[str, str] = {}

    def follow(self, event: ev.Event) -> None:
        """Note who speaks, under the name that it has now."""
        if isinstance(event, ev.Message):
            self._heard.pop(event.name, None)
            self._heard[event.name] = event.at
            if len(self._heard) > MAX_VOICES:
                del self._heard[next(iter(self._heard))]
        elif isinstance(event, ev.Renamed) and event.name in self._heard:
            self._heard[event.to] = self._heard.pop(event.name)

    def silence(self, name: str, at: str) -> float | None:
        """How many seconds before ``at`` a member was heard; None: it was not."""
        heard = seconds_of(self._heard.get(name, ""))
        now = seconds_of(at)
        return None if heard is None or now is None else max(0.0, now - heard)

    def is_told(self, event: ev.Event, mode: str) -> bool:
        """Whether a coming or going is shown, where the mode is ``all|smart|none``.

        The smart mode tells of those who have spoken lately, and of nobody else.
        """
        if mode != "smart":
            return mode == "all"
        match event:
            case ev.Joined(name=name) | ev.Left(name=name) | ev.Renamed(to=name):
                silence = self.silence(name, event.at)
                return silence is not None and silence < LATELY
        return False


def seconds_of(at: str) -> float | None:
    """A time of the server's in seconds; None where it is none."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


class Ignored:
    """Members whose lines are hidden, under all names that they are known to have.

    Args:
        known: the names of each of them, as ``known`` gave them.
    """

    def __init__(self, known: Iterable[Iterable[str]] = ()) -> None:
        self._groups: list[list[str]] = [list(names) for names in known if names]
        self._folded: set[str] = set()
        self._fold()

    @property
    def known(self) -> list[list[str]]:
        """The names of each, the first as it was ignored."""
        return [list(names) for names in self._groups]

    @property
    def words(self) -> str:
        """The names, for a person."""
        names = (
            f"{name} (also {', '.join(others)})" if others else name
            for name, *others in self._groups
        )
        return ", ".join(sorted(names)) or "nobody"

    def __contains__(self, name: str) -> bool:
        """Whether the lines of ``name`` are hidden."""
        return bool(self._folded) and fold(name) in self._folded

    def __len__(self) -> int:
        """How many are ignored."""
        return len(self._groups)

    def add(self, name: str) -> None:
        """Hide the lines of ``name``."""
        if name not in self:
            self._groups.append([name])
            self._fold()

    def remove(self, name: str) -> bool:
        """Show the lines of ``name`` again, under all its names; whether it was one."""
        found = name in self
        folded = fold(name)
        self._groups = [
            group for group in self._groups if folded not in map(fold, group)
        ]
        self._fold()
        return found

    def follow(self, event: ev.Event) -> bool:
        """Follow a rename; whether that was one of these."""
        if not isinstance(event, ev.Renamed) or event.name not in self:
            return False
        folded = fold(event.name)
        for group in self._groups:
            if folded in map(fold, group) and event.to not in group:
                group.append(event.to)
        self._fold()
        return True

    def _fold(self) -> None:
        self._folded = {fold(name) for group in self._groups for name in group}
