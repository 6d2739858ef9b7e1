"""One connection's input: the handshake, then lines and commands.

No reactor and no socket: bytes on a wire, line ends and telnet belong to ``net``.
"""

from broadcast.protocol.roles import Role
from broadcast.room.member import Peer
from broadcast.room.room import Room
from broadcast.session.interfaces import IConnection, ISession
from broadcast.session.publisher import Publisher
from broadcast.session.relay import RelaySession
from broadcast.session.session import Session


def new_session(
    room: Room, connection: IConnection, peer: Peer, is_private: bool, role: Role
) -> ISession:
    """Return the input side of a new connection.

    Args:
        is_private: nobody can listen in on its way here: it may log in.
        role: what its member may do.
    """
    made: ISession
    if room.settings.relay:
        made = RelaySession(room, peer, role)
    elif not role.hears:
        made = Publisher(room, connection, peer, role)
    else:
        made = Session(room, connection, peer, is_private)
    if not role.speaks:
        made.member.silenced = "listen-only"
    return made
