"""How many files may be open: each member is one."""

import importlib.util
from typing import Any, Final

from broadcast.base.values import plural

resource: Any = None  # Windows has no such limit
if importlib.util.find_spec("resource"):
    resource = importlib.import_module("resource")

RESERVE: Final = 64
"""File descriptors kept for the daemon's own files, and for those it refuses."""

UNLIMITED: Final = 1 << 20
"""What no limit counts as."""

FEWEST: Final = 16
"""Members that there must be room for, unless the admin wants fewer."""


def file_limit() -> int:
    """Return how many files and sockets may be open, once the limit is raised."""
    if resource is None:
        return UNLIMITED
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return UNLIMITED if hard == resource.RLIM_INFINITY else min(hard, UNLIMITED)


def raise_file_limit() -> None:
    """Let as many files be open as are counted on; never fewer than may be now."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < file_limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (file_limit(), hard))


def most_connections() -> int:
    """Return how many connections the open files allow; maybe none."""
    return max(0, file_limit() - RESERVE)


def usual_members(others: int = 0) -> int:
    """Return how many members there may be if the admin names no number.

    As many as the open files allow; where these are fewer than ``FEWEST``,
    ``refuse_too_few`` has the last word.

    Args:
        others: connections that are no members.
    """
    return max(FEWEST, most_connections() - others)


def web_share(part: int) -> int:
    """Return one part in so many of all connections: for HTTP, at least a few."""
    return max(8, most_connections() // part)


def refuse_too_few(members: int) -> None:
    """Refuse a limit on open files that makes a room of no use.

    Args:
        members: so many as the admin allows.

    Raises:
        ValueError: not even ``FEWEST`` of them could come; says what to do.
    """
    room = most_connections()
    if room < min(members, FEWEST):
        raise ValueError(
            f"{file_limit()} open files leave room for {plural(room, 'member')}; allow"
            f" {RESERVE + FEWEST} or more (ulimit -n, or LimitNOFILE= in the unit)"
        )
