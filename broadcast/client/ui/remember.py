"""The lines typed before, kept in a file for each server; nobody else may read it."""

import contextlib
import os
import re
from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from broadcast.client.address import Address

MAX_BYTES = 512 * 1024


def typed_lines(folder: Path, address: Address) -> History:
    """The history for a server; in memory where no file can be had."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", str(address))
    path = folder / f"history-{name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _shorten(path)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


def _shorten(path: Path) -> None:
    """Keep the newer half of a file that has grown over `MAX_BYTES`."""
    if path.stat().st_size <= MAX_BYTES:
        return
    data = path.read_bytes()[-MAX_BYTES // 2 :]
    entry = data.find(b"\n# ")
    spare = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        spare.unlink()
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data[max(entry, 0) :])
    spare.replace(path)
