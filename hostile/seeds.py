"""``python -m hostile.seeds FOLDER``: inputs of our grammars, for ``hostile.guided``.

Each has two bytes in front that choose its room, its cuts and its ending.
"""

import sys
from pathlib import Path

from hostile.fuzz import stations
from hostile.grammar import Grammar

EACH = 100
"""Inputs for each room."""


def main() -> None:
    """Fill the folder."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    grammar = Grammar(1)
    rooms = stations(grammar, "all")
    for number in range(EACH * len(rooms)):
        which = number % len(rooms)
        head = bytes([which, grammar.random.randrange(256)])
        data = (head + rooms[which][1]())[:2048]
        (folder / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
