"""The places of endpoints, as far as their text tells: two options may name the same.

Twisted reads endpoints; here only the common forms are known. Any other stands for no
place, and the system refuses it when it is opened.
"""

import re
from dataclasses import dataclass
from typing import Final

_TCP: Final = re.compile(r"(?:tcp6?|ssl):(?:port=)?([0-9]+)(?::|$)", re.ASCII)
_INTERFACE: Final = re.compile(r":interface=((?:\\.|[^:\\])*)")
_UNIX: Final = re.compile(r"unix:(?:address=)?((?:\\.|[^:\\])+)")
_BEFORE: Final = ("tls:", "haproxy:")
_EVERYWHERE: Final = ("", "0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Place:
    """A host and a port; without a port, the path of a unix socket."""

    host: str
    port: int | None = None

    def is_taken_by(self, other: "Place") -> bool:
        """Tell whether both can't be listened on: port 0 is another one each time."""
        if self.port != other.port or self.port == 0:
            return False
        hosts = self.host, other.host
        if self.port is None or hosts[0] == hosts[1]:
            return hosts[0] == hosts[1]
        is_one_family = (":" in hosts[0]) == (":" in hosts[1])
        return is_one_family and any(host in _EVERYWHERE for host in hosts)

    def __str__(self) -> str:
        """As a person calls it."""
        return f"unix:{self.host}" if self.port is None else f"port {self.port}"


def place_of(text: str, host: str) -> Place | None:
    """Return the place of an endpoint; None if that is not known.

    Args:
        text: the endpoint, or a port alone.
        host: the host of a port alone.
    """
    if text.isdigit():
        return Place(host, int(text))
    while text.startswith(_BEFORE):
        text = text.partition(":")[2]
        text = f"tcp:{text}" if text.partition(":")[0].isdigit() else text
    if (found := _UNIX.match(text)) is not None:
        return Place(_plain(found[1]))
    if (found := _TCP.match(text)) is None or ":reuseport=yes" in text:
        return None
    named = _INTERFACE.search(text)
    usual = "::" if text.startswith("tcp6") else ""
    return Place(_plain(named[1]) if named else usual, int(found[1]))


def _plain(text: str) -> str:
    """Return a value of an endpoint without its backslashes."""
    return re.sub(r"\\(.)", r"\1", text)
