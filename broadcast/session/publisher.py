"""A feed: it speaks, and hears nothing; a slash means nothing to it.

For what is piped in, a log above all, where any line may stand. Who can reach
the listener may speak, so the listener is what has to be chosen well.
"""

from twisted.logger import Logger

from broadcast.protocol import sanitize as safe
from broadcast.protocol.dialects import RAW
from broadcast.protocol.events import Error
from broadcast.protocol.roles import Door
from broadcast.room.member import Peer
from broadcast.room.room import Hub
from broadcast.session import session
from broadcast.session.handshake import Entrance
from broadcast.session.session import Conversation, Face


class SideEntrance(Entrance):
    """The way in of one that only speaks: nobody asks anything, nor greets.

    Args:
        name: what the listener calls who comes this way; "" for a guest's name.
    """

    __slots__ = ("_name",)

    def __init__(self, talk: Conversation, is_private: bool, name: str) -> None:
        super().__init__(talk, is_private)
        self.porch = None
        self._name = name

    def join(self) -> None:
        """Be announced, and told nothing from then on; or be told why not."""
        hub, member = self._talk.hub, self._talk.member
        self._talk.entrance = None
        bye = hub.crowd.refuse(member.address)
        if bye is None:
            self.take_name(self._name)
            bye = hub.guard.turn_away(member.address, member.name)
        if bye is not None:
            hub.turn_away(member, bye)
        else:
            member.speak(RAW)
            hub.join(member, hears=False)


class Feed(Conversation):
    """The input side of one that only speaks."""

    _log = Logger(namespace="broadcast")
    __slots__ = ("_door", "_refused")

    def __init__(self, hub: Hub, face: Face, peer: Peer, door: Door) -> None:
        self._door = door
        self._refused: set[str] = set()
        super().__init__(hub, face, peer, is_private=True)

    def _way_in(self, is_private: bool) -> Entrance:
        return SideEntrance(self, is_private, self._door.name)

    def hear(self, block: bytes) -> None:
        """Take whole lines; the first one is said like all others."""
        self.join()
        super().hear(block)

    def _is_clean(self, block: bytes) -> bool:
        return (
            not self.member.silenced
            and safe.is_clean(block)
            and not safe.has_blank(block)
            and not safe.has_longer(block, self.hub.house.max_line)
        )

    def _sift(self, block: bytes) -> bytes:
        longest = self.hub.house.max_line
        lines = [line for line in block.split(b"\n") if line]
        session.say(
            self, [safe.mend_line(line) for line in lines if len(line) <= longest]
        )
        for line in lines:
            if len(line) > longest:
                self.refuse(session.too_long(len(line), longest))
        return b""

    def refuse(self, error: Error) -> None:
        """Note it in the log, once for each reason: it hears nothing itself."""
        if error.code not in self._refused:
            self._refused.add(error.code)
            words, member = error.words, self.member
            self._log.warn("{name}: {words}", name=member.name, words=words)
