"""Measure the layout of ``broadcast/``: files, their sizes, floors and circles.

    python .ci/house.py

A module's floor is one above the highest module that it imports; those that import
none of ours are on floor 1. Imports inside functions and under ``TYPE_CHECKING`` count.
A circle counts as one module. The same for the rooms: the packages, and the modules
beside them. ``lint-imports`` says which imports are allowed at all.
"""

import statistics
import sys
from pathlib import Path

import grimp

PACKAGE = "broadcast"
SHORT, LONG = 40, 350


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of modules that reach one another, single ones among them."""
    reached = {module: _reach(imports, module) for module in imports}
    found: list[set[str]] = []
    for module in imports:
        if not any(module in one for one in found):
            back = {other for other in reached[module] if module in reached[other]}
            found.append({module} | back)
    return found


def _reach(imports: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for module in imports[todo.pop()] - seen:
            seen.add(module)
            todo.append(module)
    return seen


def floors(imports: dict[str, set[str]]) -> dict[str, int]:
    """Return each module's floor."""
    found: dict[str, int] = {}
    left = circles(imports)
    while left:
        for one in tuple(left):
            below = set().union(*(imports[module] for module in one)) - one
            if below <= found.keys():
                floor = 1 + max((found[module] for module in below), default=0)
                found |= dict.fromkeys(one, floor)
                left.remove(one)
    return found


def longest(imports: dict[str, set[str]], levels: dict[str, int]) -> list[str]:
    """Return one of the longest ways down, from the top."""
    way = [max(levels, key=lambda module: levels[module])]
    while levels[way[-1]] > 1:
        near = imports[way[-1]]
        lower = [m for m in near if levels[m] == levels[way[-1]] - 1]
        way.append(min(lower or [m for m in near if m not in way]))
    return way


def rooms(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what each room imports: a package counts as one, and so does a module."""

    def room(module: str) -> str:
        return ".".join(module.split(".")[:2])

    found: dict[str, set[str]] = {}
    for module, imported in imports.items():
        found.setdefault(room(module), set()).update(map(room, imported))
    return {name: imported - {name} for name, imported in found.items()}


def main() -> None:
    """Print the figures."""
    sys.path.insert(0, "")
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module)
        for module in graph.modules
    }
    files = [p for p in Path(PACKAGE).rglob("*.py") if p.name != "__init__.py"]
    sizes = {str(path): path.read_text("utf-8").count("\n") for path in files}
    print(f"files: {len(files)}, median {statistics.median(sizes.values()):g} lines")
    for what, chosen in (
        (f"under {SHORT} lines", {f: n for f, n in sizes.items() if n < SHORT}),
        (f"over {LONG} lines", {f: n for f, n in sizes.items() if n > LONG}),
    ):
        named = ", ".join(f"{file} {n}" for file, n in sorted(chosen.items()))
        print(f"{what}: {len(chosen)} ({named})")
    for what, graph_of in (("modules", imports), ("rooms", rooms(imports))):
        levels = floors(graph_of)
        way = " → ".join(longest(graph_of, levels))
        large = [sorted(one) for one in circles(graph_of) if len(one) > 1]
        print(f"{what}: {len(graph_of)}, {max(levels.values())} floors ({way})")
        print(f"circles of {what}: {len(large)}", *large)


if __name__ == "__main__":
    main()
