"""The guard: all the rules on who may come in and speak, in one place.

The hub has one; what is not set, it allows.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from broadcast import names
from broadcast.access.bans import Bans
from broadcast.access.files import FileError
from broadcast.access.gate import Gate
from broadcast.events import Bye

MAX_MUTED = 10_000
"""Names that can be muted at once."""


class Reloadable(Protocol):
    """What has been read from a file."""

    def reload(self) -> None:
        """Read it again; FileError, with the old values kept, if it is of no use."""


class Guard:
    """Who may come in, be called what, and speak.

    Args:
        gate: where one has to log in; None: nobody has to.
        bans: who is not let in; None: everybody is.
        reserves: tells whether a folded name is some account's.
        files: option → what has been read from its file.

    Attributes:
        muted: folded names of those who may not speak.
    """

    def __init__(
        self,
        gate: Gate | None = None,
        bans: Bans | None = None,
        reserves: Callable[[str], bool] = lambda folded: False,
        files: Mapping[str, Reloadable] | None = None,
    ) -> None:
        self.gate = gate
        self.bans = bans
        self.reserves = reserves
        self.muted: set[str] = set()
        self._files = files or {}

    def reload(self) -> list[str]:
        """Read all files again; return a line for each that keeps its old values."""
        problems: list[str] = []
        for option, file in self._files.items():
            try:
                file.reload()
            except FileError as error:
                problems.append(f"--{option}: {error}")
        return problems

    def turn_away(self, address: str, name: str) -> Bye | None:
        """Return the last words for whoever comes from there, if banned.

        Args:
            name: what it is called or has logged in as; "" for nothing.
        """
        if self.bans is None:
            return None
        ban = self.bans.for_host(address) or self.bans.for_name(name)
        if ban is None:
            return None
        because = f": {ban.reason}" if ban.reason else ""
        return Bye("banned", f"you are banned{because}")

    def is_muted(self, name: str) -> bool:
        """Tell whether ``name`` may not speak."""
        return bool(self.muted) and names.fold(name) in self.muted

    def follow(self, old: str, new: str) -> None:
        """Somebody muted is called ``new`` now: the mute goes with it."""
        self.muted.discard(names.fold(old))
        self.muted.add(names.fold(new))
