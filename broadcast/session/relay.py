"""The relay: bytes in, bytes out, no names, no notices, no commands."""

from typing import Final

from broadcast.protocol import sanitize
from broadcast.protocol.dialects import RAW, Dialect
from broadcast.protocol.events import Error
from broadcast.protocol.roles import Role
from broadcast.session.interfaces import ISession
from broadcast.session.naming import is_turned_away


class RelayHandshake:
    """The handshake of a relay's member: there is none.

    Args:
        session: the member's session.
        role: its permissions.
    """

    __slots__ = ("_role", "_session")

    has_begun_line: Final = False

    def __init__(self, session: ISession, role: Role) -> None:
        self._session = session
        self._role = role

    @property
    def dialect(self) -> Dialect:
        """The lines themselves."""
        return RAW

    def certify(self, common_name: str) -> None:
        """Do nothing: nobody has a name here."""

    def hear(self, block: bytes, until: float) -> bytes:
        """Join: the first bytes were no stray TLS or HTTP."""
        self.end()
        return block

    def end(self) -> None:
        """Begin to hear."""
        session = self._session
        session.subscription.speak(RAW)
        if not is_turned_away(session):
            session.joined()
            session.room.join(session.subscription, hears=self._role.hears)

    def go_on(self) -> None:
        """Do nothing: no name is claimed."""


class RelaySpeech:
    """Whole lines that go on as they are: see ``ISpeech``."""

    __slots__ = ()

    def prepare(self, session: ISession, block: bytes, is_first: bool) -> bytes:
        """Change nothing."""
        return block

    def is_clean(self, block: bytes, longest: int) -> bool:
        """Tell whether no line is too long."""
        return not sanitize.has_longer(block, longest)

    def sift(self, session: ISession, block: bytes, until: float) -> bytes:
        """Drop what is too long; pass the rest on."""
        longest = session.room.settings.max_line
        if sanitize.has_longer(block, longest):
            kept = [x for x in block.split(b"\n")[:-1] if len(x) <= longest]
            block = b"".join([line + b"\n" for line in kept])
        if block and not session.member.silenced:
            speaker = session.member.speaker or session.member.begin_to_speak()
            session.room.say(session.member, speaker, *speaker.text(block))
        return b""

    def refuse(self, session: ISession, error: Error) -> None:
        """Do nothing: a relay says nothing of its own."""
