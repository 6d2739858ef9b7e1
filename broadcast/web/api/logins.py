"""Logins over HTTP: the ``Authorization`` of a request.

``Bearer SECRET`` is ``/login SECRET``, and ``Basic`` is ``/login NAME PASSWORD``. A
password takes a tenth of a second to check, and comes with each request. So one that
was right is remembered for a minute, by a digest whose key nobody else has.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from broadcast.auth.authenticator import Authenticator
from broadcast.auth.checkers import Admission
from broadcast.base.hosts import host_of
from broadcast.base.work import IReactorTime
from broadcast.net.sockopts import is_private, name_of
from broadcast.protocol import names
from broadcast.web.door import RefusedError
from broadcast.web.http import headers

REMEMBERED: Final = 60.0
"""Seconds for which a right login is remembered."""

MAX_REMEMBERED: Final = 10_000
"""Right logins remembered; the oldest are forgotten."""

RETRY_AFTER: Final = 60
"""Seconds after which a login that was tried too often may be tried again."""

ASKED: Final = "log in: Authorization: Bearer SECRET, or Basic with NAME:PASSWORD"


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request.

    Attributes:
        address: the peer's, as in the log.
        account: the name of its login; "" without one.
        owner: tells the account, or the secret, from others; "" without a login.
    """

    address: str
    account: str = ""
    owner: str = ""

    @property
    def folded(self) -> str:
        """The account, folded."""
        return names.fold(self.account) if self.account else ""

    @property
    def host(self) -> str:
        """The host, as it is counted."""
        return host_of(self.address)


class Logins:
    """Finds the sender of a request.

    Args:
        authenticator: checks logins; None if nobody has to log in.
        clock: times the memory.
        owner: tells owners of keys apart, whatever restarts: ``IStore.owner``.
    """

    def __init__(
        self,
        authenticator: Authenticator | None,
        clock: IReactorTime,
        owner: Callable[[str, str], str],
    ) -> None:
        self._owner = owner
        self._authenticator = authenticator
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._version = 0

    async def admit(self, request: Any) -> Caller:
        """Return the sender of ``request``.

        Raises:
            RefusedError: it has no login, or a wrong one.
        """
        transport = request.channel.transport
        address = name_of(transport.getPeer())
        authenticator = self._authenticator
        if authenticator is None:
            return Caller(address)
        if not (authenticator.allows_plaintext or is_private(transport)):
            raise RefusedError(403, "no login here: this connection is not encrypted")
        given = words_in(headers(request, "Authorization"))
        digest = self._digest(given)
        if (known := self._remembered(digest)) is not None:
            return Caller(address, known.account, known.owner)
        result = await authenticator.admit(given, address)
        if isinstance(result, Admission):
            account = result.account or ""
            if account:
                owner = self._owner(names.fold(account), "http account")
            else:
                owner = self._owner("http secret", given[0])
            caller = Caller(address, account, owner)
            self._remember(digest, caller)
            return caller
        if result.code == "login-failed":
            raise RefusedError(401, "that login is wrong")
        raise RefusedError(429, result.message, RETRY_AFTER)

    def _digest(self, given: list[str]) -> bytes:
        """Return what tells a login from all others, of this process alone."""
        text = b"\0".join(word.encode() for word in given)
        return hmac.new(self._key, text, hashlib.sha256).digest()

    def _remembered(self, digest: bytes) -> Caller | None:
        self._forget_old()
        found = self._known.get(digest)
        return found[0] if found else None

    def _remember(self, digest: bytes, caller: Caller) -> None:
        self._known.pop(digest, None)
        self._known[digest] = caller, self._clock.seconds() + REMEMBERED
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)

    def _forget_old(self) -> None:
        """Forget what is too old; and all, once the files have been read again."""
        assert self._authenticator is not None
        if self._authenticator.version != self._version:
            self._version = self._authenticator.version
            self._known.clear()
        now = self._clock.seconds()
        while self._known and next(iter(self._known.values()))[1] <= now:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        """Return the number of logins remembered."""
        return len(self._known)


def words_in(authorization: list[str]) -> list[str]:
    """Return the words of ``/login`` that an ``Authorization`` header stands for.

    Raises:
        RefusedError: there is none, or not one of those that are taken.
    """
    if len(authorization) != 1:
        raise RefusedError(401, ASKED)
    scheme, _, rest = authorization[0].partition(" ")
    rest = rest.strip(" ")
    try:
        text = rest.encode("latin-1")
        if scheme.lower() == "basic":
            text = base64.b64decode(text, validate=True)
        given = text.decode()
    except (binascii.Error, UnicodeDecodeError):
        raise RefusedError(401, ASKED) from None
    if scheme.lower() == "bearer" and given:
        return [given]
    name, colon, password = given.partition(":")
    if scheme.lower() == "basic" and colon and name:
        return [name, password]
    raise RefusedError(401, ASKED)
