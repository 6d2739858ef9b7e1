"""What the admin's commands act on: room, policy, connections, the log's level."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from twisted.logger import Logger

from broadcast.auth.policy import MAX_MUTED
from broadcast.base.values import plain, reason_of
from broadcast.net import sockopts
from broadcast.protocol import names
from broadcast.protocol.events import Bye, Notice
from broadcast.room.member import Member
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.session.interfaces import IConnection

Row = dict[str, object]


class CommandRefusedError(Exception):
    """A command can't be carried out; says why."""


class IThreshold(Protocol):
    """What is logged: events of a level, ``name``, and graver ones."""

    name: str

    def set(self, name: str) -> bool:
        """Log events of that level and graver ones; False: there is no such level."""


class AdminActions:
    """What the admin's commands do.

    Args:
        room: where it is done.
        connections: those that are open, whatever they speak.
        threshold: what is logged.
        stop: stops the daemon, as SIGTERM does.
    """

    def __init__(
        self,
        room: Room,
        connections: Iterable[IConnection],
        threshold: IThreshold,
        stop: Callable[[], object],
    ) -> None:
        self.room = room
        self.bans = room.directory.policy.bans
        self.threshold = threshold
        self.stop = stop
        self.logger = Logger(namespace="broadcast")
        self._connections = connections
        self._began = room.work.clock.seconds()

    def members(self) -> Iterator[Row]:
        """Yield who is here, as rows."""
        by_session = {c.session.member.session_id: c for c in self._connections}
        for session_id, subscription in tuple(self.room.subscriptions.items()):
            yield self._row(subscription, by_session.get(session_id))

    def find(self, name: str) -> Member:
        """Return who is called ``name``.

        Raises:
            CommandRefusedError: nobody is.
        """
        member = self.room.directory.roster.find(name)
        if member is None or member.session_id not in self.room.subscriptions:
            raise CommandRefusedError(f"nobody here is called {name}")
        return member

    def kick(self, name: str, reason: str) -> str:
        """Close somebody's connection, which may come back; return what was done.

        Raises:
            CommandRefusedError: nobody here is called ``name``.
        """
        member = self.find(name)
        because = f": {reason}" if reason else ""
        bye = Bye("kicked", f"you were kicked{because}")
        self.room.directory.close(member, bye)
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
            CommandRefusedError: that can't be a name, or too many are muted.
        """
        if names.clean(name) is None:
            raise CommandRefusedError(f"{name} is no name")
        if not self.room.directory.policy.mutes.add(name):
            raise CommandRefusedError(f"{MAX_MUTED} names are muted already")
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
            CommandRefusedError: it is not muted.
        """
        mutes = self.room.directory.policy.mutes
        freed = mutes.remove(name)
        member = self.room.directory.roster.find(name)
        if member is not None and member.silenced == "muted":
            freed |= {names.fold(name)} | mutes.remove(member.account)
        if not freed:
            raise CommandRefusedError(f"{name} is not muted")
        for known in self._known_as(freed):
            is_muted = self.room.directory.policy.is_muted(known.name, known.account)
            if known.silenced == "muted" and not is_muted:
                known.silenced = ""
                self._tell(known, "you may speak again")
        return f"unmuted {name}"

    def stats(self) -> Row:
        """Return the daemon's figures."""
        room = self.room
        authenticator = room.directory.policy.authenticator
        lags = (room.fanout.lag(each) for each in room.subscriptions.values())
        return {
            "members": len(room.subscriptions),
            "connections": sum(1 for _ in self._connections),
            "lines": room.log.total,
            "log_bytes": room.log.size,
            "log_limit": room.log.limit,
            "furthest_behind": max(lags, default=0),
            "too_slow": room.too_slow,
            "logins_refused": authenticator.refused.total() if authenticator else 0,
            "bans": sum(1 for _ in self.bans),
            "muted": len(room.directory.policy.mutes),
            "uptime": round(room.work.clock.seconds() - self._began),
            "processor_seconds": round(time.process_time(), 1),
            "log_level": self.threshold.name,
        }

    def _unsaved(self, error: OSError) -> str:
        return f"not saved: {self.bans.path}: {reason_of(error)}"

    def _close_banned(self) -> int:
        """Close all whom a ban concerns; return how many."""
        turn_away = self.room.directory.policy.turn_away
        closed = 0
        for member in self._here():
            bye = turn_away(member.address, member.name) or turn_away(
                "", member.account
            )
            if bye is not None:
                closed += 1
                self.room.directory.close(member, bye)
        return closed

    def _known_as(self, folded: set[str]) -> list[Member]:
        """Return who is here and called, or logged in as, one of these."""
        return [
            member
            for member in self._here()
            if member.account in folded or names.fold(member.name) in folded
        ]

    def _here(self) -> list[Member]:
        return [each.member for each in self.room.subscriptions.values()]

    def _tell(self, member: Member, message: str) -> None:
        if not self.room.settings.relay:
            subscription = self.room.subscriptions[member.session_id]
            self.room.answer(subscription, Notice(message))

    def _row(self, subscription: Subscription, connection: IConnection | None) -> Row:
        member = subscription.member
        traffic = sockopts.traffic(connection.transport) if connection else None
        return {
            "name": member.name,
            "address": member.address,
            "face": connection.kind if connection else "",
            "dialect": subscription.next_dialect.name,
            "lag": self.room.fanout.lag(subscription),
            "in": traffic.received if traffic else None,
            "out": traffic.acked if traffic else None,
            "account": member.account or None,
            "silenced": member.silenced or None,
        }


def spell(seconds: float) -> str:
    """Return a time as ``--for`` takes it: ``10m``."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length and not seconds % length:
            return f"{plain(seconds / length)}{unit}"
    return f"{plain(seconds)}s"
