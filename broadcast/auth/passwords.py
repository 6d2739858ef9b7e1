"""Passwords as scrypt hashes (RFC 7914), in one line of printable ASCII.

``scrypt$N$R$P$SALT$HASH``, the last two in base64. Hashing takes some 0.2 s of
a core and 16 MiB: never in the reactor's thread, see ``pool``.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

MAX_MEMORY = 64 * 1024 * 1024
"""Bytes that hashing may take: a hash that needs more is refused when read."""

MAX_WORK = 1 << 22
"""N * r * p at most, for the same reason; ours is a sixth of it."""

_SALT = 16
_SIZE = 32


class HashError(ValueError):
    """That is no hash of ours; says why, and never shows it."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A salted hash, and what it costs to make it."""

    salt: bytes
    hash: bytes
    n: int = 1 << 14
    r: int = 8
    p: int = 5

    def matches(self, password: bytes) -> bool:
        """Tell whether ``password`` is the one, in constant time; slow on purpose."""
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
    """Return a hash that no password has: what unknown names are checked with."""
    return PasswordHash(secrets.token_bytes(_SALT), secrets.token_bytes(_SIZE))


def read_hash(text: str) -> PasswordHash:
    """Return the hash that ``text`` is.

    Raises:
        HashError: it is none, or too costly to check.
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
