"""The publisher: it speaks, and hears nothing; a slash means nothing to it.

For what is piped in, a log above all, where any line may stand. Who can reach
the listener may speak, so the listener is what has to be chosen well.
"""

from twisted.logger import Logger

from broadcast.protocol import sanitize
from broadcast.protocol.dialects import RAW
from broadcast.protocol.events import Error
from broadcast.protocol.roles import Role
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session.handshake import Handshake
from broadcast.session.interfaces import IConnection
from broadcast.session.session import Session


class PublisherHandshake(Handshake):
    """The way in of one that only speaks: nobody asks anything, nor greets.

    Args:
        name: what the listener calls who comes this way; "" for a guest's name.
    """

    __slots__ = ("_name",)

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session)
        self._name = name

    def join(self) -> None:
        """Be announced, and told nothing from then on; or be told why not."""
        room, member = self._session.room, self._session.member
        self._session.end_handshake()
        bye = room.occupancy.refuse(member.address)
        if bye is None:
            self.take_name(self._name)
            bye = room.policy.turn_away(member.address, member.name)
        if bye is not None:
            room.turn_away(member, bye)
        else:
            member.speak(RAW)
            room.join(member, hears=False)


class Publisher(Session):
    """The input side of one that only speaks."""

    _logger = Logger(namespace="broadcast")
    __slots__ = ("_refused", "_role")

    def __init__(
        self, room: Room, connection: IConnection, peer: Peer, role: Role
    ) -> None:
        self._role = role
        self._refused: set[str] = set()
        super().__init__(room, connection, peer, is_private=True)

    def _new_handshake(self, is_private: bool) -> Handshake:
        return PublisherHandshake(self, self._role.name)

    def hear(self, block: bytes) -> None:
        """Take whole lines; the first one is said like all others."""
        self.join()
        super().hear(block)

    def _is_clean(self, block: bytes) -> bool:
        return (
            not self.member.silenced
            and sanitize.is_clean(block)
            and not sanitize.has_blank(block)
            and not sanitize.has_longer(block, self.room.settings.max_line)
        )

    def _sift(self, block: bytes) -> bytes:
        longest = self.room.settings.max_line
        lines = [line for line in block.split(b"\n") if line]
        self._say_mended(
            [sanitize.mend_line(line) for line in lines if len(line) <= longest]
        )
        for line in lines:
            if len(line) > longest:
                self._refuse_too_long(len(line), longest)
        return b""

    def refuse(self, error: Error) -> None:
        """Note it in the log, once for each reason: it hears nothing itself."""
        if error.code not in self._refused:
            self._refused.add(error.code)
            message, member = error.message, self.member
            self._logger.warn("{name}: {words}", name=member.name, words=message)
