"""Make ``broadcast/protocol/confusables.txt`` from Unicode's tables.

    python .ci/confusables.py UNIDATA > broadcast/protocol/confusables.txt

UNIDATA is the folder ``source/data/unidata`` of ICU's sources, and has two files:
``confusables.txt`` of UTS #39, and ``ppucd.txt``, from which come the scripts and
general categories. Both must be of one Unicode version; it is written down.

What is kept are the letters, marks and digits that may be in a name and that look like
something of another script. A character of no script (Common, Inherited) looks like
nothing here: ``0`` and ``O`` may be in one name of any script.
"""

import sys
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

NO_SCRIPTS = ("Zyyy", "Zinh", "Zzzz")
KINDS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd")
WIDTH = 16

HEADER = """\
# Letters of different scripts that look alike.
#
# Made by .ci/confusables.py from confusables.txt of UTS #39 and the Unicode Character
# Database. Only a selection is here, and targets are folded: it is not the original.
# Unicode version: {version}
#
# UNICODE LICENSE V3. Copyright (c) 1991-2025 Unicode, Inc.
#
# Permission is hereby granted, free of charge, to any person obtaining a copy of data
# files and any associated documentation (the "Data Files") or software and any
# associated documentation (the "Software") to deal in the Data Files or Software
# without restriction, including without limitation the rights to use, copy, modify,
# merge, publish, distribute, and/or sell copies of the Data Files or Software, and to
# permit persons to whom the Data Files or Software are furnished to do so, provided
# that either (a) this copyright and permission notice appear with all copies of the
# Data Files or Software, or (b) this copyright and permission notice appear in
# associated Documentation.
#
# THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND,
# EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
# FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT OF THIRD PARTY RIGHTS. IN NO
# EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY
# CLAIM, OR ANY SPECIAL INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER
# RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT,
# NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
# PERFORMANCE OF THE DATA FILES OR SOFTWARE.
#
# Except as contained in this notice, the name of a copyright holder shall not be used
# in advertising or otherwise to promote the sale, use or other dealings in these Data
# Files or Software without prior written authorization of the copyright holder.
#
# A line "@SCRIPT CHARACTERS" tells the script of characters; one "TARGET > CHARACTERS"
# what they look like. Characters are code points in hexadecimal.
"""


@dataclass(frozen=True, slots=True)
class Properties:
    """What the tables say of one character."""

    script: str
    category: str


def read_properties(path: Path) -> tuple[str, dict[str, Properties]]:
    """Return Unicode's version, and the properties of all assigned characters."""
    version = ""
    block: dict[str, str] = {}
    found: dict[str, Properties] = {}
    for line in path.read_text("utf-8").splitlines():
        kind, *fields = line.split(";")
        if kind == "ucd":
            version = fields[0]
        elif kind in ("block", "cp"):
            own = dict(field.split("=", 1) for field in fields[1:] if "=" in field)
            if kind == "block":
                block = own
                continue
            own = block | own
            made = Properties(own.get("sc", "Zzzz"), own.get("gc", "Cn"))
            first, _, last = fields[0].partition("..")
            for point in range(int(first, 16), int(last or first, 16) + 1):
                found[chr(point)] = made
    return version, found


def read_prototypes(path: Path) -> tuple[str, dict[str, str]]:
    """Return Unicode's version, and what each character looks like."""
    text = path.read_text("utf-8-sig")
    version = text.partition("# Version: ")[2].split()[0]
    found: dict[str, str] = {}
    for line in text.splitlines():
        rule = line.partition("#")[0].strip()
        if rule:
            source, target = (part.split() for part in rule.split(";")[:2])
            found[chr(int(source[0], 16))] = "".join(chr(int(x, 16)) for x in target)
    return version, found


def fold(text: str) -> str:
    """Return the form in which names are compared, decomposed."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFD", folded)


class Selection:
    """The characters that look like something of another script.

    Attributes:
        targets: character → what it looks like, folded.
        scripts: character → its script: all that are in ``targets``.
    """

    def __init__(
        self, properties: dict[str, Properties], prototypes: dict[str, str]
    ) -> None:
        self._properties = properties
        classes: defaultdict[str, set[str]] = defaultdict(set)
        for char, own in properties.items():
            if own.category in KINDS and self._script(char) and _is_stable(char):
                target = fold(prototypes.get(char, char)).replace("rn", "m")
                classes[target].add(char)
        self.targets: dict[str, str] = {}
        for target, members in classes.items():
            self._choose(target, members)
        known = {c for pair in self.targets.items() for text in pair for c in text}
        known |= {c for char in tuple(known) for c in fold(char)}
        known |= set("abcdefghijklmnopqrstuvwxyz")
        self.scripts = {char: self._script(char) for char in known}
        self.scripts = {char: script for char, script in self.scripts.items() if script}

    def _script(self, char: str) -> str:
        own = self._properties.get(char)
        return "" if own is None or own.script in NO_SCRIPTS else own.script

    def _choose(self, target: str, members: set[str]) -> None:
        of_target = {self._script(char) for char in target} - {""}
        if len(of_target | {self._script(char) for char in members}) < 2:
            return
        if not of_target:  # a digit, say: it looks like nothing, its likes do
            target = fold(min(members))
        for char in members:
            if not char.isascii() and char != target:
                self.targets[char] = target


def _is_stable(char: str) -> bool:
    """Tell whether ``char`` is left as it is when a name is normalized."""
    return all(unicodedata.normalize(form, char) == char for form in ("NFKC", "NFD"))


def _points(text: str) -> str:
    return " ".join(f"{ord(char):04X}" for char in text)


def _lines(head: str, chars: list[str]) -> list[str]:
    chars.sort()
    return [
        f"{head} {_points(''.join(chars[at : at + WIDTH]))}"
        for at in range(0, len(chars), WIDTH)
    ]


def main() -> None:
    """Print the file."""
    folder = Path(sys.argv[1])
    version, properties = read_properties(folder / "ppucd.txt")
    other, prototypes = read_prototypes(folder / "confusables.txt")
    if version != other:
        sys.exit(f"ppucd.txt is of Unicode {version}, confusables.txt of {other}")
    chosen = Selection(properties, prototypes)
    by_script: defaultdict[str, list[str]] = defaultdict(list)
    for char, script in chosen.scripts.items():
        by_script[script].append(char)
    by_target: defaultdict[str, list[str]] = defaultdict(list)
    for char, target in chosen.targets.items():
        by_target[target].append(char)
    print(HEADER.format(version=version), end="")
    for script, chars in sorted(by_script.items()):
        print(*_lines(f"@{script}", chars), sep="\n")
    for target, chars in sorted(by_target.items()):
        print(*_lines(f"{_points(target)} >", chars), sep="\n")


if __name__ == "__main__":
    main()
