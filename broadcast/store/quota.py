"""A limit that many owners share: beyond it, the owner with the most items loses its
oldest one, so that an owner with thousands takes nothing from another.

The order in which equal owners lose is part of what is dumped: the same things put in,
in the same order, are the same everywhere, whether or not they were loaded on the way.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Quota(Generic[K, V]):
    """Keys in the order in which they came, each with an owner and a value.

    Args:
        limit: keys at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # A plain dict looks for its first key among all that were deleted before.
        self._items: OrderedDict[K, tuple[str, V]] = OrderedDict()
        self._of: dict[str, OrderedDict[K, None]] = {}
        self._having: defaultdict[int, OrderedDict[str, None]] = defaultdict(
            OrderedDict
        )
        self._most = 0

    def put(self, key: K, owner: str, value: V) -> K | None:
        """Put a key at the end; return the one that gives way to it, if one does."""
        self.drop(key)
        self._items[key] = (owner, value)
        theirs = self._of.setdefault(owner, OrderedDict())
        theirs[key] = None
        self._count(owner, len(theirs) - 1, len(theirs))
        if len(self._items) <= self._limit:
            return None
        greediest = next(iter(self._having[self._most]))
        gives_way = next(iter(self._of[greediest]))
        self.drop(gives_way)
        return gives_way

    def drop(self, key: K) -> bool:
        """Take a key out; tell whether it was there."""
        found = self._items.pop(key, None)
        if found is None:
            return False
        theirs = self._of[found[0]]
        del theirs[key]
        self._count(found[0], len(theirs) + 1, len(theirs))
        if not theirs:
            del self._of[found[0]]
        return True

    def get(self, key: K) -> V | None:
        """Return the value of a key; None if it isn't there."""
        found = self._items.get(key)
        return None if found is None else found[1]

    def oldest(self) -> tuple[K, V] | None:
        """Return the first key and its value."""
        for key, (_, value) in self._items.items():
            return key, value
        return None

    def items(self) -> Iterator[tuple[K, str, V]]:
        """Yield each key with its owner and its value, oldest first."""
        return ((key, *found) for key, found in self._items.items())

    def owners(self) -> list[str]:
        """Return the owners, in the order that ``load`` asks for."""
        return [name for n in sorted(self._having) for name in self._having[n]]

    def load(self, items: Iterable[tuple[K, str, V]], owners: Iterable[str]) -> None:
        """Fill what is empty.

        Raises:
            ValueError: the owners are not those of the items.
        """
        for key, owner, value in items:
            self.put(key, owner, value)
        ordered = list(owners)
        if sorted(ordered) != sorted(self._of):
            raise ValueError("the owners are not those of the items")
        for owner in ordered:
            self._having[len(self._of[owner])].move_to_end(owner)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key is there."""
        return key in self._items

    def __len__(self) -> int:
        """Return how many keys there are."""
        return len(self._items)

    def _count(self, owner: str, before: int, now: int) -> None:
        """Note that an owner has a key more or less; so the most changes by one."""
        if before:
            having = self._having[before]
            del having[owner]
            if not having:
                del self._having[before]
        if now:
            self._having[now][owner] = None
        if now > self._most or self._most not in self._having:
            self._most = now
