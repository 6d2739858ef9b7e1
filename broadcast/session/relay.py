"""The relay: bytes in, bytes out, no names, no notices, no commands."""

from broadcast.protocol import sanitize as safe
from broadcast.protocol.dialects import RAW
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import OPEN, Door
from broadcast.room.member import Member, Peer, Standing
from broadcast.room.room import Hub
from broadcast.session.session import Face


class RelayConversation:
    """The input side of a relay's member: whole lines go on as they are.

    Attributes:
        member: its output side.
        is_pinging: never: a relay knows no pings.
    """

    __slots__ = ("_door", "_hub", "member")

    is_pinging = False
    is_waiting = False

    def __init__(self, hub: Hub, face: Face, peer: Peer, door: Door = OPEN) -> None:
        self._hub = hub
        self._door = door
        self.member: Member = hub.new_member(peer)
        self.member.dialect = self.member.spoken = RAW

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to."""
        here = self.member.session in self._hub.members
        return not here and self.member.standing is not Standing.APPLYING

    def hear(self, block: bytes) -> None:
        """Pass on whole lines; those that are too long are dropped."""
        self._hub.tally.bytes_in += len(block)
        self.join()
        if self.has_left() or not self._door.speaks:
            return
        longest = self._hub.house.max_line
        if safe.has_longer(block, longest):
            kept = [x for x in block.split(b"\n")[:-1] if len(x) <= longest]
            block = b"".join([line + b"\n" for line in kept])
        if block:
            self._hub.say(self.member, *self.member.speaker.text(block))

    def certify(self, common_name: str) -> None:
        """Do nothing: nobody has a name here."""

    def join(self) -> None:
        """Begin to hear: what came first was no stray TLS or HTTP."""
        is_new = self.member.session not in self._hub.members
        if is_new and self.member.standing is Standing.APPLYING:
            self._enter()

    def _enter(self) -> None:
        address = self.member.address
        bye = self._hub.crowd.refuse(address) or self._hub.guard.turn_away(address, "")
        if bye is not None:
            self._hub.turn_away(self.member, bye)
        else:
            self._hub.join(self.member, hears=self._door.hears)

    def end(self, last: bytes = b"") -> None:
        """Leave; an unterminated line is dropped."""
        if self.member.session in self._hub.members:
            self._hub.part(self.member, None)
        elif self.member.standing is Standing.APPLYING:
            self.member.end(b"")

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost."""
        self._hub.lose(self.member, reason)

    def reject(self, words: bytes) -> None:
        """Close at once, with ``words``: this is no client of ours."""
        self.member.end(words, now=True)

    def close(self, bye: Bye) -> None:
        """Close at once; a relay says nothing."""
        self._hub.dismiss(self.member, bye)
