"""Members by their folded names, in order: for one, and for the list of all.

The list is read a piece at a time. Between two pieces anybody may come, go or be
renamed: the next piece begins after the last name of the one before it.
"""

from bisect import bisect_right, insort

from broadcast.room.member import Member


class Listing(dict[str, Member]):
    """Members by folded name; the names are kept sorted."""

    def __init__(self) -> None:
        super().__init__()
        self._order: list[str] = []

    def __setitem__(self, folded: str, member: Member) -> None:
        """Put ``member`` in its place."""
        if folded not in self:
            insort(self._order, folded)
        super().__setitem__(folded, member)

    def __delitem__(self, folded: str) -> None:
        """Take a member out; KeyError if there is none."""
        super().__delitem__(folded)
        del self._order[bisect_right(self._order, folded) - 1]

    def after(self, last: str, prefix: str, most: int) -> list[Member]:
        """Return the next members whose folded names begin with ``prefix``.

        Args:
            last: the folded name after which to begin; "" at first.
            prefix: folded, too.
            most: how many.
        """
        begin = bisect_right(self._order, last)
        if last < prefix:
            begin = bisect_right(self._order, prefix)
            begin -= prefix in self
        found = self._order[begin : begin + most]
        return [self[folded] for folded in found if folded.startswith(prefix)]
