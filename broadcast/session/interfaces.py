"""The interfaces between a connection, its session, and the session's parts."""

from typing import Any, Protocol

from broadcast.base.settings import Timeouts
from broadcast.protocol.dialects import Dialect
from broadcast.protocol.events import Bye, Error
from broadcast.room.directory import When
from broadcast.room.member import Member
from broadcast.room.room import Room
from broadcast.room.subscription import Subscription
from broadcast.session.states import State


class IConnection(Protocol):
    """One connection: a transport with its protocol, whatever that is.

    Attributes:
        kind: tcp, tls, unix, websocket or http.
        transport: Twisted's.
        session: its input side, and its life.
    """

    @property
    def kind(self) -> str:
        """Return what it speaks over."""

    @property
    def transport(self) -> Any:
        """Return where bytes go."""

    @property
    def session(self) -> "ISession":
        """Return its input side."""

    def pause_reading(self) -> None:
        """Read no more for now."""

    def resume_reading(self) -> None:
        """Read on."""

    def shut(self) -> None:
        """Close our end: all has been written."""

    def linger(self) -> None:
        """Close in two seconds, whatever is still queued; discard what comes."""

    def abort(self) -> bool:
        """Close now; return whether it was open."""

    def greet(self) -> bool:
        """End the introduction: its time is over; False: it was to end anyway."""

    def check(self, now: float, timeouts: Timeouts) -> None:
        """Close if nothing was heard, or nothing read, for too long."""


class ISession(Protocol):
    """The input side of a connection, and its life.

    Attributes:
        state: its state.
        room: the room that it joins.
        member: its member.
        subscription: its place in the room's log.
        speech: the interpreter of its lines.
        bye: its last event, for connections that send it in a form of their own.
        is_pinging: it sends pings, and so is held to ``--idle-timeout``.
        is_connect: it speaks the CONNECT protocol: ``\\exit`` is a command.
    """

    state: State
    room: Room
    member: Member
    subscription: Subscription
    speech: "ISpeech"
    bye: Bye | None
    is_pinging: bool
    is_connect: bool

    @property
    def is_introducing(self) -> bool:
        """It has not been asked for anything, and has not joined."""

    @property
    def is_waiting(self) -> bool:
        """Something that it said waits for a later turn; it isn't read."""

    def secured(self, common_name: str | None) -> None:
        """Begin the introduction: the TLS handshake, if any, is over.

        Args:
            common_name: the name in a client certificate that was verified.
        """

    def hear(self, block: bytes, is_little: bool = True) -> bool:
        """Take whole lines, each ended by LF; tell whether they were said at once."""

    def negotiate(self, answers: bytes) -> None:
        """Have telnet's ``answers`` written, between lines, behind what was said."""

    def go_on(self) -> None:
        """Take what waits, in turn."""

    def take(self, count: int) -> bool:
        """Tell whether ``count`` lines may be said now; if so, they are counted."""

    def refuse(self, error: Error) -> None:
        """Tell that something was not taken."""

    def yield_turn(self) -> None:
        """Take what follows when all that was asked for has been answered."""

    def joined(self) -> None:
        """Be done with the handshake: it is a member."""

    def greet(self) -> None:
        """End the introduction, if it goes on still: its time is over."""

    def finished(self) -> None:
        """Close: the last words have been handed out."""

    def move(self, to: State) -> None:
        """Go on to another state."""

    def close(
        self, reason: Bye | str, when: When, detail: str = "", last: bytes = b""
    ) -> None:
        """End the connection: the one way to do it.

        Args:
            reason: the last event; a mere code if none is sent.
            when: the condition of the end.
            detail: an addition to the reason's code in the log.
            last: the output in place of the reason, for a client of another kind.
        """


class IHandshake(Protocol):
    """The part of a session before it joins.

    Attributes:
        has_begun_line: the last output is a prompt, which has no line end.
    """

    @property
    def has_begun_line(self) -> bool:
        """Tell whether last words need a line of their own."""

    @property
    def dialect(self) -> Dialect:
        """Return the dialect in which it will be spoken to, as far as is known."""

    def certify(self, common_name: str) -> None:
        """Be called what a client certificate says."""

    def hear(self, block: bytes, until: float) -> bytes:
        """Take some of ``block``, whole lines; return what follows, or must wait."""

    def end(self) -> None:
        """Claim a name, or be asked for what is missing: the introduction is over."""

    def go_on(self) -> None:
        """Join, if the name that was claimed has been given."""


class ISpeech(Protocol):
    """The interpreter of a session's lines, one for all sessions of a kind."""

    def prepare(self, session: ISession, block: bytes, is_first: bool) -> bytes:
        """Return the lines that ``block`` stands for: the first, or one with a CR."""

    def is_clean(self, block: bytes, longest: int) -> bool:
        """Tell whether ``block`` can be said as it is: the hot path.

        Args:
            block: whole lines.
            longest: bytes that a line may have.
        """

    def sift(self, session: ISession, block: bytes, until: float) -> bytes:
        """Say or do what ``block`` holds, some at a time; return what must wait."""

    def refuse(self, session: ISession, error: Error) -> None:
        """Tell that something was not taken."""


class ClosedConnection:
    """The connection of a session that is gone, so that no cycle is left."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def shut(self) -> None:
        """Do nothing."""

    def linger(self) -> None:
        """Do nothing."""


CLOSED_CONNECTION = ClosedConnection()
