"""The guard: all the rules on who may come in and speak, in one place.

The hub has one; what is not set, it allows.
"""

from collections.abc import Callable, Mapping

from broadcast import names
from broadcast.access.bans import Bans
from broadcast.access.gate import Gate
from broadcast.events import Bye

MAX_MUTED = 10_000
"""Names that can be muted at once."""


class Guard:
    """Who may come in, be called what, and speak.

    Args:
        bans: who is not let in.
        gate: where one has to log in; None: nobody has to.
        reserves: tells whether a folded name is some account's.
        files: option → reads its file again; returns how much is in it, raises
            ``FileError``, with nothing changed, if the file is of no use.

    Attributes:
        muted: folded names of those who may not speak.
    """

    def __init__(
        self,
        bans: Bans,
        gate: Gate | None = None,
        reserves: Callable[[str], bool] = lambda folded: False,
        files: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        self.gate = gate
        self.bans = bans
        self.reserves = reserves
        self.muted: set[str] = set()
        self.files = files or {}

    def turn_away(self, address: str, name: str) -> Bye | None:
        """Return the last words for whoever comes from there, if banned.

        Args:
            name: what it is called or has logged in as; "" for nothing.
        """
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
