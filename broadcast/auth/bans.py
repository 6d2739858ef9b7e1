"""Bans: hosts, networks and names that are not let in, for a while or for ever.

Kept in a file that is written whole at each change, so that a restart, or a
crash in the midst of writing, forgets nobody. Times there are the day's, since
they must outlive the process. An IPv4 address mapped into IPv6
(``::ffff:192.0.2.7``) is the IPv4 one: where a listener takes both, everybody from
IPv4 comes so. A zone (``%eth0``) is nothing.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from broadcast.auth.passwords import FileError, read_text, write_whole
from broadcast.protocol import names

Host = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_MAPPED = IPv6Network("::ffff:0:0/96")

MAX_BANS = 10_000
"""Bans at most: one more is refused."""

NAME = "name:"
"""Before a name that would be taken for an address; no name has a colon in it."""


def host_at(address: str) -> Host | None:
    """Return the host in ``1.2.3.4:56`` or ``[::1]:56``; None: there is none."""
    text = address.rpartition(":")[0].strip("[]")
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_of(text: str) -> Network | None:
    """Return the network that ``text`` names, one address being the smallest."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, IPv4Network):
        return found
    first, length = int(found.network_address), found.prefixlen
    if found.subnet_of(_MAPPED):
        return IPv4Network((first & 0xFFFF_FFFF, length - _MAPPED.prefixlen))
    return IPv6Network((first, length))


def host_of(address: str) -> str:
    """Return whom ``address`` (``1.2.3.4:56``, ``[::1]:56``) is counted as.

    IPv4 one by one, IPv6 by /64, which is what one customer is given; all that
    come over unix sockets together.
    """
    found = host_at(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((found, 64), strict=False))
    return "local" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban.

    Attributes:
        whom: a network (``10.0.0.1/32`` for one address), or a name, folded;
            ``name:`` stands before one that is an address too.
        until: seconds since the epoch; None is for ever.
        reason: what the banned are told.
    """

    whom: str
    until: float | None = None
    reason: str = ""


class BanError(ValueError):
    """There can be no such ban; says why."""


class Bans:
    """All bans that stand.

    Args:
        wall_clock: seconds since the epoch.
        path: where they are kept; None: nowhere.

    Raises:
        FileError: the file is there, but of no use.
    """

    def __init__(
        self, wall_clock: Callable[[], float], path: str | None = None
    ) -> None:
        self._wall_clock = wall_clock
        self.path = path
        self._bans: dict[str, Ban] = {}
        self._networks: dict[str, Network] = {}
        self._lengths: set[int] = set()  # so many look-ups a host, not one a ban
        self.reload()

    def reload(self) -> str:
        """Read the file again; say how much is in it.

        Raises:
            FileError: it is of no use: the bans are as they were.
        """
        if self.path is not None:
            bans = {_key(ban.whom): ban for ban in _read(self.path)}
            self._bans = bans
            found = ((key, network_of(ban.whom)) for key, ban in bans.items())
            self._networks = {key: network for key, network in found if network}
            self._index()
        return f"{len(self._bans)} bans"

    def add(self, whom: str, seconds: float | None, reason: str) -> Ban:
        """Ban a host, a network or a name; in the file too.

        Args:
            whom: which of them; ``name:`` before it says that it is a name.
            seconds: for so long; None: for good.

        Raises:
            BanError: that is none of the three, or there are too many.
            OSError: the ban stands, but could not be written down.
        """
        key, network = _key(whom), network_of(whom)
        if network is None and names.clean(whom.removeprefix(NAME)) is None:
            raise BanError("that is no address, no network and no name")
        self._drop_old()
        if key not in self._bans and len(self._bans) >= MAX_BANS:
            raise BanError(f"there are {MAX_BANS} bans already")
        until = None if seconds is None else self._wall_clock() + seconds
        ban = self._bans[key] = Ban(_spelt(key), until, reason)
        if network is not None:
            self._networks[key] = network
        self._index()
        self._save()
        return ban

    def remove(self, whom: str) -> Ban:
        """Take a ban back; in the file too.

        Raises:
            BanError: there is none.
            OSError: it is taken back, but the file could not be written.
        """
        key = _key(whom)
        self._drop_old()
        if key not in self._bans:
            raise BanError(f"{key} is not banned")
        ban = self._bans.pop(key)
        self._networks.pop(key, None)
        self._index()
        self._save()
        return ban

    def for_host(self, address: str) -> Ban | None:
        """Return the ban that ``address`` (``1.2.3.4:56``) is under; None: none."""
        if not self._lengths:
            return None
        host = host_at(address)
        if host is None:
            return None
        for length in self._lengths:
            if length <= host.max_prefixlen:
                network = ip_network((host, length), strict=False)
                if (ban := self._standing(str(network))) is not None:
                    return ban
        return None

    def for_name(self, name: str) -> Ban | None:
        """Return the ban that ``name``, in any spelling, is under; None: none."""
        return self._standing(names.fold(name)) if self._bans else None

    def __iter__(self) -> Iterator[Ban]:
        """Yield the bans that stand."""
        self._drop_old()
        return iter(tuple(self._bans.values()))

    def _standing(self, key: str) -> Ban | None:
        ban = self._bans.get(key)
        return ban if ban is not None and not self._is_over(ban) else None

    def _is_over(self, ban: Ban) -> bool:
        return ban.until is not None and ban.until <= self._wall_clock()

    def _drop_old(self) -> None:
        for key in [key for key, ban in self._bans.items() if self._is_over(ban)]:
            del self._bans[key]
            self._networks.pop(key, None)

    def _index(self) -> None:
        self._lengths = {network.prefixlen for network in self._networks.values()}

    def _save(self) -> None:
        if self.path is not None:
            rows = (
                {"ban": ban.whom, "until": ban.until, "reason": ban.reason}
                for ban in self._bans.values()
            )
            write_whole(self.path, "".join(json.dumps(row) + "\n" for row in rows))


def _key(whom: str) -> str:
    """Return what a ban is found by: a network, or a name, folded.

    One has a slash in it, the other never has.
    """
    network = network_of(whom)
    return names.fold(whom.removeprefix(NAME)) if network is None else str(network)


def _spelt(key: str) -> str:
    """Return how ``key`` is written so that it is taken for what it is."""
    return key if "/" in key or network_of(key) is None else f"{NAME}{key}"


def _read(path: str) -> Iterator[Ban]:
    if not os.path.exists(path):
        return
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            row = json.loads(line)
            until = None if row["until"] is None else float(row["until"])
            whom = str(row["ban"])
            key = _key(whom)
            if network_of(whom) is None and not names.is_folded(key):
                raise ValueError(whom)
            yield Ban(_spelt(key), until, str(row["reason"]))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            raise FileError(f"{path}, line {number}: that is no ban") from None
