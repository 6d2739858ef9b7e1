"""Which names look like which, by what the authors of claims have worked out.

Nothing is normalized here and no table is read, so that all who read the log find the
same. ASCII names are not kept: each is its own skeleton.
"""

from broadcast.store.claims import Look


class Looks:
    """The looks of the names that are known, but for ASCII names."""

    def __init__(self) -> None:
        self.known: dict[str, Look] = {}
        self._read: dict[str, dict[str, dict[str, None]]] = {}  # skeleton, scripts
        self._mistaken: dict[str, dict[str, None]] = {}  # an ASCII name, for which

    def add(self, folded: str, look: Look | None) -> None:
        """Keep how a name looks; None for an ASCII name, which is not kept."""
        if look is None or self.known.get(folded) == look:
            return
        self.remove(folded)
        self.known[folded] = look
        for skeleton in look.skeletons:
            kept = self._read.setdefault(skeleton, {})
            kept.setdefault(look.scripts, {})[folded] = None
        for plain in look.plain:
            self._mistaken.setdefault(plain, {})[folded] = None

    def remove(self, folded: str) -> None:
        """Forget a name, if it is kept."""
        look = self.known.pop(folded, None)
        if look is None:
            return
        for skeleton in set(look.skeletons):
            kept = self._read[skeleton]
            del kept[look.scripts][folded]
            if not kept[look.scripts]:
                del kept[look.scripts]
            if not kept:
                del self._read[skeleton]
        for plain in set(look.plain):
            del self._mistaken[plain][folded]
            if not self._mistaken[plain]:
                del self._mistaken[plain]

    def are_like(self, folded: str, look: Look | None, but: tuple[str, ...]) -> bool:
        """Tell whether a name is like one that is kept.

        Args:
            folded: the name.
            look: how it looks; None for an ASCII name.
            but: a few names to be ignored.
        """
        if look is None:
            kept = self._mistaken.get(folded)
            return kept is not None and not all(name in but for name in kept)
        return any(
            scripts != look.scripts and not all(name in but for name in kept)
            for skeleton in look.skeletons
            for scripts, kept in self._read.get(skeleton, {}).items()
        )
