"""The guard: all the rules on who may come in and speak, in one place.

The hub has one; what is not set, it allows.
"""

from collections.abc import Callable, Mapping

from broadcast.auth.authenticator import Gate
from broadcast.auth.bans import Bans
from broadcast.auth.mutes import Mutes
from broadcast.protocol.events import Bye


class Guard:
    """Who may come in, be called what, and speak.

    Args:
        bans: who is not let in.
        gate: where one has to log in; None: nobody has to.
        reserves: tells whether a folded name is some account's.
        files: option → reads its file again; returns how much is in it, raises
            ``FileError``, with nothing changed, if the file is of no use.

    Attributes:
        mutes: who may not speak.
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
        self.mutes = Mutes()
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

    def is_muted(self, name: str, account: str) -> bool:
        """Tell whether whoever is called so, and has logged in so, may not speak."""
        return name in self.mutes or account in self.mutes
