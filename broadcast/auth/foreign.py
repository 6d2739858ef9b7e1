"""Checkers of somebody else's, named as Twisted names them: ``file:/etc/passwords``.

A plugin that provides ``twisted.cred.strcred.ICheckerFactory`` is found by its
``authType``; what follows the first colon is the plugin's to read.
"""

from typing import Any

from twisted.cred import strcred
from twisted.cred.credentials import IUsernamePassword

from broadcast.auth.checkers import ISharedSecret

USABLE = (IUsernamePassword, ISharedSecret)
"""What ``/login`` can be for."""


class AuthError(ValueError):
    """There is no such checker, or none that is of use here; says so in one line."""


def checker_for(text: str) -> Any:
    """Return the checker that ``TYPE:ARGUMENTS`` names.

    Raises:
        AuthError: there is none, it can't be made, or it takes no logins of ours.
    """
    try:
        checker: Any = strcred.makeChecker(text)
    except strcred.InvalidAuthType:
        known = ", ".join(sorted({one.authType for one in _usable()}))
        raise AuthError(
            f"{text!r}: there is no such checker; there are {known}"
        ) from None
    except (strcred.StrcredException, ValueError, OSError) as error:
        raise AuthError(f"{text!r}: {error}") from None
    if not _takes(checker):
        raise AuthError(f"{text!r} takes neither name and password nor a secret")
    return checker


def _takes(checker: Any) -> list[Any]:
    return [kind for kind in USABLE if kind in checker.credentialInterfaces]


def _usable() -> list[Any]:
    factories: Any = strcred.findCheckerFactories()
    return [factory for factory in factories if _takes(factory)]
