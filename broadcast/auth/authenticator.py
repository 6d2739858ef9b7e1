"""Logins: the requests to the portal, their rate limit and their deadline.

The commands that a connection may give before its login are in
``broadcast.session.login``.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import ReferenceType

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.cred.portal import Portal
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from broadcast.auth.checkers import (
    Admission,
    BusyError,
    IAdmission,
    Realm,
    SharedSecret,
)
from broadcast.auth.ratelimit import Throttle
from broadcast.base.hosts import host_of
from broadcast.base.timers import Deadlines, IApplicant, expire_applicant
from broadcast.base.work import Work
from broadcast.protocol import names
from broadcast.protocol.sanitize import escape

MAX_TRIES = 3
"""Failed logins on a connection, after which it is closed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused login: an error's ``code``, and a message for the client."""

    code: str
    message: str


class Authenticator:
    """Checks logins.

    Args:
        checkers: checkers of ``twisted.cred``, each for the credentials it declares.
        work: closes, in turns, the sessions whose deadline has passed.
        timeout: seconds within which a session has to log in.
        allows_plaintext: a secret may come unencrypted from another machine.
    """

    def __init__(
        self,
        checkers: Iterable[Any],
        work: Work,
        timeout: float = 30.0,
        allows_plaintext: bool = False,
    ) -> None:
        realm: Any = Realm()  # zope knows it as one
        self._portal = Portal(realm, checkers)
        self.timeout = timeout
        self.allows_plaintext = allows_plaintext
        self.throttle = Throttle(work.clock)
        self.deadlines = Deadlines[ReferenceType[IApplicant]](
            timeout, work, expire_applicant
        )
        self.refused: Counter[str] = Counter()
        """Refused logins, by error code."""
        self.version = 0
        """Goes up whenever what is right may have changed."""
        self._logger = Logger(namespace="broadcast")

    @property
    def usage(self) -> str:
        """The syntax of the logins that are accepted."""
        taken = {interface.__name__ for interface in self._portal.checkers}
        ways = []
        if "IUsernamePassword" in taken:
            ways.append("/login NAME PASSWORD")
        if "ISharedSecret" in taken:
            ways.append("/login SECRET")
        return " or ".join(ways)

    async def admit(self, given: list[str], address: str) -> Admission | Refusal:
        """Return the result of ``/login`` with the words ``given``."""
        host = host_of(address)
        name = names.fold(given[0])[: names.MAX_FOLDED] if len(given) == 2 else None
        if not self.throttle.take(host, name):
            refused = Refusal("login-throttled", "too many tries: wait a minute")
        else:
            refused_or_in = await self._check(given)
            if isinstance(refused_or_in, Admission):
                self.throttle.give_back(host, name)
                return refused_or_in
            refused = refused_or_in
            if refused.code != "login-failed":
                self.throttle.give_back(host, name)
        self.refused[refused.code] += 1
        claimed = "" if name is None else escape(given[0][:32])
        self._logger.info(
            "{reason} from {address}{who}",
            event="login-refused",
            reason=refused.code,
            address=address,
            name=claimed or None,
            who=f" as {claimed}" if claimed else "",
        )
        return refused

    async def _check(self, given: list[str]) -> Admission | Refusal:
        secrets = [word.encode() for word in given]
        credentials = (
            UsernamePassword(*secrets) if len(secrets) == 2 else SharedSecret(*secrets)
        )
        login: Any = self._portal.login  # typed for classes, not for interfaces
        try:
            _, admission, _ = await maybeDeferred(login, credentials, None, IAdmission)
        except BusyError:
            message = "too many are logging in just now: try again"
            return Refusal("login-throttled", message)
        except (LoginFailed, UnhandledCredentials):
            return Refusal("login-failed", f"that is wrong: {self.usage}")
        except Exception:
            self._logger.failure("a login could not be checked", event="fault")
            return Refusal("login-failed", "your login could not be checked")
        assert isinstance(admission, Admission)
        return admission
