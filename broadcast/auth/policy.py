"""The policy: all the rules on logging in, joining and speaking, in a single place.

A room has a policy. It allows everything that is not forbidden. Mutes are not here: the
log keeps them (``store.mutes``).
"""

from collections.abc import Callable, Mapping
from typing import Any

from broadcast.auth.authenticator import Authenticator
from broadcast.auth.bans import Bans
from broadcast.auth.checkers import Pool, TokenChecker, UserChecker, checker_for
from broadcast.base.settings import Settings
from broadcast.base.work import Work
from broadcast.protocol.events import Bye


def _never(name: str) -> bool:
    return False


class Policy:
    """The rules on joining, names and speaking.

    Args:
        bans: the bans in effect.
        authenticator: checks logins; None if no login is needed.
        reserves: tells whether a folded name is an account's.
        imitates: tells whether a name looks like an account's.
        files: option → a function that reads the option's file again. It returns a
            summary, or raises ``FileError`` with nothing changed.
    """

    def __init__(
        self,
        bans: Bans,
        authenticator: Authenticator | None = None,
        reserves: Callable[[str], bool] = _never,
        files: Mapping[str, Callable[[], str]] | None = None,
        imitates: Callable[[str], bool] = _never,
    ) -> None:
        self.imitates = imitates
        self.authenticator = authenticator
        self.bans = bans
        self.reserves = reserves
        self.files = files or {}

    def turn_away(self, address: str, name: str) -> Bye | None:
        """Return the ``bye`` for a banned connection; None if it isn't banned.

        Args:
            address: the peer's address, as ``1.2.3.4:56``; "" checks the name only.
            name: the member's name or account; "" if it has none.
        """
        ban = self.bans.for_host(address) or self.bans.for_name(name)
        if ban is None:
            return None
        because = f": {ban.reason}" if ban.reason else ""
        return Bye("banned", f"you are banned{because}")


def policy_from(
    settings: Settings,
    work: Work,
    wall_clock: Callable[[], float],
    reactor: Any,
) -> Policy:
    """Return the policy of the settings: files, checkers, a thread pool.

    Args:
        settings: the options.
        work: the turns of the reactor.
        wall_clock: returns seconds since the epoch.
        reactor: schedules, and is called back from threads.

    Raises:
        ValueError: a file, or ``--auth``, can't be used; the message names the option.
    """
    files: dict[str, Callable[[], str]] = {}
    checkers, users = _checkers_from(settings, reactor, files)
    file = settings.ban_file
    bans = _read("ban-file", Bans, wall_clock, file, work.clock)
    if file is not None:
        files["ban-file"] = bans.reload
        reactor.addSystemEventTrigger("during", "shutdown", bans.save_rest)
    authenticator = None
    if checkers:
        authenticator = Authenticator(
            checkers,
            work,
            settings.login_timeout,
            settings.allow_plaintext_login,
        )
        for option in ("token-file", "users"):
            if option in files:
                files[option] = _renewing(authenticator, files[option])
    if users is None:
        return Policy(bans, authenticator, files=files)
    return Policy(bans, authenticator, users.knows, files, users.is_like_one)


def _renewing(
    authenticator: Authenticator, reload: Callable[[], str]
) -> Callable[[], str]:
    """Return ``reload``, after which no remembered login counts."""

    def renew() -> str:
        authenticator.version += 1
        return reload()

    return renew


def _checkers_from(
    settings: Settings, reactor: Any, files: dict[str, Callable[[], str]]
) -> tuple[list[Any], UserChecker | None]:
    """Return all checkers, and the one of ``--users``; add their files to ``files``."""
    checkers: list[Any] = []
    users: UserChecker | None = None
    if settings.token_file is not None:
        tokens = _read("token-file", TokenChecker, settings.token_file)
        checkers.append(tokens)
        files["token-file"] = tokens.reload
    if settings.users is not None:
        pool = Pool(reactor.callFromThread)
        reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        users = _read("users", UserChecker, settings.users, pool)
        checkers.append(users)
        files["users"] = users.reload
    if settings.auth is not None:
        checkers.append(_read("auth", checker_for, settings.auth))
        _refuse_two(checkers)
    return checkers, users


def _read(option: str, make: Callable[..., Any], *given: Any) -> Any:
    try:
        return make(*given)
    except ValueError as error:
        raise ValueError(f"--{option}: {error}") from None


def _refuse_two(checkers: list[Any]) -> None:
    """Refuse a second checker for the same credentials, which would never be asked."""
    *own, foreign = checkers
    for checker in own:
        if set(checker.credentialInterfaces) & set(foreign.credentialInterfaces):
            option = "users" if isinstance(checker, UserChecker) else "token-file"
            raise ValueError(
                f"--auth: --{option} checks the same logins already; leave one out"
            )
