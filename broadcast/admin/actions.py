"""The actions behind the admin's commands: room, policy, connections, log level."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from broadcast.base.values import plain, reason_of
from broadcast.net import sockopts
from broadcast.protocol import names
from broadcast.room.member import Member
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.session.interfaces import IConnection
from broadcast.store.claims import Order, Verb
from broadcast.store.mutes import MAX_MUTED
from broadcast.store.names import Holder
from broadcast.store.outcomes import Outcome

Row = dict[str, object]


class CommandRefusedError(Exception):
    """A command can't be carried out; the message says why."""


class IThreshold(Protocol):
    """The level of the log: events of the level ``name`` and above are logged."""

    name: str

    def set(self, name: str) -> bool:
        """Log events of this level and above; return False if the level is unknown."""


class AdminActions:
    """The actions behind the admin's commands.

    Args:
        room: the room that they act on.
        connections: the open connections, of every protocol.
        threshold: the level of the log.
        stop: stops the daemon, as SIGTERM does.

    Attributes:
        kept: called back when the log has the last order that was given.
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
        self.kept: Deferred[None] = succeed(None)
        self._connections = connections
        self._began = room.work.clock.seconds()

    def members(self) -> Iterator[Row]:
        """Yield a row for each member."""
        by_session = {c.session.member.session_id: c for c in self._connections}
        store = self.room.store
        for session_id, subscription in tuple(self.room.subscriptions.items()):
            row = self._row(subscription, by_session.get(session_id))
            if store.is_shared:
                row["node"] = node_of(store.incarnation)
            yield row
        for holder in tuple(store.state.names.holders.values()):
            if store.is_shared and holder.incarnation != store.incarnation:
                yield self._elsewhere(holder)

    def find(self, name: str) -> Member:
        """Return the member called ``name``.

        Raises:
            CommandRefusedError: there is no such member.
        """
        member = self.room.roster.find(name)
        if member is None or member.session_id not in self.room.subscriptions:
            raise CommandRefusedError(f"nobody here is called {name}; see who")
        return member

    def kick(self, name: str, reason: str) -> str:
        """Close a member's connection; it may reconnect. Return a summary.

        Raises:
            CommandRefusedError: there is no member called ``name``.
        """
        room, fold = self.room, names.fold(name)
        holder = room.store.state.names.holders.get(fold)
        if room.store.is_shared and holder is not None:
            self._give(Order(Verb.KICK, (fold, reason)))
            return f"kicked {holder.name}"
        member = self.find(name)
        room.orders.kick(fold, reason)
        return f"kicked {member.name}"

    def ban(self, whom: str, seconds: float | None, reason: str) -> Row:
        """Ban a host, a network or a name, and close the connections it applies to.

        Args:
            whom: the address, network or name.
            seconds: duration of the ban; None is for ever.
            reason: text for the banned.

        Returns:
            ``text``, and ``warning`` if the ban will not outlive the daemon.

        Raises:
            BanError: ``whom`` is none of the three, or there are too many bans.
        """
        answer: Row = {}
        try:
            self.bans.add(whom, seconds, reason)
        except OSError as error:
            answer["warning"] = self._unsaved(error)
        closed = self.room.orders.close_banned()
        if self.room.store.is_shared:
            said = "" if seconds is None else str(seconds)
            self._give(Order(Verb.BAN, (whom, said, reason)))
        for_ever = " for good" if seconds is None else f" for {spell(seconds)}"
        answer["text"] = f"banned {whom}{for_ever}, {closed} closed"
        if self.bans.path is None:
            answer["warning"] = "kept until the daemon stops; give it --ban-file FILE"
        return answer

    def unban(self, whom: str) -> Row:
        """Remove a ban; return ``text``, and ``warning`` if that was not saved.

        Raises:
            BanError: there is no such ban.
        """
        if self.room.store.is_shared:
            self._give(Order(Verb.UNBAN, (whom,)))
        try:
            self.bans.remove(whom)
        except OSError as error:
            return {"text": f"unbanned {whom}", "warning": self._unsaved(error)}
        return {"text": f"unbanned {whom}"}

    def mute(self, name: str) -> str:
        """Mute the members with this name or account; return a summary.

        Raises:
            CommandRefusedError: ``name`` is invalid, or there are too many mutes.
        """
        if names.clean(name) is None:
            raise CommandRefusedError(f"{name} is not a name; give one without spaces")
        mutes, folded = self.room.store.state.mutes, names.fold(name)
        if folded not in mutes and len(mutes) >= MAX_MUTED:
            raise CommandRefusedError(
                f"{MAX_MUTED} names are muted already; unmute one first"
            )
        order = Order(Verb.MUTE, (folded,))
        self._order(order, lambda _: self.room.orders.silence(folded))
        members = self.room.orders.silence(folded)
        holder = self.room.store.state.names.holders.get(folded)
        if not members and holder is not None:  # at another daemon
            return f"muted {holder.name}"
        if not members:
            return f"muted {name}, who is not here"
        return f"muted {', '.join(member.name for member in members)}"

    def unmute(self, name: str) -> str:
        """Unmute ``name``, and the account of the member with that name.

        Returns:
            A summary.

        Raises:
            CommandRefusedError: ``name`` is not muted.
        """
        mutes, folds = self.room.store.state.mutes, [names.fold(name)]
        member = self.room.roster.find(name)
        if member is not None and member.silenced == "muted":
            folds.append(member.account)
        holder = self.room.store.state.names.holders.get(folds[0])
        if member is None and holder is not None and holder.account in mutes:
            folds.append(holder.account)
        if len(folds) == 1 and folds[0] not in mutes:
            raise CommandRefusedError(f"{name} is not muted; see who")
        order = Order(Verb.UNMUTE, tuple(folds))
        orders = self.room.orders
        self._order(order, lambda freed: orders.give_voice({*freed, folds[0]}))
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
            "too_slow": room.stats.too_slow,
            "logins_refused": authenticator.refused.total() if authenticator else 0,
            "bans": sum(1 for _ in self.bans),
            "muted": len(room.store.state.mutes),
            "uptime": round(room.work.clock.seconds() - self._began),
            "processor_seconds": round(time.process_time(), 1),
            "log_level": self.threshold.name,
        }

    def _give(self, order: Order) -> None:
        """Have all daemons of the room carry out an order."""
        kept = self.kept = Deferred[None]()

        def decided(outcome: Outcome) -> None:
            if order.verb is Verb.KICK:
                self.room.orders.obey(order, outcome)
            kept.callback(None)

        self.room.order(order, decided)

    def _elsewhere(self, holder: Holder) -> Row:
        """Return a row for a member of another daemon: its own admin knows more."""
        muted = self.room.store.state.is_muted(names.fold(holder.name), holder.account)
        return {
            "name": holder.name,
            "node": node_of(holder.incarnation),
            "account": holder.account or None,
            "silenced": "muted" if muted else None,
        }

    def _order(self, order: Order, then: Callable[[frozenset[str]], object]) -> None:
        """Have the log keep an order; ``kept`` is called back when it does."""
        kept = self.kept = Deferred[None]()

        def decided(outcome: Outcome) -> None:
            then(outcome.freed)
            kept.callback(None)

        self.room.order(order, decided)

    def _unsaved(self, error: OSError) -> str:
        why = reason_of(error)
        return f"not saved: {self.bans.path}: {why}; make it writable, or make room"

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


def node_of(incarnation: str) -> str:
    """Return what a daemon is called."""
    return incarnation.rpartition(".")[0]


def spell(seconds: float) -> str:
    """Return a duration in the syntax of ``--for``: ``10m``."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length and not seconds % length:
            return f"{plain(seconds / length)}{unit}"
    return f"{plain(seconds)}s"
