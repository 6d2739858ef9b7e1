"""All codes by which something is refused, or a member has left.

The protocol's own are explained in docs/protocol.md. A metric has a series for each of
them from the start, so that its first increase is seen.
"""

from typing import Final

ERRORS: Final = (
    "bad-argument",
    "bad-name",
    "listen-only",
    "login-failed",
    "login-required",
    "login-throttled",
    "muted",
    "name-taken",
    "slowed",
    "too-long",
    "unknown-command",
)
"""The codes of ``error``."""

LOGINS: Final = ("login-failed", "login-throttled")
"""The codes of a refused login, which are among ``ERRORS`` too."""

LEFT: Final = (
    "left",  # ended its side, or closed
    "lost",  # its connection broke off
    "stalled",  # read nothing
    "banned",
    "error",  # a fault of the daemon
    "flood",
    "idle",
    "kicked",
    "quit",
    "replaced",
    "restarted",
    "shutdown",
    "too-slow",
)
"""Why a member has left: a code of ``bye``, or of the log alone."""

TURNED_AWAY: Final = ("full", "login-failed", "login-timeout", "stray")
"""Why a connection was closed that had not joined."""
