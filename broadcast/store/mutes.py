"""The mutes, as the log has ordered them.

A mute stays with the name for which it was ordered. It also follows a muted member that
renames itself, but only to its latest name, so that no member can mute the names that
it passes through. Names are folded, by whoever orders.
"""

from collections.abc import Iterable
from typing import Final

MAX_MUTED: Final = 10_000
"""Mutes at most; any further mute is refused."""


class Mutes:
    """The mutes in effect."""

    def __init__(self) -> None:
        self._now_called: dict[str, str] = {}  # as ordered → as now; "" for the same
        self._ordered_as: dict[str, str] = {}  # the other way

    def add(self, folded: str) -> bool:
        """Mute a name; return False if there are too many mutes."""
        if folded not in self._now_called and len(self) >= MAX_MUTED:
            return False
        self._now_called.setdefault(folded, "")
        return True

    def remove(self, folds: Iterable[str]) -> set[str]:
        """Remove every mute on some names; return the names concerned."""
        freed: set[str] = set()
        for folded in folds:
            while ordered := self._order_for(folded):
                called = self._now_called.pop(ordered)
                self._ordered_as.pop(called, None)
                freed |= {ordered, called} - {""}
        return freed

    def follow(self, old: str, account: str, new: str) -> None:
        """Note that the member called ``old``, with this account, is ``new`` now."""
        ordered = self._order_for(old) or self._order_for(account)
        if not ordered:
            return
        self._ordered_as.pop(self._now_called[ordered], None)
        self._now_called[ordered] = ""
        if new not in self:
            self._now_called[ordered] = new
            self._ordered_as[new] = ordered

    def dump(self) -> list[tuple[str, str]]:
        """Return each name as it was ordered, and as it is now."""
        return list(self._now_called.items())

    def load(self, dumped: Iterable[tuple[str, str]]) -> None:
        """Fill what is empty."""
        self._now_called = dict(dumped)
        self._ordered_as = {now: name for name, now in self._now_called.items() if now}

    def __contains__(self, folded: object) -> bool:
        """Tell whether a name may not speak."""
        return bool(self._now_called) and bool(self._order_for(str(folded)))

    def __len__(self) -> int:
        """Return the number of mutes in effect."""
        return len(self._now_called)

    def _order_for(self, folded: str) -> str:
        if folded in self._now_called:
            return folded
        return self._ordered_as.get(folded, "")
