"""The host of an HTTP request, and the pages that may send it.

A request names its host exactly once (RFC 9112, 3.2), or its target is ambiguous. On a
loopback address only names that no third party can point there are accepted. So no page
of another site reads ``/metrics`` or joins through a name of its own (DNS rebinding).
"""

import re
from typing import NamedTuple

from twisted.logger import Logger

from broadcast.protocol import origins
from broadcast.web.notices import Notices, cut

_ABSOLUTE = re.compile(r"https?://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE)

REFUSED = "pages from there may not talk to this server"

_FOREIGN = {"cross-site", "same-site"}

NULL_WARNING = (
    "--web-origin null: every web site can send that, from a sandboxed frame:"
    " all of them may talk"
)


class RefusedError(Exception):
    """A request is refused.

    Attributes:
        status: the HTTP status code of the answer.
        retry_after: seconds after which it may be sent again; 0 for no such time.
    """

    def __init__(self, status: int, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Target(NamedTuple):
    """The target of a request: a path with its query, and a host, maybe with a port."""

    path: str
    authority: str


def target_of(target: str, hosts: list[str], version: str) -> Target:
    """Return the target of a request.

    Args:
        target: the target in the request line.
        hosts: its Host headers.
        version: ``HTTP/1.1``, which needs a Host header, or ``HTTP/1.0``.

    Raises:
        RefusedError: the target is missing, invalid or ambiguous.
    """
    if len(hosts) > 1 or (not hosts and version != "HTTP/1.0"):
        raise RefusedError(400, "a request of HTTP/1.1 has one Host header")
    authority = hosts[0] if hosts else ""
    if (absolute := _ABSOLUTE.fullmatch(target)) is not None:
        authority, target = absolute[1], absolute[2]
        if not target.startswith("/"):
            target = f"/{target}"
        if not authority:
            raise RefusedError(400, "there is no host in that address")
    elif not target.startswith("/") and target != "*":
        raise RefusedError(400, "a request is for a path, or a whole address")
    if authority and origins.host_in(authority) is None:
        raise RefusedError(400, "that is no host")
    return Target(target, authority)


class Door:
    """The rules about Host and Origin; refusals are logged.

    Args:
        allowed: the origins of ``--web-origin``.
        notices: logs the refusals.
    """

    def __init__(
        self, allowed: frozenset[tuple[str, str, int]], notices: Notices
    ) -> None:
        self._allowed = allowed
        self._notices = notices
        self._names = [str(origins.Origin(*one)) for one in sorted(allowed)]

    def warn(self) -> None:
        """Log a warning if an option allows more than it seems to."""
        if origins.NULL in self._allowed:
            log = Logger(namespace="broadcast")
            log.warn("{words}", event="open-origin", words=NULL_WARNING)

    def check_host(self, authority: str) -> None:
        """Check a request that came to a loopback address.

        Raises:
            RefusedError: it has no host, or a name that a third party may control.
        """
        host = origins.host_in(authority)
        if host is not None and origins.is_known(host, self._allowed):
            return
        self._tell("Hosts refused", f"Host {authority!r}", "localhost, IP addresses")
        name = cut(authority) or "HOST"
        raise RefusedError(
            421,
            "at this address I am localhost or an IP address:"
            f" start me with --web-origin https://{name} for other names",
        )

    def check_origin(self, found: list[str], authority: str) -> None:
        """Check the origin of the page that sent a request, if it was a page.

        Args:
            found: the Origin headers of the request.
            authority: the host that the request is for, maybe with a port.

        Raises:
            RefusedError: pages of this origin are not allowed.
        """
        if origins.may_talk(found, authority, self._allowed):
            return
        self._tell("Origins refused", f"Origin {', '.join(found)!r}", repr(authority))
        raise RefusedError(403, REFUSED)

    def check_fetch(self, found: list[str], sites: list[str], authority: str) -> None:
        """Check the page that sent a request which may carry no Origin.

        A browser sends none with an image, a link or a form's GET, but says how the
        page's site and this one are related (Fetch Metadata, ``Sec-Fetch-Site``).

        Args:
            found: the Origin headers of the request.
            sites: its ``Sec-Fetch-Site`` headers.
            authority: the host that the request is for, maybe with a port.

        Raises:
            RefusedError: pages from there are not allowed.
        """
        self.check_origin(found, authority)
        foreign = {site.strip().lower() for site in sites} & _FOREIGN
        if foreign and not found:
            what = f"Sec-Fetch-Site {', '.join(sorted(foreign))!r}"
            self._tell("Origins refused", what, repr(authority))
            raise RefusedError(403, REFUSED)

    def names(self, found: list[str]) -> bool:
        """Tell whether ``found``, Origin headers, are an origin of ``--web-origin``."""
        return len(found) == 1 and origins.parse(found[0]) in self._allowed

    def _tell(self, kind: str, what: str, allowed: str) -> None:
        names = ", ".join([cut(allowed), *self._names])
        self._notices.tell(
            kind, f"refused {cut(what)}: allowed are {names} (see --web-origin)"
        )
