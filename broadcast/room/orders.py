"""An admin's orders, carried out on the members of this daemon.

In a room of several daemons each order is an entry of the log: every daemon carries it
out on its own members, when it has read it.
"""

from typing import Final

from twisted.logger import Logger

from broadcast.auth.bans import BanError
from broadcast.protocol import names
from broadcast.protocol.events import Bye, Notice
from broadcast.room.answers import Answers
from broadcast.room.directory import Directory
from broadcast.room.member import Member
from broadcast.room.subscription import Subscription
from broadcast.store.base import IStore
from broadcast.store.claims import Order, Verb
from broadcast.store.outcomes import Outcome

_KICKED: Final = "you were kicked"


class Orders:
    """Carries out orders.

    Args:
        store: has the mutes.
        directory: all members of the daemon; its policy has the bans.
        subscriptions: those of the room's members, by session id.
        answers: tells members what was done to them.
    """

    def __init__(
        self,
        store: IStore,
        directory: Directory,
        subscriptions: dict[int, Subscription],
        answers: Answers,
    ) -> None:
        self._store = store
        self._directory = directory
        self._subscriptions = subscriptions
        self._answers = answers
        self._logger = Logger(namespace="broadcast")

    def obey(self, order: Order, outcome: Outcome) -> None:
        """Carry out an order that the log has."""
        match order.verb, order.folds:
            case Verb.MUTE, folds:
                for fold in folds:
                    self.silence(fold)
            case Verb.UNMUTE, folds:
                self.give_voice({*outcome.freed, *folds})
            case Verb.KICK, (fold, reason):
                self.kick(fold, reason)
            case Verb.BAN, (whom, seconds, reason):
                self._ban(whom, float(seconds) if seconds else None, reason)
            case Verb.UNBAN, (whom,):
                self._unban(whom)

    def kick(self, fold: str, reason: str) -> Member | None:
        """Close the connection of a member; return it."""
        because = f": {reason}" if reason else ""
        for member in self._joined():
            if names.fold(member.name) == fold:
                bye = Bye("kicked", f"{_KICKED}{because}")
                self._directory.close(member, bye)
                return member
        return None

    def silence(self, folded: str) -> list[Member]:
        """Mute those who are here with this name or account; return them."""
        members = self._joined_as({folded})
        for member in members:
            if not member.silenced:
                member.silenced = "muted"
                self._tell(member, "you are muted")
        return members

    def give_voice(self, freed: set[str]) -> None:
        """Let those speak again who are muted by no other order."""
        state = self._store.state
        for member in self._joined_as(freed):
            is_muted = state.is_muted(names.fold(member.name), member.account)
            if member.silenced == "muted" and not is_muted:
                member.silenced = ""
                self._tell(member, "you may speak again")

    def close_banned(self) -> int:
        """Close the connections that a ban applies to; return their number."""
        turn_away = self._directory.policy.turn_away
        closed = 0
        for member in self._joined():
            bye = turn_away(member.address, member.name) or turn_away(
                "", member.account
            )
            if bye is not None:
                closed += 1
                self._directory.close(member, bye)
        return closed

    def _ban(self, whom: str, seconds: float | None, reason: str) -> None:
        bans = self._directory.policy.bans
        try:
            bans.add(whom, seconds, reason)
        except (OSError, BanError) as error:
            self._not_done("ban", whom, error)
        self.close_banned()

    def _unban(self, whom: str) -> None:
        try:
            self._directory.policy.bans.remove(whom)
        except (OSError, BanError) as error:
            self._not_done("unban", whom, error)

    def _not_done(self, verb: str, whom: str, error: Exception) -> None:
        self._logger.warn(
            "{verb} {subject}: {reason}",
            event="order-not-kept",
            verb=verb,
            subject=whom,
            reason=str(error),
        )

    def _joined_as(self, folded: set[str]) -> list[Member]:
        """Return the members whose name or account is one of ``folded``."""
        return [
            member
            for member in self._joined()
            if member.account in folded or names.fold(member.name) in folded
        ]

    def _joined(self) -> list[Member]:
        return [each.member for each in self._subscriptions.values()]

    def _tell(self, member: Member, message: str) -> None:
        subscription = self._subscriptions[member.session_id]
        self._answers.add(subscription, Notice(message))
