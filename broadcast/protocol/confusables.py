"""Names that differ only by look-alike letters of another script.

Two names are alike if they have a skeleton in common (Unicode Technical Standard #39,
section 4), and the letters that differ are of different scripts. Within a script no
letters are alike: ``l`` and ``I`` are both Latin, ``0`` and ``1`` belong to any script.
Names are compared without regard to case, so a letter's capital counts too: Cyrillic
``вов`` is like ``bob``, since ``ВОВ`` is.

The letters come from Unicode's tables, of a version (``Table.version``) that is not
that of ``unicodedata``. A newer letter is like no other.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from broadcast.protocol import names

_FIRST_SCRIPT = 0xE000
"""Code of the first script. Each script is a character of the private use area."""

_CAPITALS = {point: point + 32 for point in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a name.

    Attributes:
        scripts: the script of each letter that looks like another script's.
        skeletons: its possible readings; for an ASCII name, its fold alone.
    """

    scripts: str
    skeletons: frozenset[str]

    def is_like(self, other: "Look") -> bool:
        """Tell whether this and ``other`` are alike and of different scripts."""
        return self.scripts != other.scripts and bool(self.skeletons & other.skeletons)


class Table:
    """The letters that look like those of another script.

    Args:
        text: the output of ``.ci/confusables.py``.

    Attributes:
        version: the version of Unicode.
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
                # Letters like l are like I too, which is the capital of another letter.
                self._capitals |= dict.fromkeys(sources, target.replace("l", "i"))

    def _spell_out(self, sources: Sequence[int], target: str) -> None:
        """Give a letter that looks like several letters a script for each of them.

        So Latin ``ƀ`` has the script of ``b`` followed by its stroke, which has none.
        """
        own = set(map(ord, target)) & self._scripts.keys()
        if len(target) > 1:
            for source in sources:
                code = self._scripts[source]
                parts = (code if ord(char) in own else char for char in target)
                self._scripts[source] = "".join(parts)

    def look(self, name: str) -> Look:
        """Return the look of a good name."""
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
    """Return the table of this package, read at the first call."""
    file = resources.files("broadcast.protocol").joinpath("confusables.txt")
    return Table(file.read_text("ascii"))


class LookAlikes:
    """A set of names that finds look-alikes of its members.

    ASCII names are not stored here: each is its own skeleton, so ``is_taken`` finds it.
    Where all names are ASCII, the set is empty and costs nothing.

    Args:
        is_taken: tells whether a folded ASCII name is a member.
    """

    def __init__(self, is_taken: Callable[[str], bool]) -> None:
        self._is_taken = is_taken
        self._looks: dict[str, Look] = {}
        self._found: dict[str, dict[str, set[str]]] = {}  # skeleton, scripts, folds

    def add(self, name: str) -> None:
        """Add a good name; do nothing for an ASCII name."""
        if name.isascii():
            return
        folded = names.fold(name)
        self.remove(folded)
        look = self._looks[folded] = table().look(name)
        for skeleton in look.skeletons:
            kept = self._found.setdefault(skeleton, {})
            kept.setdefault(look.scripts, set()).add(folded)

    def remove(self, folded: str) -> None:
        """Remove a folded name, if it is stored."""
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
        """Tell whether a good name is like a stored or a taken name.

        Args:
            name: the name.
            but: a few folded names to be ignored.
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
    """Tell whether there is a name of other scripts; each set has one look."""
    return any(
        scripts != look.scripts and not folds.issubset(but)
        for scripts, folds in kept.items()
    )


def _decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)
