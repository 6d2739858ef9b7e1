"""How many files may be open: each member is one."""

import importlib.util
from typing import Any

from broadcast.base.values import whole

resource: Any = None  # Windows has no such limit
if importlib.util.find_spec("resource"):
    resource = importlib.import_module("resource")

RESERVE = 64
"""File descriptors kept for the daemon's own files, and for those it refuses."""

UNLIMITED = 1 << 20
"""What no limit counts as."""


def file_limit() -> int:
    """Return how many files and sockets may be open, once the limit is raised."""
    if resource is None:
        return UNLIMITED
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return UNLIMITED if hard == resource.RLIM_INFINITY else min(hard, UNLIMITED)


def raise_file_limit() -> None:
    """Let as many files be open as the hard limit allows: a member is one."""
    if resource is not None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (file_limit(), hard))


def most_connections() -> int:
    """Return how many connections the open files allow."""
    return max(1, file_limit() - RESERVE)


def members(value: str) -> int:
    """Return a number of members; by default, what the open files allow.

    Raises:
        ValueError: it is no number, or none that can be.
    """
    return whole(1, 10_000_000, "of members")(value) if value else most_connections()


def web_connections(value: str) -> int:
    """Return a number of HTTP connections; by default, a quarter of all that may be.

    Raises:
        ValueError: it is no number, or none that can be.
    """
    read = whole(1, 10_000_000, "of connections")
    return read(value) if value else max(8, most_connections() // 4)


def web_connections_per_host(value: str) -> int:
    """Return a number from one host, 0 for any; by default, a quarter of that.

    Raises:
        ValueError: it is no number, or none that can be.
    """
    read = whole(0, 10_000_000, "of connections")
    return read(value) if value else max(8, most_connections() // 16)
