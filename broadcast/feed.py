"""A feed: it speaks, and hears nothing; a slash means nothing to it.

For what is piped in, a log above all, where any line may stand. Who can reach
the listener may speak, so the listener is what has to be chosen well.
"""

from twisted.logger import Logger

from broadcast import safe
from broadcast.access.door import Door
from broadcast.conversation import Conversation, Face
from broadcast.events import Error
from broadcast.hub import Hub


class Feed(Conversation):
    """The input side of one that only speaks."""

    _log = Logger(namespace="broadcast")
    __slots__ = ("_door", "_refused")

    def __init__(self, hub: Hub, face: Face, address: str, door: Door) -> None:
        super().__init__(hub, face, address, is_private=True)
        self._door = door
        self._refused: set[str] = set()
        self._porch = None

    def join(self) -> None:
        """Be announced; there is no greeting for one that hears nothing."""
        introduction, self._introduction = self._introduction, None
        if introduction is None:
            return
        hub, member = self.hub, self.member
        if self._certified is not None:
            self._take_name(introduction)
        elif self._door.name:
            hub.roster.take_mended(self._door.name, member)
        else:
            hub.roster.take_guest(member)
        bye = hub.guard.turn_away(member.address, member.name)
        if bye is not None:
            hub.turn_away(member, bye)
        else:
            hub.join(member, hears=False)

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
        self._say([safe.mend_line(line) for line in lines if len(line) <= longest])
        for line in lines:
            if len(line) > longest:
                self._refuse_long(len(line), longest)
        return b""

    def _refuse(self, error: Error) -> None:
        """Note it in the log, once for each reason: it hears nothing itself."""
        if error.code not in self._refused:
            self._refused.add(error.code)
            words, member = error.words, self.member
            self._log.warn("{name}: {words}", name=member.name, words=words)
