"""``python -m broadcast.health URL``: asks a daemon how it is, for a container's probe.

It exits with 0 if the answer is 200, else with 1 and a line on stderr. An image needs
no curl and no shell for it. Nothing but the standard library is imported: it starts in
a tenth of a second.
"""

import http.client
import sys
import urllib.parse
from collections.abc import Sequence
from typing import Final

TIMEOUT: Final = 3.0
"""Seconds that the daemon has for its answer."""

DEFAULT: Final = "http://127.0.0.1:9464/healthz"
"""The address that the container image gives to ``--metrics``."""


def main(arguments: Sequence[str]) -> int:
    """Ask the address that is given, or the default; return the exit code."""
    url = arguments[0] if arguments else DEFAULT
    parts = urllib.parse.urlsplit(url)
    try:
        if parts.scheme != "http" or not parts.hostname or len(arguments) > 1:
            raise ValueError("not an address; give one http://HOST:PORT/PATH")
        status = _status_of(parts.hostname, parts.port or 80, parts.path or "/")
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = _why(error)
        hint = "" if "; " in why else "; start the daemon, or give its URL"
        print(f"broadcast.health: {url!r}: {why}{hint}", file=sys.stderr)
        return 1
    if status == http.client.OK:
        return 0
    told = f"the answer is {status}; look at the daemon's log"
    print(f"broadcast.health: {url!r}: {told}", file=sys.stderr)
    return 1


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _status_of(host: str, port: int, path: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
