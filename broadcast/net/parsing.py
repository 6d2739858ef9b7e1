"""Twisted's endpoints, read from their text; a fault is told in plain words."""

import re
from typing import Any, Final

from twisted.internet.endpoints import serverFromString

from broadcast.base.values import reason_of

_FAULTS: Final = (
    (r"missing \d+ required .*?: '(\w+)'", "it has no {}; give one"),
    (r"unexpected keyword argument '(\w+)'", "it has no field {}; leave it out"),
    (r"multiple values for argument '(\w+)'", "its {} is there twice; leave one out"),
    (r"positional arguments? but \d+ were given()", "it has too many fields; {}"),
    (r"invalid literal for int\(\) with base 8: (.*)", "{} is no mode; give 660, say"),
    (r"invalid literal for int\(\) with base \d+: (.*)", "{} is no number; give one"),
    (r"has no attribute 'AF_(.*)'", "{} is no domain; give INET, INET6 or UNIX"),
)
"""Words of Python's that Twisted's parsers let through, and ours."""

_PORT: Final = re.compile("(?:tcp6?|ssl):(?:port=)?(-?[0-9]{1,20})(?::|$)")
PEM: Final = "give PEM files that can be read"


def endpoint_from(reactor: Any, text: str) -> Any:
    """Return the endpoint that ``text`` describes to Twisted.

    Raises:
        ValueError: it describes none; says why, and what to do.
        LookupError: the service manager has not handed over that socket.
    """
    if text.partition(":")[0] == "stdio":
        raise ValueError("nobody can connect to it; name another endpoint")
    if (found := _PORT.match(text)) is not None and not 0 <= int(found[1]) <= 65535:
        raise ValueError(f"there is no port {found[1]}; give 0 to 65535")
    try:
        return serverFromString(reactor, text)
    except LookupError:
        raise
    except Exception as error:
        raise ValueError(_fault_of(error)) from None


def _fault_of(error: Exception) -> str:
    """Return why an endpoint can't be read, and what to do."""
    reason = reason_of(error) or type(error).__name__
    if isinstance(error, OSError):  # of ssl: alone, which reads its files
        return f"{error.filename}: {reason}; {PEM}"
    if type(error).__module__.startswith("OpenSSL"):
        return f"its certificate or its key can't be used; {PEM}"
    for words, ours in _FAULTS:
        if (found := re.search(words, reason)) is not None:
            return ours.format(found[1] or "leave some out")
    return f"{reason}; name another endpoint"
