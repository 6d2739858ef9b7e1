"""From the settings to the guard: which files, which checkers, one pool."""

from collections.abc import Callable
from typing import Any

from broadcast.auth.authenticator import Gate
from broadcast.auth.bans import Bans
from broadcast.auth.checkers import TokenChecker, UserChecker
from broadcast.auth.foreign import checker_for
from broadcast.auth.policy import Guard
from broadcast.auth.pool import Pool
from broadcast.base.settings import Settings


def guard_from(
    settings: Settings,
    clock: Callable[[], float],
    wall_clock: Callable[[], float],
    reactor: Any,
) -> Guard:
    """Return the guard that the settings ask for.

    Args:
        clock: seconds, never going back.
        wall_clock: seconds since the epoch.
        reactor: schedules, and is called back from threads.

    Raises:
        ValueError: a file, or ``--auth``, is of no use; says which option's.
    """
    files: dict[str, Callable[[], str]] = {}
    checkers, users = _checkers_from(settings, reactor, files)
    bans = _read("ban-file", Bans, wall_clock, settings.ban_file)
    if settings.ban_file is not None:
        files["ban-file"] = bans.reload
    gate = None
    if checkers:
        gate = Gate(
            checkers,
            clock,
            reactor.callLater,
            settings.login_timeout,
            settings.allow_plaintext_login,
        )
    reserves = users.knows if users is not None else _reserves_none
    return Guard(bans, gate, reserves, files)


def _checkers_from(
    settings: Settings, reactor: Any, files: dict[str, Callable[[], str]]
) -> tuple[list[Any], UserChecker | None]:
    """Return the checkers, and which is that of ``--users``; add what they read."""
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
    """Refuse a checker for what another one checks: only one of them would."""
    *own, foreign = checkers
    for checker in own:
        if set(checker.credentialInterfaces) & set(foreign.credentialInterfaces):
            option = "users" if isinstance(checker, UserChecker) else "token-file"
            raise ValueError(f"--auth: --{option} checks the same logins already")


def _reserves_none(folded: str) -> bool:
    return False
