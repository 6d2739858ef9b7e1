"""What the orders act on: the room, the guard, the connections, the log's level."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from twisted.logger import Logger

from broadcast.auth.bans import Bans
from broadcast.auth.policy import MAX_MUTED
from broadcast.base.values import reason_of
from broadcast.logfile import Threshold
from broadcast.net import sockopts as sockets
from broadcast.protocol import names
from broadcast.protocol.events import Bye, Notice
from broadcast.room.member import Member
from broadcast.room.room import Hub

Row = dict[str, object]


class OrderError(Exception):
    """An order can't be carried out; says why."""


class Desk:
    """Where the orders come in.

    Args:
        hub: the room.
        bans: who is not let in.
        connections: returns all there are, whatever their face.
        threshold: what is logged.
        stop: stops the daemon, as SIGTERM does.
    """

    def __init__(
        self,
        hub: Hub,
        bans: Bans,
        connections: Callable[[], Iterable[Any]],
        threshold: Threshold,
        stop: Callable[[], object],
    ) -> None:
        self.hub = hub
        self.bans = bans
        self.threshold = threshold
        self.stop = stop
        self.log = Logger(namespace="broadcast")
        self._connections = connections
        self._began = hub.clock()

    def members(self) -> Iterator[Row]:
        """Yield who is here, as rows."""
        by_session = {c.talk.member.session: c for c in self._connections()}
        for session, member in tuple(self.hub.members.items()):
            yield self._row(member, by_session.get(session))

    def find(self, name: str) -> Member:
        """Return who is called ``name``.

        Raises:
            OrderError: nobody is.
        """
        member = self.hub.roster.find(name)
        if member is None or member.session not in self.hub.members:
            raise OrderError(f"nobody here is called {name}")
        return member

    def kick(self, name: str, reason: str) -> str:
        """Close somebody's connection, which may come back; return what was done.

        Raises:
            OrderError: nobody here is called ``name``.
        """
        member = self.find(name)
        because = f": {reason}" if reason else ""
        self.hub.dismiss(member, Bye("kicked", f"you were kicked{because}"))
        return f"kicked {member.name}"

    def ban(self, whom: str, seconds: float | None, reason: str) -> Row:
        """Ban a host, a network or a name, and close those whom that concerns.

        Args:
            seconds: for so long; None: for good.

        Returns:
            ``text``, and ``warning`` where the ban will not outlive the daemon.

        Raises:
            BanError: that is none of the three, or there are too many.
        """
        answer: Row = {}
        try:
            self.bans.add(whom, seconds, reason)
        except OSError as error:
            answer["warning"] = self._unsaved(error)
        closed = self._close_banned()
        for_ever = " for good" if seconds is None else f" for {spell(seconds)}"
        answer["text"] = f"banned {whom}{for_ever}, {closed} closed"
        if self.bans.path is None:
            answer["warning"] = "kept until the daemon stops: there is no --ban-file"
        return answer

    def unban(self, whom: str) -> Row:
        """Take a ban back; return ``text``, and ``warning`` if that was not saved.

        Raises:
            BanError: there is none.
        """
        try:
            self.bans.remove(whom)
        except OSError as error:
            return {"text": f"unbanned {whom}", "warning": self._unsaved(error)}
        return {"text": f"unbanned {whom}"}

    def mute(self, name: str) -> str:
        """Let nobody called ``name``, or logged in so, speak; return what was done.

        Raises:
            OrderError: that can't be a name, or too many are muted.
        """
        if names.clean(name) is None:
            raise OrderError(f"{name} is no name")
        if not self.hub.guard.mutes.add(name):
            raise OrderError(f"{MAX_MUTED} names are muted already")
        members = self._known_as({names.fold(name)})
        for member in members:
            if not member.silenced:
                member.silenced = "muted"
                self._tell(member, "you are muted")
        if not members:
            return f"muted {name}, who is not here"
        return f"muted {', '.join(member.name for member in members)}"

    def unmute(self, name: str) -> str:
        """Let ``name``, and the account of who is called so, speak again.

        Returns:
            What was done.

        Raises:
            OrderError: it is not muted.
        """
        mutes = self.hub.guard.mutes
        freed = mutes.remove(name)
        member = self.hub.roster.find(name)
        if member is not None and member.silenced == "muted":
            freed |= {names.fold(name)} | mutes.remove(member.account)
        if not freed:
            raise OrderError(f"{name} is not muted")
        for known in self._known_as(freed):
            is_muted = self.hub.guard.is_muted(known.name, known.account)
            if known.silenced == "muted" and not is_muted:
                known.silenced = ""
                self._tell(known, "you may speak again")
        return f"unmuted {name}"

    def stats(self) -> Row:
        """Return the daemon's figures."""
        hub = self.hub
        gate = hub.guard.gate
        lags = (hub.delivery.lag(member) for member in hub.members.values())
        return {
            "members": len(hub.members),
            "connections": sum(1 for _ in self._connections()),
            "lines": hub.log.total,
            "log_bytes": hub.log.size,
            "log_limit": hub.log.limit,
            "furthest_behind": max(lags, default=0),
            "too_slow": hub.too_slow,
            "logins_refused": gate.refused.total() if gate else 0,
            "bans": sum(1 for _ in self.bans),
            "muted": len(hub.guard.mutes),
            "uptime": round(hub.clock() - self._began),
            "processor_seconds": round(time.process_time(), 1),
            "log_level": self.threshold.name,
        }

    def _unsaved(self, error: OSError) -> str:
        return f"not saved: {self.bans.path}: {reason_of(error)}"

    def _close_banned(self) -> int:
        """Close all whom a ban concerns; return how many."""
        turn_away = self.hub.guard.turn_away
        closed = 0
        for member in tuple(self.hub.members.values()):
            bye = turn_away(member.address, member.name) or turn_away(
                "", member.account
            )
            if bye is not None:
                closed += 1
                self.hub.dismiss(member, bye)
        return closed

    def _known_as(self, folded: set[str]) -> list[Member]:
        """Return who is here and called, or logged in as, one of these."""
        return [
            member
            for member in self.hub.members.values()
            if member.account in folded or names.fold(member.name) in folded
        ]

    def _tell(self, member: Member, words: str) -> None:
        if not self.hub.house.relay:
            self.hub.answer(member, Notice(words))

    def _row(self, member: Member, connection: Any) -> Row:
        transport = getattr(connection, "transport", None)
        traffic = sockets.traffic(transport)
        return {
            "name": member.name,
            "address": member.address,
            "face": getattr(connection, "kind", "") or "",
            "dialect": member.spoken.name,
            "lag": self.hub.delivery.lag(member),
            "in": traffic.received if traffic else None,
            "out": traffic.acked if traffic else None,
            "account": member.account or None,
            "silenced": member.silenced or None,
        }


def spell(seconds: float) -> str:
    """Return a time as ``--for`` takes it: ``10m``."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length and not seconds % length:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
