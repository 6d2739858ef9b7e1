"""Bans: hosts, networks and names that are refused, for a time or for ever.

They are kept in a file, which is replaced whole at each change, so that neither a
restart nor a crash during a write loses a ban. A change that can't be written is in
effect all the same, even after the file is read again, and is written later.

Times in the file are those of the wall clock, since they must outlive the process.
While the process runs, a ban's time is counted by the monotonic clock: the wall clock
may be set ten years ahead, and back. A ban that had expired when it was read may have
been read at such a moment, so it stays in the file.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_network

from twisted.logger import Logger

from broadcast.auth.passwords import FileError, read_text, write_whole
from broadcast.base.hosts import Network, host_at, is_ambiguous, network_of
from broadcast.base.values import plural, reason_of
from broadcast.base.work import IReactorTime
from broadcast.protocol import names

MAX_BANS = 10_000
"""Bans at most; any further ban is refused."""

MAX_PAST = 1000
"""Bans kept that had expired when they were read; the latest are kept."""

RETRY = 30.0
"""Seconds between two attempts to write the file, after a failure."""

STEP = 1.0
"""Seconds that the wall clock must be off for an expiry to be computed anew."""

YEAR_10000 = 253402300800
"""The end of the last year that has a date, in seconds since the epoch."""

NAME = "name:"
"""Prefix of a name that would be taken for an address. No name contains a colon."""


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban.

    Attributes:
        whom: a network (``10.0.0.1/32`` for a single address), or a folded name;
            a name that is an address too has the prefix ``name:``.
        until: expiry, in seconds since the epoch; None is for ever.
        reason: text for the banned.
    """

    whom: str
    until: float | None = None
    reason: str = ""


class BanError(ValueError):
    """A ban is impossible; the message says why."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A ban, and its expiry.

    Attributes:
        ban: the ban.
        ends: expiry by the monotonic clock; None if ``ban.until`` alone counts.
    """

    ban: Ban
    ends: float | None


