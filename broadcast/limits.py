"""The limit on open files, of which each member needs one."""

import importlib.util
from typing import Any, Final

from broadcast.base.values import plural

resource: Any = None  # Windows has no such limit
if importlib.util.find_spec("resource"):
    resource = importlib.import_module("resource")

RESERVE: Final = 64
"""File descriptors reserved for the daemon's own files, and for refused connections."""

UNLIMITED: Final = 1 << 20
"""The number of files that stands for no limit."""

FEWEST: Final = 16
"""Members that must be possible, unless the admin allows fewer."""


def file_limit() -> int:
    """Return the number of files that may be open, once the limit is raised."""
    if resource is None:
        return UNLIMITED
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return UNLIMITED if hard == resource.RLIM_INFINITY else min(hard, UNLIMITED)


def raise_file_limit() -> None:
    """Raise the soft limit on open files to ``file_limit``; never lower it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < file_limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (file_limit(), hard))


def most_connections() -> int:
    """Return the number of connections that the limit allows, which may be 0."""
    return max(0, file_limit() - RESERVE)


def usual_members(others: int = 0) -> int:
    """Return the default limit on members.

    It is the number that the open files allow. If that is below ``FEWEST``,
    ``refuse_too_few`` decides.

    Args:
        others: connections that are no members.
    """
    return max(FEWEST, most_connections() - others)


def web_share(part: int) -> int:
    """Return the HTTP share of all connections: one ``part``-th, at least 8."""
    return max(8, most_connections() // part)


def refuse_too_few(members: int) -> None:
    """Refuse a limit on open files that is too low for a room.

    Args:
        members: members that the admin allows.

    Raises:
        ValueError: there is no room for ``FEWEST`` of them; the message has a remedy.
    """
    room = most_connections()
    if room < min(members, FEWEST):
        raise ValueError(
            f"{file_limit()} open files leave room for {plural(room, 'member')}; allow"
            f" {RESERVE + FEWEST} or more (ulimit -n, or LimitNOFILE= in the unit)"
        )
