"""The files that say who may come in: read whole, or not at all; written so too.

Whoever reads a file again keeps what it had when ``FileError`` is raised.
"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from broadcast.auth.passwords import HashError, PasswordHash, read_hash
from broadcast.protocol import names

MIN_SECRET = 8
"""Characters that a shared secret has at least."""


class FileError(ValueError):
    """A file can't be used; says which, where and why, in one line."""


def read_tokens(path: str) -> tuple[str, ...]:
    """Return the shared secrets in a file, one a line; ``#`` begins a comment line.

    Raises:
        FileError: it can't be read, or holds none, or one that can't be typed.
    """
    found: list[str] = []
    for number, line in _lines(path):
        if len(line) < MIN_SECRET or " " in line or not line.isprintable():
            raise FileError(
                f"{path}, line {number}: a secret is {MIN_SECRET} or more"
                " printable characters without a space"
            )
        found.append(line)
    if not found:
        raise FileError(f"{path}: there is no secret in it")
    return tuple(found)


def read_users(path: str) -> dict[str, tuple[str, PasswordHash]]:
    """Return folded name → name and hash, from lines ``NAME:HASH``.

    Raises:
        FileError: it can't be read, or a line is wrong. An empty one is right:
            nobody may come in yet.
    """
    found: dict[str, tuple[str, PasswordHash]] = {}
    for number, line in _lines(path):
        raw, _, hash = line.partition(":")
        name = names.clean(raw)
        if name is None or names.fold(name) in names.RESERVED:
            raise FileError(f"{path}, line {number}: that is no name that one can have")
        if names.fold(name) in found:
            raise FileError(f"{path}, line {number}: {name} is here twice")
        try:
            found[names.fold(name)] = (name, read_hash(hash))
        except HashError as error:
            raise FileError(f"{path}, line {number}: {error}") from None
    return found


def read_text(path: str) -> str:
    """Return what is in the file.

    Raises:
        FileError: it can't be read.
    """
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"can't read {path}: it is not UTF-8") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise FileError(f"can't read {path}: {why}") from None


def write_whole(path: str, text: str) -> None:
    """Put ``text`` in the place of the file, at once and for good; mode 0600.

    Whoever reads meanwhile, or comes after a crash, finds the old file or the
    new one, never a part. The old one's owner and mode are kept where we may.

    Raises:
        OSError: it can't be done; the old file is as it was.
    """
    where = Path(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(prefix=f".{where.name}.", dir=where.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            _take_after(where, descriptor)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.replace(name, where)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(where.parent)


def _lines(path: str) -> list[tuple[int, str]]:
    """Return the lines that are neither blank nor comments, with their numbers."""
    text = read_text(path)
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return [(n, line) for n, line in lines if line and not line.startswith("#")]


def _take_after(old: Path, descriptor: int) -> None:
    try:
        was = os.stat(old)
    except FileNotFoundError:
        return
    if hasattr(os, "fchown"):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, was.st_uid, was.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(was.st_mode) & 0o640)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a crash, where folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