class Bans:
    """All bans in effect.

    Args:
        wall_clock: returns seconds since the epoch.
        path: the file of the bans; None if they aren't kept.
        clock: times the bans, and retries of a write. With None, ``wall_clock`` times
            them, and a failed write is retried at the next change or ``reload``.

    Raises:
        FileError: the file exists, but can't be used.
    """

    def __init__(
        self,
        wall_clock: Callable[[], float],
        path: str | None = None,
        clock: IReactorTime | None = None,
    ) -> None:
        self._wall_clock = wall_clock
        self._clock = wall_clock if clock is None else clock.seconds
        self._later = None if clock is None else clock.callLater
        self.path = path
        self._entries: dict[str, _Entry] = {}
        self._networks: dict[str, Network] = {}
        self._lengths: set[int] = set()  # a look-up for each length, not each ban
        self._unsaved: dict[str, _Entry | None] = {}  # None: the ban was removed
        self._is_timed = self._is_stuck = False
        self._logger = Logger(namespace="broadcast")
        self.reload()

    def reload(self) -> str:
        """Read the file again; return a summary of its content.

        Changes that could not be written stay in effect, and their write is retried.

        Raises:
            FileError: the file can't be used; the bans are unchanged.
        """
        if self.path is not None:
            read = {_key(ban.whom): ban for ban in _read(self.path)}
            self._entries = self._entries_of(read)
            self._apply_unsaved()
            self._index()
            if self._unsaved:
                self.save_rest()
        standing = plural(sum(1 for _ in self), "ban")
        left = f", {plural(len(self._unsaved), 'change')} not saved"
        return standing + (left if self._unsaved else "")

    def add(self, whom: str, seconds: float | None, reason: str) -> Ban:
        """Ban a host, a network or a name; in the file too.

        Args:
            whom: the address, network or name; the prefix ``name:`` marks a name.
            seconds: duration of the ban; None is for ever.
            reason: text for the banned.

        Raises:
            BanError: ``whom`` is none of the three, or there are too many bans.
            OSError: the ban is in effect, but could not be written yet.
        """
        if is_ambiguous(names.fold(whom)):
            raise BanError(
                f"{whom} is not an address that all programs read alike; give 10.0.0.1,"
                f" or {NAME}{whom} for a name"
            )
        key, network = _key(whom), network_of(whom)
        if network is None and names.clean(whom.removeprefix(NAME)) is None:
            raise BanError("not an address, a network or a name; give one")
        self._drop_old()
        if key not in self._entries and sum(1 for _ in self) >= MAX_BANS:
            raise BanError(f"there are {MAX_BANS} bans already; unban one first")
        until = None if seconds is None else self._wall_clock() + seconds
        ends = None if seconds is None else self._clock() + seconds
        entry = _Entry(Ban(_spelt(key), until, reason), ends)
        self._change(key, entry)
        return entry.ban

    def remove(self, whom: str) -> Ban:
        """Remove a ban; in the file too.

        Raises:
            BanError: there is no such ban.
            OSError: the ban is removed, but the file could not be written yet.
        """
        key = _key(whom)
        self._drop_old()
        if self._standing(key) is None:
            raise BanError(f"{key} is not banned; see bans")
        ban = self._entries[key].ban
        self._change(key, None)
        return ban

    def for_host(self, address: str) -> Ban | None:
        """Return the ban on ``address`` (``1.2.3.4:56``); None if there is none."""
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
        """Return the ban on ``name``, in any spelling; None if there is none."""
        return self._standing(names.fold(name)) if self._entries else None

    def save_rest(self) -> None:
        """Write the unsaved changes, if there are any; raise nothing.

        A failed write is retried every ``RETRY`` seconds.
        """
        if self._unsaved:
            with suppress(OSError):
                self._save()

    def __iter__(self) -> Iterator[Ban]:
        """Yield the bans in effect."""
        self._drop_old()
        entries = tuple(self._entries.values())
        return iter([self._current(e).ban for e in entries if not self._is_over(e)])

    def _standing(self, key: str) -> Ban | None:
        entry = self._entries.get(key)
        return entry.ban if entry is not None and not self._is_over(entry) else None

    def _is_over(self, entry: _Entry) -> bool:
        if entry.ends is not None:
            return entry.ends <= self._clock()
        return entry.ban.until is not None and entry.ban.until <= self._wall_clock()

    def _current(self, entry: _Entry) -> _Entry:
        """Return the entry with its expiry by the wall clock, if that has been set."""
        if entry.ends is None or entry.ban.until is None:
            return entry
        until = self._wall_clock() + entry.ends - self._clock()
        if abs(until - entry.ban.until) <= STEP:
            return entry
        return replace(entry, ban=replace(entry.ban, until=until))

    def _entries_of(self, bans: Mapping[str, Ban]) -> dict[str, _Entry]:
        """Return entries for the bans of the file; a known ban keeps its expiry."""
        entries: dict[str, _Entry] = {}
        for key, ban in bans.items():
            known = self._entries.get(key)
            if known is not None and known.ban == ban:
                entries[key] = known
                continue
            left = 0.0 if ban.until is None else ban.until - self._wall_clock()
            entries[key] = _Entry(ban, self._clock() + left if left > 0 else None)
        past = [key for key, entry in entries.items() if self._is_over(entry)]
        past.sort(key=lambda key: entries[key].ban.until or 0.0)
        for key in past[:-MAX_PAST]:
            del entries[key]
        return entries

    def _drop_old(self) -> None:
        """Drop the bans that expired while the process ran."""
        for key, entry in tuple(self._entries.items()):
            if entry.ends is not None and self._is_over(entry):
                del self._entries[key]
                self._networks.pop(key, None)

    def _change(self, key: str, entry: _Entry | None) -> None:
        self._unsaved[key] = entry
        self._apply_unsaved()
        self._index()
        self._save()

    def _apply_unsaved(self) -> None:
        """Apply the unsaved changes."""
        for key, entry in self._unsaved.items():
            if entry is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = entry

    def _index(self) -> None:
        found = {
            key: network_of(entry.ban.whom) for key, entry in self._entries.items()
        }
        self._networks = {key: network for key, network in found.items() if network}
        self._lengths = {network.prefixlen for network in self._networks.values()}

    def _save(self) -> None:
        """Write the file.

        Raises:
            OSError: the file can't be written now.
        """
        if self.path is None:
            self._unsaved.clear()
            return
        entries = {key: self._current(entry) for key, entry in self._entries.items()}
        try:
            write_whole(self.path, "".join(_row(e.ban) for e in entries.values()))
        except OSError as error:
            if not self._is_stuck:
                self._logger.warn(
                    "the ban file can't be written: {reason}",
                    event="ban-file-not-written",
                    reason=reason_of(error),
                )
            self._is_stuck = True
            self._try_later()
            raise
        self._entries = entries
        self._unsaved.clear()
        if self._is_stuck:
            self._is_stuck = False
            self._logger.info("the ban file is written again", event="ban-file-written")

    def _try_later(self) -> None:
        if self._later is not None and not self._is_timed:
            self._is_timed = True
            self._later(RETRY, self._try_again)

    def _try_again(self) -> None:
        self._is_timed = False
        self.save_rest()


def _row(ban: Ban) -> str:
    row = {"ban": ban.whom, "until": ban.until, "reason": ban.reason}
    return json.dumps(row) + "\n"


def _key(whom: str) -> str:
    """Return the key of a ban: a network, or a folded name.

    A network contains a slash, a name never does.
    """
    network = network_of(whom)
    return names.fold(whom.removeprefix(NAME)) if network is None else str(network)


def _spelt(key: str) -> str:
    """Return the spelling of ``key`` that is parsed as the same key."""
    is_name = "/" not in key
    is_marked = is_name and (network_of(key) is not None or is_ambiguous(key))
    return f"{NAME}{key}" if is_marked else key


def _read(path: str) -> Iterator[Ban]:
    if not os.path.exists(path):
        return
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            until = None if row["until"] is None else float(row["until"])
            if until is not None and not abs(until) < YEAR_10000:
                raise ValueError(until)
            whom = str(row["ban"])
            key = _key(whom)
            if network_of(whom) is None and not names.is_folded(key):
                raise ValueError(whom)
            yield Ban(_spelt(key), until, str(row["reason"]))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            raise FileError(f"{path}, line {number}: not a ban; correct it") from None
