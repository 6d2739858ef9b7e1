"""Who may not speak, by name: as ordered, and as they call themselves since.

A mute stays with the name that it was ordered for, and goes with whoever is muted
to a new one: to the last of them, so that nobody mutes the names it passes.
"""

from broadcast.protocol import names

MAX_MUTED = 10_000
"""Mutes at most: one more is refused."""


class Mutes:
    """The mutes that stand. Names of any spelling, and folded ones, are the same."""

    def __init__(self) -> None:
        self._now_called: dict[str, str] = {}  # as ordered → as now; "" for the same
        self._ordered_as: dict[str, str] = {}  # the other way

    def add(self, name: str) -> bool:
        """Mute ``name``; False: there are too many."""
        folded = names.fold(name)
        if folded not in self._now_called and len(self) >= MAX_MUTED:
            return False
        self._now_called.setdefault(folded, "")
        return True

    def remove(self, name: str) -> set[str]:
        """Take back every mute that ``name`` is under; return the names, folded."""
        freed: set[str] = set()
        while ordered := self._order_for(name):
            called = self._now_called.pop(ordered)
            self._ordered_as.pop(called, None)
            freed |= {ordered, called} - {""}
        return freed

    def follow(self, old: str, account: str, new: str) -> None:
        """Who is muted as ``old``, or by its account, is called ``new`` now."""
        ordered = self._order_for(old) or self._order_for(account)
        if not ordered:
            return
        self._ordered_as.pop(self._now_called[ordered], None)
        self._now_called[ordered] = ""
        if new not in self:
            folded = names.fold(new)
            self._now_called[ordered] = folded
            self._ordered_as[folded] = ordered

    def __contains__(self, name: str) -> bool:
        """Tell whether ``name`` may not speak."""
        return bool(self._now_called) and bool(self._order_for(name))

    def __len__(self) -> int:
        """Return how many mutes were ordered and stand."""
        return len(self._now_called)

    def _order_for(self, name: str) -> str:
        folded = names.fold(name)
        if folded in self._now_called:
            return folded
        return self._ordered_as.get(folded, "")
