"""The relay: bytes in, bytes out, no names, no notices, no commands."""

from broadcast.protocol import sanitize
from broadcast.protocol.dialects import RAW
from broadcast.protocol.events import Bye
from broadcast.protocol.roles import UNRESTRICTED, Role
from broadcast.room.member import Member, Peer
from broadcast.room.room import Room
from broadcast.room.subscription import Standing


class RelaySession:
    """The input side of a relay's member: whole lines go on as they are.

    Attributes:
        member: its output side.
        is_pinging: never: a relay knows no pings.
    """

    __slots__ = ("_role", "_room", "member")

    is_pinging = False
    is_waiting = False

    def __init__(self, room: Room, peer: Peer, role: Role = UNRESTRICTED) -> None:
        self._room = room
        self._role = role
        self.member: Member = room.new_member(peer)
        self.member.dialect = self.member.next_dialect = RAW

    def has_left(self) -> bool:
        """Tell whether it has left, or was made to."""
        here = self.member.session_id in self._room.members
        return not here and self.member.standing is not Standing.APPLYING

    def hear(self, block: bytes) -> None:
        """Pass on whole lines; those that are too long are dropped."""
        self._room.stats.bytes_in += len(block)
        self.join()
        if self.has_left() or not self._role.speaks:
            return
        longest = self._room.settings.max_line
        if sanitize.has_longer(block, longest):
            kept = [x for x in block.split(b"\n")[:-1] if len(x) <= longest]
            block = b"".join([line + b"\n" for line in kept])
        if block:
            self._room.say(self.member, *self.member.speaker.text(block))

    def certify(self, common_name: str) -> None:
        """Do nothing: nobody has a name here."""

    def join(self) -> None:
        """Begin to hear: what came first was no stray TLS or HTTP."""
        is_new = self.member.session_id not in self._room.members
        if is_new and self.member.standing is Standing.APPLYING:
            self._enter()

    def _enter(self) -> None:
        address = self.member.address
        bye = self._room.occupancy.refuse(address) or self._room.policy.turn_away(
            address, ""
        )
        if bye is not None:
            self._room.turn_away(self.member, bye)
        else:
            self._room.join(self.member, hears=self._role.hears)

    def end(self, last: bytes = b"") -> None:
        """Leave; an unterminated line is dropped."""
        if self.member.session_id in self._room.members:
            self._room.part(self.member, None)
        elif self.member.standing is Standing.APPLYING:
            self.member.end(b"")

    def lose(self, reason: str) -> None:
        """Be gone: the connection is lost."""
        self._room.lose(self.member, reason)

    def reject(self, message: bytes) -> None:
        """Close at once, with ``message``: this is no client of ours."""
        self.member.end(message, now=True)

    def close(self, bye: Bye) -> None:
        """Close at once; a relay says nothing."""
        self._room.dismiss(self.member, bye)
