"""How many files may be open: each member is one."""

import importlib.util
from typing import Any, Final

resource: Any = None  # Windows has no such limit
if importlib.util.find_spec("resource"):
    resource = importlib.import_module("resource")

RESERVE: Final = 64
"""File descriptors kept for the daemon's own files, and for those it refuses."""

UNLIMITED: Final = 1 << 20
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
