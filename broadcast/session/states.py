"""The life of a connection: its states, and which may follow which.

All of it is here. A session is in one state at a time, moves as ``MOVES`` allows, and
ends in ``GONE`` exactly once; ``Session.close(reason, when)`` is the one way to end.
"""

import enum
from collections.abc import Mapping
from typing import Final


class State(enum.Enum):
    """How far a connection is."""

    SECURING = "its TLS handshake goes on"
    HANDSHAKE = "it may say what it is called, and how it is to be spoken to"
    ASKED = "it has to log in, and has been told"
    AUTHENTICATING = "a login is being checked; nothing more is taken meanwhile"
    NAMING = "it is asked what it is called, and has not said so yet"
    CLAIMING = "the log decides on its name; nothing more is taken meanwhile"
    JOINED = "it is a member: it speaks, and hears"
    LEAVING = "what it has said is still said, and what it is owed still written"
    CLOSING = "its last words are on their way; the end of the connection is awaited"
    GONE = "there is no connection"


_ENDS: Final = {State.LEAVING, State.CLOSING, State.GONE}

MOVES: Final[Mapping[State, set[State]]] = {
    State.SECURING: {State.HANDSHAKE} | _ENDS,
    State.HANDSHAKE: {
        State.ASKED,
        State.AUTHENTICATING,
        State.NAMING,
        State.CLAIMING,
        State.JOINED,  # a relay, where nobody has a name
    }
    | _ENDS,
    State.ASKED: {State.AUTHENTICATING} | _ENDS,
    State.AUTHENTICATING: {State.ASKED, State.NAMING, State.CLAIMING} | _ENDS,
    State.NAMING: {State.CLAIMING} | _ENDS,
    State.CLAIMING: {State.NAMING, State.JOINED} | _ENDS,
    State.JOINED: _ENDS,
    State.LEAVING: {State.CLOSING, State.GONE},
    State.CLOSING: {State.GONE},
    State.GONE: set(),
}
"""The states that may come after each state."""

HANDSHAKING: Final = frozenset(
    {
        State.SECURING,
        State.HANDSHAKE,
        State.ASKED,
        State.AUTHENTICATING,
        State.NAMING,
        State.CLAIMING,
    }
)
"""It has not joined, and may still."""

WAITS: Final = frozenset({State.AUTHENTICATING, State.CLAIMING})
"""Nothing that it says is taken until something has been decided."""

GOES_ON: Final = frozenset(
    {State.HANDSHAKE, State.NAMING, State.CLAIMING, State.JOINED, State.LEAVING}
)
"""Its connection lost, what it has said is still taken: it has not to log in first."""

ENDED: Final = frozenset({State.CLOSING, State.GONE})
"""The states in which input is ignored."""


class StateError(Exception):
    """A connection can't go from one state to that other one: a fault of ours."""


def move(state: State, to: State) -> State:
    """Return ``to``, the state that follows ``state``.

    Raises:
        StateError: it can't follow.
    """
    if to not in MOVES[state]:
        raise StateError(f"{state.name} can't be followed by {to.name}")
    return to
