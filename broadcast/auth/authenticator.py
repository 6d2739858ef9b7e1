"""The gate: who wants in has to log in first.

Knows the portal, how often one may try, and until when. What is said at the
gate is the porch's business (``broadcast.porch``).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import ReferenceType

from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import LoginFailed, UnhandledCredentials
from twisted.cred.portal import Portal
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger

from broadcast.auth.bans import host_of
from broadcast.auth.checkers import (
    Admission,
    BusyError,
    IAdmission,
    Realm,
    SharedSecret,
)
from broadcast.auth.ratelimit import Throttle
from broadcast.base.timers import CLOSING_SHARE, Deadlines
from broadcast.protocol import names
from broadcast.protocol.sanitize import escape

MAX_TRIES = 3
"""Wrong tries on one connection; then it is closed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A login was refused: an error's ``code``, and words for who tried."""

    code: str
    words: str


class Applicant(Protocol):
    """Somebody at the gate, whose time may run out."""

    def expire(self) -> bool:
        """Close: the time to log in is over; False: it has logged in, or is gone."""


class Authenticator:
    """Lets in who can show that it may come in.

    Args:
        checkers: of ``twisted.cred``; what each takes, it may let in.
        clock: seconds, never going back.
        later: calls a function after so many seconds.
        timeout: seconds in which one has to log in.
        allows_plaintext: a secret may come unencrypted from another machine.
    """

    def __init__(
        self,
        checkers: Iterable[Any],
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
        timeout: float = 30.0,
        allows_plaintext: bool = False,
    ) -> None:
        realm: Any = Realm()  # zope knows it as one
        self._portal = Portal(realm, checkers)
        self.timeout = timeout
        self.allows_plaintext = allows_plaintext
        self.throttle = Throttle(clock)
        self.deadlines = Deadlines[ReferenceType[Applicant]](
            timeout, clock, later, _expire, CLOSING_SHARE
        )
        """Weak, so that who is gone takes no memory until its time is over."""
        self.refused: Counter[str] = Counter()
        """Logins refused, by code."""
        self._log = Logger(namespace="broadcast")

    @property
    def usage(self) -> str:
        """How to log in here."""
        taken = {interface.__name__ for interface in self._portal.checkers}
        ways = []
        if "IUsernamePassword" in taken:
            ways.append("/login NAME PASSWORD")
        if "ISharedSecret" in taken:
            ways.append("/login SECRET")
        return " or ".join(ways)

    async def admit(self, words: list[str], address: str) -> Admission | Refusal:
        """Return the admission that ``/login``'s words earn, or why there is none."""
        host = host_of(address)
        name = names.fold(words[0])[: names.MAX_FOLDED] if len(words) == 2 else None
        if not self.throttle.take(host, name):
            refused = Refusal("login-throttled", "too many tries: wait a minute")
        else:
            refused_or_in = await self._check(words)
            if isinstance(refused_or_in, Admission):
                self.throttle.give_back(host, name)
                return refused_or_in
            refused = refused_or_in
            if refused.code != "login-failed":
                self.throttle.give_back(host, name)
        self.refused[refused.code] += 1
        self._log.info(
            "{code} from {address}{who}",
            code=refused.code,
            address=address,
            who=f" as {escape(words[0][:32])}" if name is not None else "",
        )
        return refused

    async def _check(self, words: list[str]) -> Admission | Refusal:
        given = [word.encode() for word in words]
        credentials = (
            UsernamePassword(*given) if len(given) == 2 else SharedSecret(*given)
        )
        login: Any = self._portal.login  # typed for classes, not for interfaces
        try:
            _, admission, _ = await maybeDeferred(login, credentials, None, IAdmission)
        except BusyError:
            words_ = "too many are logging in just now: try again"
            return Refusal("login-throttled", words_)
        except (LoginFailed, UnhandledCredentials):
            return Refusal("login-failed", f"that is wrong: {self.usage}")
        except Exception:
            self._log.failure("a login could not be checked")
            return Refusal("login-failed", "your login could not be checked")
        assert isinstance(admission, Admission)
        return admission


def _expire(reference: "ReferenceType[Applicant]") -> bool:
    applicant = reference()
    return applicant is not None and applicant.expire()
