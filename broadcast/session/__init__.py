"""One connection's input: the handshake, then lines and commands.

No reactor and no socket: bytes on a wire, line ends and telnet belong to ``net``.
"""

from broadcast.protocol.roles import Role
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session.asking import Question
from broadcast.session.handshake import Handshake
from broadcast.session.interfaces import IConnection, ISession
from broadcast.session.login import LoginPhase
from broadcast.session.publisher import PublisherHandshake, publisher_speech
from broadcast.session.relay import RelayHandshake, RelaySpeech
from broadcast.session.session import Session
from broadcast.session.speech import SPEECH


def new_session(
    room: Room, connection: IConnection, peer: Peer, is_private: bool, role: Role
) -> Session:
    """Return the session of a new connection.

    Args:
        room: the room that it joins.
        connection: the connection.
        peer: its address.
        is_private: the connection is encrypted or local, so that it may log in.
        role: the permissions of its member.
    """

    def handshake(session: ISession) -> Handshake:
        authenticator = room.directory.policy.authenticator
        question = Question(session) if role.asks else None
        if authenticator is None:
            return Handshake(session, None, question)
        login = LoginPhase(session, authenticator, is_private)
        return Handshake(session, login, question)

    if room.settings.relay:
        made = Session(
            room, connection, peer, RelaySpeech(), lambda s: RelayHandshake(s, role)
        )
    elif not role.hears:
        made = Session(
            room,
            connection,
            peer,
            publisher_speech(),
            lambda s: PublisherHandshake(s, role.name),
        )
    else:
        made = Session(room, connection, peer, SPEECH, handshake)
    if not role.speaks:
        made.member.silenced = "listen-only"
    return made
