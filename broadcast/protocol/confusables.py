"""Names that differ only by letters of another script that look alike.

Two names are alike if both have a skeleton in common (Unicode Technical Standard #39,
section 4), and it is not the letters of one script that differ. Within one script
nothing is alike: ``l`` and ``I`` are both Latin, ``0`` and ``1`` belong to any script.
A name is told in any case, so a letter's capital counts too: Cyrillic ``вов`` is like
``bob``, since ``ВОВ`` is.

The letters come from Unicode's tables, of one version (``Table.version``) that is not
that of ``unicodedata``. A letter that is newer is like no other.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from broadcast.protocol import names

_FIRST_SCRIPT = 0xE000
"""A script is told by one character of Unicode's private use area."""

_CAPITALS = {point: point + 32 for point in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Look:
    """What a name looks like.

    Attributes:
        scripts: the script of each letter that looks like another script's.
        skeletons: what it may be read as; of an ASCII name its fold alone.
    """

    scripts: str
    skeletons: frozenset[str]

    def is_like(self, other: "Look") -> bool:
        """Tell whether this and ``other`` are alike and of different scripts."""
        return self.scripts != other.scripts and bool(self.skeletons & other.skeletons)


class Table:
    """The letters that look like those of another script.

    Args:
        text: what ``.ci/confusables.py`` has made.

    Attributes:
        version: Unicode's.
    """

    def __init__(self, text: str) -> None:
        self.version = text.partition("# Unicode version: ")[2].partition("\n")[0]
        codes: dict[str, str] = {}
        self._scripts: dict[int, str] = {}
        self._targets: dict[int, str | int] = dict(_CAPITALS)
        self._capitals: dict[int, str | int] = dict(_CAPITALS)
        for line in text.splitlines():
            if line.startswith("@"):
                script, *points = line[1:].split()
                code = codes.setdefault(script, chr(_FIRST_SCRIPT + len(codes)))
                self._scripts |= {int(point, 16): code for point in points}
            elif line and not line.startswith("#"):
                head, _, tail = line.partition(">")
                target = "".join(chr(int(point, 16)) for point in head.split())
                sources = [int(point, 16) for point in tail.split()]
                self._spell_out(sources, target)
                self._targets |= dict.fromkeys(sources, target)
                # What looks like l looks like I, and that is another letter's capital.
                self._capitals |= dict.fromkeys(sources, target.replace("l", "i"))

    def _spell_out(self, sources: Sequence[int], target: str) -> None:
        """Let a letter that looks like several have a script for each of them.

        So Latin ``ƀ`` is in the script of ``b`` with a stroke, whose stroke has none.
        """
        own = set(map(ord, target)) & self._scripts.keys()
        if len(target) > 1:
            for source in sources:
                code = self._scripts[source]
                parts = (code if ord(char) in own else char for char in target)
                self._scripts[source] = "".join(parts)

    def look(self, name: str) -> Look:
        """Return what a good name looks like."""
        folded = _decompose(names.fold(name))
        scripts = folded.translate(self._scripts)
        if name.isascii():
            return Look(scripts, frozenset({folded}))
        read = (
            _decompose(name).translate(self._targets),
            folded.translate(self._targets),
            _decompose(folded.upper()).translate(self._capitals),
        )
        return Look(scripts, frozenset(_decompose(text.casefold()) for text in read))


@cache
def table() -> Table:
    """Return the table that comes with us, read at the first call."""
    file = resources.files("broadcast.protocol").joinpath("confusables.txt")
    return Table(file.read_text("ascii"))


class LookAlikes:
    """Names, and whether another one is like one of them.

    Names in ASCII are not kept here: they are their own skeletons, so that ``is_taken``
    finds them. Where all names are ASCII, this is empty and costs nothing.

    Args:
        is_taken: tells whether a folded name in ASCII is one of them.
    """

    def __init__(self, is_taken: Callable[[str], bool]) -> None:
        self._is_taken = is_taken
        self._looks: dict[str, Look] = {}
        self._found: dict[str, dict[str, set[str]]] = {}  # skeleton, scripts, folds

    def add(self, name: str) -> None:
        """Keep a good name; in ASCII, do nothing."""
        if name.isascii():
            return
        folded = names.fold(name)
        self.remove(folded)
        look = self._looks[folded] = table().look(name)
        for skeleton in look.skeletons:
            kept = self._found.setdefault(skeleton, {})
            kept.setdefault(look.scripts, set()).add(folded)

    def remove(self, folded: str) -> None:
        """Keep a folded name no longer, if it is kept."""
        look = self._looks.pop(folded, None)
        if look is None:
            return
        for skeleton in look.skeletons:
            kept = self._found[skeleton]
            kept[look.scripts].discard(folded)
            if not kept[look.scripts]:
                del kept[look.scripts]
            if not kept:
                del self._found[skeleton]

    def has_like(self, name: str, but: Collection[str] = ()) -> bool:
        """Tell whether a good name is like one of those that are kept or taken.

        Args:
            name: the name.
            but: folded names that don't count; a few.
        """
        if name.isascii():
            kept = self._found.get(names.fold(name)) if self._found else None
            return kept is not None and _has_other(kept, table().look(name), but)
        look = table().look(name)
        return any(self._reads(skeleton, look, but) for skeleton in look.skeletons)

    def _reads(self, skeleton: str, look: Look, but: Collection[str]) -> bool:
        if _has_other(self._found.get(skeleton, {}), look, but):
            return True
        if not skeleton.isascii() or skeleton in but or not self._is_taken(skeleton):
            return False
        return look.is_like(table().look(skeleton))


def _has_other(kept: dict[str, set[str]], look: Look, but: Collection[str]) -> bool:
    """Tell whether there is one of other scripts; within each set all are alike."""
    return any(
        scripts != look.scripts and not folds.issubset(but)
        for scripts, folds in kept.items()
    )


def _decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)
