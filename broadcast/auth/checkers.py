"""``twisted.cred`` checkers for our two files, and the realm that they open.

A checker of somebody else's plugs in beside them: the portal asks each for the
kind of credentials that it takes.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ICredentials, IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from broadcast.auth.files import read_tokens, read_users
from broadcast.auth.passwords import nobodys_hash
from broadcast.auth.pool import Pool
from broadcast.protocol import names


class ISharedSecret(ICredentials):
    """A secret that many know: ``/login SECRET``. Has ``secret``, bytes."""


class IAdmission(Interface):  # type: ignore[misc]  # zope has no types
    """What the realm gives: an ``Admission``."""


@implementer(ISharedSecret)
@dataclass(frozen=True, slots=True)
class SharedSecret:
    """``/login SECRET``."""

    secret: bytes


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody may come in: as ``account``; None is nobody in particular."""

    account: str | None


@implementer(IRealm)
class Realm:
    """Gives an ``Admission`` for an avatar's id, which is a name or empty."""

    def requestAvatar(
        self, avatar_id: bytes | tuple[()], mind: object, *interfaces: object
    ) -> tuple[object, Admission, Callable[[], None]]:
        """Return interface, admission and what to do at the end: nothing."""
        raw = avatar_id.decode(errors="replace") if avatar_id else ""
        account = (names.clean(raw) or names.mend(raw)) if raw else None
        return IAdmission, Admission(account), lambda: None


@implementer(ICredentialsChecker)
class TokenChecker:
    """Knows the shared secrets of ``--token-file``.

    Raises:
        FileError: the file is of no use.
    """

    credentialInterfaces = (ISharedSecret,)

    def __init__(self, path: str) -> None:
        self._path = path
        self._digests: tuple[bytes, ...] = ()
        self.reload()

    def reload(self) -> str:
        """Read the file again; say how much is in it.

        Raises:
            FileError: it is of no use: what was read before is kept.
        """
        digests = (sha256(token.encode()) for token in read_tokens(self._path))
        self._digests = tuple(digest.digest() for digest in digests)
        return f"{len(self._digests)} secrets"

    def requestAvatarId(self, credentials: Any) -> bytes:
        """Return nobody's name, if the secret is one of ours.

        Compared as digests, and with all of them, so that time tells neither
        which one was near nor how long they are.
        """
        given = sha256(credentials.secret).digest()
        found = [hmac.compare_digest(given, digest) for digest in self._digests]
        if not any(found):
            raise UnauthorizedLogin("no such secret")
        return b""


@implementer(ICredentialsChecker)
class UserChecker:
    """Knows the names and passwords of ``--users``.

    Raises:
        FileError: the file is of no use.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, path: str, pool: Pool) -> None:
        self._path = path
        self._pool = pool
        self._nobody = nobodys_hash()
        self.reload()

    def reload(self) -> str:
        """Read the file again; say how much is in it.

        Raises:
            FileError: it is of no use: what was read before is kept.
        """
        self._users = read_users(self._path)
        return f"{len(self._users)} users"

    def knows(self, folded: str) -> bool:
        """Tell whether a name is somebody's."""
        return folded in self._users

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        """Return the name as the file has it, if the password is right.

        An unknown name's password is hashed all the same: time tells nothing.
        """
        folded = names.fold(credentials.username.decode(errors="replace"))
        name, hash = self._users.get(folded, ("", self._nobody))
        password = credentials.password
        return self._pool.run(lambda: hash.matches(password)).addCallback(
            _name_if, name
        )


def _name_if(is_right: bool, name: str) -> bytes:
    if not (is_right and name):
        raise UnauthorizedLogin("no such name and password")
    return name.encode()
