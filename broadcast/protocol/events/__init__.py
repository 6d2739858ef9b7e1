"""Everything the server says, as data. How it looks as bytes is in ``dialect``.

An event names its wire form in ``kind`` and its people's form in ``text()``;
the fields of the dataclass are the fields of the json object, in their order
(a field that is ``None`` is left out, but for ``Replay.missing``).
"""

from broadcast.protocol.events.event import Event
from broadcast.protocol.events.private import (
    PROTOCOL,
    RECONNECT,
    Ack,
    Bye,
    Error,
    Login,
    Notice,
    Pong,
    Replay,
    Replayed,
    Welcome,
    Who,
    lines,
    who_pieces,
)
from broadcast.protocol.events.room import Join, Leave, Presence, Rename

__all__ = [
    "PROTOCOL",
    "RECONNECT",
    "Ack",
    "Bye",
    "Error",
    "Event",
    "Join",
    "Leave",
    "Login",
    "Notice",
    "Pong",
    "Presence",
    "Rename",
    "Replay",
    "Replayed",
    "Welcome",
    "Who",
    "lines",
    "who_pieces",
]
