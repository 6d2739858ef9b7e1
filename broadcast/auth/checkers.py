"""``twisted.cred`` checkers for the daemon's two files, their realm, and a thread pool.

A third-party checker plugs in beside them, named as Twisted names it
(``file:/etc/passwords``). A plugin that provides
``twisted.cred.strcred.ICheckerFactory`` is found by its ``authType``; the text after
the first colon is the plugin's argument. The portal asks each checker for the kind of
credentials that it declares. Passwords are checked in a few threads of their own: the
reactor's pool resolves names too, and a flood of logins must not delay that.
"""

import hmac
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from twisted.cred import strcred
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ICredentials, IUsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.cred.portal import IRealm
from twisted.internet.defer import Deferred
from zope.interface import Interface, implementer

from broadcast.auth.passwords import nobodys_hash, read_tokens, read_users
from broadcast.base.values import plural
from broadcast.protocol import names
from broadcast.protocol.confusables import LookAlikes

THREADS = 2
"""Checks that run at the same time, of 16 MiB each."""

MAX_WAITING = 64
"""Checks that run or wait; any further login is refused."""

T = TypeVar("T")


class BusyError(LoginFailed):
    """Too many logins are being checked: try again."""


class Pool:
    """Runs functions in threads of its own.

    Args:
        from_thread: calls a function in the reactor's thread
            (``reactor.callFromThread``).
        threads: threads of the pool.
    """

    def __init__(
        self,
        from_thread: Callable[[Callable[[], None]], object],
        threads: int = THREADS,
    ) -> None:
        self._from_thread = from_thread
        self._executor = ThreadPoolExecutor(threads, "broadcast-login")
        self.waiting = 0

    def run(self, work: Callable[[], T]) -> Deferred[T]:
        """Run ``work`` in a thread; return a Deferred of its result.

        Raises:
            BusyError: the queue is full.
        """
        if self.waiting >= MAX_WAITING:
            raise BusyError("too many logins at once")
        self.waiting += 1
        done: Deferred[T] = Deferred()
        future = self._executor.submit(work)
        future.add_done_callback(
            lambda future: self._from_thread(lambda: self._finish(future, done))
        )
        return done

    def stop(self) -> None:
        """Accept no more work, and drop the work that waits."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _finish(self, future: "Future[Any]", done: "Deferred[Any]") -> None:
        self.waiting -= 1
        if future.cancelled():
            done.errback(BusyError("shutting down"))
        elif (error := future.exception()) is not None:
            done.errback(error)
        else:
            done.callback(future.result())


class ISharedSecret(ICredentials):
    """A secret that many users know: ``/login SECRET``. Has ``secret``, bytes."""


class IAdmission(Interface):  # type: ignore[misc]  # zope has no types
    """The realm's interface: an ``Admission``."""


@implementer(ISharedSecret)
@dataclass(frozen=True, slots=True)
class SharedSecret:
    """``/login SECRET``."""

    secret: bytes


@dataclass(frozen=True, slots=True)
class Admission:
    """A successful login: as ``account``, or None for a shared secret."""

    account: str | None


@implementer(IRealm)
class Realm:
    """Returns an ``Admission`` for an avatar's id, which is a name or empty."""

    def requestAvatar(
        self, avatar_id: bytes | tuple[()], mind: object, *interfaces: object
    ) -> tuple[object, Admission, Callable[[], None]]:
        """Return the interface, the admission and a logout function, which is empty."""
        raw = avatar_id.decode(errors="replace") if avatar_id else ""
        account = (names.clean(raw) or names.mend(raw)) if raw else None
        return IAdmission, Admission(account), lambda: None


@implementer(ICredentialsChecker)
class TokenChecker:
    """Checks the shared secrets of ``--token-file``.

    Raises:
        FileError: the file can't be used.
    """

    credentialInterfaces = (ISharedSecret,)

    def __init__(self, path: str) -> None:
        self._path = path
        self._digests: tuple[bytes, ...] = ()
        self.reload()

    def reload(self) -> str:
        """Read the file again; return a summary of its content.

        Raises:
            FileError: the file can't be used; the old content is kept.
        """
        digests = (sha256(token.encode()) for token in read_tokens(self._path))
        self._digests = tuple(digest.digest() for digest in digests)
        return plural(len(self._digests), "secret")

    def requestAvatarId(self, credentials: Any) -> bytes:
        """Return an empty name, if the secret is in the file.

        The secret is compared as a digest, and with all secrets. So the time taken
        reveals neither a near match nor a length.
        """
        given = sha256(credentials.secret).digest()
        found = [hmac.compare_digest(given, digest) for digest in self._digests]
        if not any(found):
            raise UnauthorizedLogin("no such secret")
        return b""


@implementer(ICredentialsChecker)
class UserChecker:
    """Checks the names and passwords of ``--users``.

    Raises:
        FileError: the file can't be used.
    """

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, path: str, pool: Pool) -> None:
        self._path = path
        self._pool = pool
        self._decoy = nobodys_hash()
        self.reload()

    def reload(self) -> str:
        """Read the file again; return a summary of its content.

        Raises:
            FileError: the file can't be used; the old content is kept.
        """
        self._users = read_users(self._path)
        self._looks = LookAlikes(self._users.__contains__)
        for name, _ in self._users.values():
            self._looks.add(name)
        return plural(len(self._users), "user")

    def knows(self, folded: str) -> bool:
        """Tell whether a folded name is a user's."""
        return folded in self._users

    def is_like_one(self, name: str) -> bool:
        """Tell whether a name is a user's in look-alike letters."""
        return self._looks.has_like(name)

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes]:
        """Return the name as the file spells it, if the password is right.

        An unknown name's password is hashed all the same, so that the time taken
        reveals nothing.
        """
        folded = names.fold(credentials.username.decode(errors="replace"))
        name, hash = self._users.get(folded, ("", self._decoy))
        password = credentials.password
        return self._pool.run(lambda: hash.matches(password)).addCallback(
            _name_if, name
        )


def _name_if(is_right: bool, name: str) -> bytes:
    if not (is_right and name):
        raise UnauthorizedLogin("no such name and password")
    return name.encode()


USABLE = (IUsernamePassword, ISharedSecret)
"""The credentials that ``/login`` can carry."""


class AuthError(ValueError):
    """There is no such checker, or it can't be used here; the message is one line."""


def checker_for(text: str) -> Any:
    """Return the checker that ``TYPE:ARGUMENTS`` names.

    Raises:
        AuthError: there is no such checker, it can't be made, or it accepts none of
            the credentials of ``/login``.
    """
    kind, _, path = text.partition(":")
    if kind == "file" and not os.path.isfile(path):  # Twisted's own goes on without
        raise AuthError(f"{text!r}: there is no such file; name a regular file")
    try:
        checker: Any = strcred.makeChecker(text)
    except strcred.InvalidAuthType:
        known = ", ".join(sorted({one.authType for one in _usable()}))
        raise AuthError(
            f"{text!r}: there is no such checker; give one of {known}"
        ) from None
    except (strcred.StrcredException, ValueError, OSError) as error:
        raise AuthError(f"{text!r}: {error}; correct what follows {kind}:") from None
    if not _takes(checker):
        raise AuthError(
            f"{text!r} takes neither name and password nor a secret; name another"
        )
    return checker


def _takes(checker: Any) -> list[Any]:
    return [kind for kind in USABLE if kind in checker.credentialInterfaces]


def _usable() -> list[Any]:
    factories: Any = strcred.findCheckerFactories()
    return [factory for factory in factories if _takes(factory)]
