"""Passwords as scrypt hashes (RFC 7914), and the files of users and secrets.

A hash is a line of printable ASCII: ``scrypt$N$R$P$SALT$HASH``, the last two in
base64. Hashing takes some 0.2 s of a core and 16 MiB, so it never runs in the reactor's
thread (``checkers.Pool``). Files are read and written whole, or not at all. A checker
that reads a file again keeps its old content when ``FileError`` is raised.
"""

import base64
import binascii
import contextlib
import errno
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from broadcast.base import files
from broadcast.protocol import names

MAX_MEMORY = 64 * 1024 * 1024
"""Bytes that hashing may take. A hash that needs more is refused when it is read."""

MAX_WORK = 1 << 22
"""``N * r * p`` at most, for the same reason. The daemon's own hashes have a sixth."""

_SALT = 16
_SIZE = 32

MIN_SECRET = 8
"""Characters of a shared secret, at least."""


class HashError(ValueError):
    """A text is no valid hash; the message says why, and never shows the text."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A salted hash, and its cost parameters (RFC 7914, 2)."""

    salt: bytes
    hash: bytes
    n: int = 1 << 14
    r: int = 8
    p: int = 5

    def matches(self, password: bytes) -> bool:
        """Tell whether ``password`` has this hash. Slow on purpose; constant time."""
        return hmac.compare_digest(self.hash, self._made_from(password))

    def __str__(self) -> str:
        """Return the line that ``read_hash`` reads."""
        salt, hash = (base64.b64encode(x).decode() for x in (self.salt, self.hash))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${hash}"

    def _made_from(self, password: bytes) -> bytes:
        return hashlib.scrypt(
            password,
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            maxmem=MAX_MEMORY,
            dklen=_SIZE,
        )


def make_hash(password: bytes, n: int = 1 << 14) -> PasswordHash:
    """Return a new hash of ``password``, with a salt of its own."""
    blank = PasswordHash(secrets.token_bytes(_SALT), b"", n)
    return PasswordHash(blank.salt, blank._made_from(password), n)


def nobodys_hash() -> PasswordHash:
    """Return a hash that no password has, to check the password of unknown names."""
    return PasswordHash(secrets.token_bytes(_SALT), secrets.token_bytes(_SIZE))


def read_hash(text: str) -> PasswordHash:
    """Parse a hash.

    Raises:
        HashError: the text is no hash, or too costly to check.
    """
    parts = text.split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        raise HashError("not scrypt$N$R$P$SALT$HASH")
    if not all(part.isascii() and part.isdigit() for part in parts[1:4]):
        raise HashError("N, R and P must be whole numbers")
    if max(len(part) for part in parts[1:4]) > 8:
        raise HashError("it would take too much time or memory to check")
    n, r, p = (int(part) for part in parts[1:4])
    if n < 2 or n & (n - 1) or not r or not p:
        raise HashError("N must be a power of 2, R and P more than 0")
    if n * r * p > MAX_WORK or 128 * r * (n + p + 2) > MAX_MEMORY:
        raise HashError("it would take too much time or memory to check")
    try:
        salt, hash = (base64.b64decode(part, validate=True) for part in parts[4:])
    except (binascii.Error, ValueError):
        raise HashError("SALT and HASH must be base64") from None
    if len(salt) < 8 or len(hash) != _SIZE:
        raise HashError(f"SALT must be 8 bytes or more, HASH {_SIZE}")
    return PasswordHash(salt, hash, n, r, p)


class FileError(ValueError):
    """A file can't be used; the message has file, line and reason, in one line."""


def read_tokens(path: str) -> tuple[str, ...]:
    """Return the shared secrets in a file, one a line; ``#`` begins a comment line.

    Raises:
        FileError: the file can't be read, or has no secret, or an invalid one.
    """
    found: list[str] = []
    for number, line in _lines(path):
        if len(line) < MIN_SECRET or " " in line or not line.isprintable():
            raise FileError(
                f"{path}, line {number}: no secret; give {MIN_SECRET} or more printable"
                " characters without a space"
            )
        found.append(line)
    if not found:
        raise FileError(f"{path} has no secret; put one in it, a line each")
    return tuple(found)


def read_users(path: str) -> dict[str, tuple[str, PasswordHash]]:
    """Return folded name → name and hash, from lines ``NAME:HASH``.

    Raises:
        FileError: the file can't be read, or a line is invalid. An empty file is
            valid: there is no user yet.
    """
    found: dict[str, tuple[str, PasswordHash]] = {}
    for number, line in _lines(path):
        raw, _, hash = line.partition(":")
        if (why := names.why_not_ours(raw)) is not None:
            message = f"not allowed as a name: {why}"
            raise FileError(f"{path}, line {number}: {message}; correct it")
        name = names.clean(raw) or ""
        if names.fold(name) in found:
            raise FileError(
                f"{path}, line {number}: {name} is here twice; leave one out"
            )
        try:
            found[names.fold(name)] = (name, read_hash(hash))
        except HashError as error:
            raise FileError(
                f"{path}, line {number}: {error}; make the line with bcast-passwd"
            ) from None
    return found


def read_text(path: str) -> str:
    """Return the text of a file.

    Raises:
        FileError: the file can't be read.
    """
    try:
        return files.read_text(path)
    except ValueError as error:
        raise FileError(str(error)) from None


def write_whole(path: str, text: str) -> None:
    """Replace a file by ``text``, atomically and durably; mode 0600.

    A concurrent reader, or a reader after a crash, finds the old file or the new one,
    never a part. The old file's owner and mode are kept where that is permitted.

    Raises:
        OSError: the file can't be replaced, and is unchanged. A pipe or a device is
            never replaced.
    """
    where = Path(os.path.realpath(path))
    if where.exists() and not where.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", path)
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
    """Make the new name survive a crash, where folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
