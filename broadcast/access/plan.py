"""From the settings to the guard: which files, which checkers, one pool."""

from collections.abc import Callable
from typing import Any

from broadcast.access.bans import Bans
from broadcast.access.checkers import TokenChecker, UserChecker
from broadcast.access.files import FileError
from broadcast.access.gate import Gate
from broadcast.access.guard import Guard
from broadcast.access.pool import Pool
from broadcast.settings import Settings


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
        FileError: a file is of no use; says which option's.
    """
    files: dict[str, Callable[[], str]] = {}
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


def _read(option: str, make: Callable[..., Any], *given: Any) -> Any:
    try:
        return make(*given)
    except FileError as error:
        raise FileError(f"--{option}: {error}") from None


def _reserves_none(folded: str) -> bool:
    return False
