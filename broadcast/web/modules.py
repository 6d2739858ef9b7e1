"""The page's JavaScript modules, joined into one file for the browser.

A browser that follows imports needs a request for each module, and another turn for the
modules that it imports. The joined file is one request, and compresses better. Each
module becomes a function that returns its exports, so that its own names stay its own.
Only the forms of import and export that the page uses are known.
"""

import re
from collections.abc import Mapping
from typing import Final

_IMPORT: Final = re.compile(
    r'^import \{\s*([\w\s,]+?),?\s*\} from "\./([\w-]+\.js)";\n', re.MULTILINE
)
_EXPORT: Final = re.compile(
    r"^export ((?:const|let|class|function|async function) (\w+))", re.MULTILINE
)
_LEFT: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class UnknownFormError(Exception):
    """A module has an import or an export of another form, or imports itself."""


def join(modules: Mapping[str, str], entry: str) -> str:
    """Return a script that does what the module ``entry`` does, with all it imports.

    Args:
        modules: the modules' texts by file name.
        entry: a file name.

    Raises:
        UnknownFormError: a module can't be joined.
        KeyError: an imported module is missing.
    """
    joined: dict[str, str] = {}
    _add(entry, modules, joined, ())
    return "".join(joined.values())


def _add(
    name: str,
    modules: Mapping[str, str],
    joined: dict[str, str],
    importers: tuple[str, ...],
) -> None:
    if name in importers:
        raise UnknownFormError(f"{name} imports itself, through {importers}")
    if name in joined:
        return
    text = modules[name]
    for _, imported in _IMPORT.findall(text):
        _add(imported, modules, joined, (*importers, name))
    exported = ", ".join(found for _, found in _EXPORT.findall(text))
    text = _IMPORT.sub(
        lambda found: f"const {{ {found[1]} }} = {_of(found[2])};\n", text
    )
    text = _EXPORT.sub(r"\1", text)
    if (left := _LEFT.search(text)) is not None:
        raise UnknownFormError(f"{name}: {left[0]}")
    joined[name] = (
        f"const {_of(name)} = (() => {{\n{text}return {{ {exported} }};\n}})();\n"
    )


def _of(name: str) -> str:
    """Return the name of the constant that holds a module's exports."""
    return f"${re.sub(r'[^a-z]', '_', name)}"
