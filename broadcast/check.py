"""``--check``: reads all that the options name, and tells every fault at once.

Each part of the daemon refuses here what it refuses at the start, by the same code.
Nothing is written, and no listener is opened: a port that is taken is not found.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from broadcast.command_line import PREFIX, refusal
from broadcast.store.base import StoreError
from broadcast.store.tools import identify


def faults_of(checks: Iterable[Callable[[], object]]) -> list[str]:
    """Return the lines with which checks refuse to start; they are all made."""
    found: list[str] = []
    for check in checks:
        try:
            check()
        except SystemExit as refused:
            lines = str(refused.code).split("\n")
            found.extend(line.removeprefix(PREFIX) for line in lines)
    return found


def refuse_unwritable(option: str, path: str | None) -> None:
    """Refuse a file that can't be written, or made.

    Raises:
        SystemExit: its folder is missing, or may not be written to.
    """
    if path is not None and (why := _why_unwritable(path)):
        raise refusal(f"--{option}: {path}: {why}")


def _why_unwritable(path: str) -> str | None:
    """Return why a file can't be written, and what to do; None if it can be."""
    place = Path(path)
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        return "no such folder; make it first"
    if place.is_dir():
        return "it is a folder; name a file"
    if not os.access(place if place.exists() else folder, os.W_OK):
        return "permission denied; name a file that can be written"
    return None


def refuse_store(path: str | None) -> None:
    """Refuse a file that can't be written, or is none of ours.

    Raises:
        SystemExit: it can't be ``--store``.
    """
    refuse_unwritable("store", path)
    if path is None or not os.path.exists(path) or not os.path.getsize(path):
        return
    try:
        identify(path)
    except StoreError as error:
        raise refusal(f"--store: {error}") from None
