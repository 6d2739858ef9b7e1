"""``--check``: reads all that the options name, and tells every fault at once.

Each part of the daemon refuses here what it refuses at the start, by the same code.
Nothing is written, and no listener is opened: a port that is taken is not found.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from broadcast.base.files import is_named_pipe
from broadcast.base.settings import Settings
from broadcast.base.values import reason_of
from broadcast.command_line import PREFIX, refusal
from broadcast.store.base import StoreError
from broadcast.store.database import refuse_no_file
from broadcast.store.tools import identify

if TYPE_CHECKING:
    from broadcast.store.nats import Access


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
    if path is None or not os.path.exists(path):
        return
    try:
        refuse_no_file(path)
        if os.path.getsize(path):
            identify(path)
    except StoreError as error:
        raise refusal(f"--store: {error}") from None


def access_for(settings: Settings) -> "Access":
    """Return how NATS is reached, once the files for that were read.

    Raises:
        SystemExit: a file can't be used, or nats-py is not installed.
    """
    try:
        from broadcast.store.nats import Access, Link
    except ModuleNotFoundError as missing:
        hint = "pip install 'twisted-broadcast[nats]'"
        raise refusal(f"--nats: there is no {missing.name}; {hint}") from None
    for option in ("nats-creds", "nats-ca"):
        path = getattr(settings, option.replace("-", "_"))
        if path is not None and (why := _why_unreadable(path)):
            hint = "name a file that can be read"
            raise refusal(f"--{option}: {path}: {why}; {hint}")
    name = f"broadcast {settings.node}"
    access = Access(settings.nats, settings.nats_creds, settings.nats_ca, name)
    try:
        Link(access).look_at_files()
    except StoreError as error:
        raise refusal(str(error)) from None
    return access


def _why_unreadable(path: str) -> str | None:
    """Return why a file can't be read; None if it can be."""
    if is_named_pipe(path):
        return "it is a pipe"
    try:
        Path(path).read_bytes()
    except OSError as error:
        return reason_of(error)
    return None
