"""A room in memory, with a clock that is moved by hand and transports that record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from broadcast.auth.authenticator import Authenticator
from broadcast.auth.bans import Bans
from broadcast.auth.checkers import TokenChecker
from broadcast.auth.policy import Policy
from broadcast.base.settings import RoomSettings
from broadcast.base.work import Work
from broadcast.net.connections import Connections
from broadcast.net.lines import BroadcastFactory, LineProtocol
from broadcast.protocol.roles import Role
from broadcast.room.directory import Directory
from broadcast.room.room import Room
from broadcast.session import new_session
from broadcast.store.base import IStore
from tests.support.clock import TurnClock
from tests.support.engine import LONG, is_late, store_for

EPOCH = "e1"


class Hall:
    """A room without sockets.

    Args:
        settings: what the admin chose.
        log_size: bytes that the log may take.
        store: makes the room's store; None: the one that the tests run over.
    """

    def __init__(
        self,
        settings: RoomSettings | None = None,
        log_size: int = 1 << 20,
        flush_partial: float | None = None,
        policy: Policy | None = None,
        max_members: int = 1_000_000,
        clock: TurnClock | None = None,
        store: Callable[[TurnClock], IStore] | None = None,
    ) -> None:
        self.clock = clock or TurnClock()
        self.work = Work(self.clock)
        self.directory = Directory(self.clock, policy, max_members)
        self.room = Room(
            settings or RoomSettings(),
            store(self.clock) if store else store_for(self.clock, EPOCH),
            log_size,
            self.directory,
            self.work,
        )
        self.connections = Connections(self.room, new_session)
        self.factory = BroadcastFactory(self.connections, flush_partial)

    def connect(self) -> "Guest":
        """Return somebody connected, who has said nothing yet."""
        return Guest(self)

    def join(self, *lines: str) -> "Guest":
        """Return somebody who introduced itself with ``lines`` and was greeted."""
        guest = self.connect()
        guest.send(*lines)
        self.wait(0.3)
        return guest

    def turn(self, turns: int = 6) -> None:
        """Let as many turns pass, in no time; more where a commit takes some."""
        for _ in range(turns * LONG if is_late() else turns):
            self.clock.advance(0)

    def wait(self, seconds: float) -> None:
        """Let time pass, and what is due happen."""
        self.clock.advance(seconds)
        self.turn()


class Transport(StringTransport):
    """Like a real one, may be paused and resumed when it is closing, and closes by
    halves."""

    def pauseProducing(self) -> None:
        """Read no more, unless it is closing."""
        if not self.disconnecting:
            super().pauseProducing()  # type: ignore[no-untyped-call]

    def resumeProducing(self) -> None:
        """Read on, unless it is closing."""
        if not self.disconnecting:
            super().resumeProducing()  # type: ignore[no-untyped-call]

    def loseWriteConnection(self) -> None:
        """Close: what would be read after that is discarded anyway."""
        self.loseConnection()  # type: ignore[no-untyped-call]


class Guest:
    """One connection's two ends: a protocol of ours, and what it wrote."""

    def __init__(
        self, hall: Hall, transport: Any = None, role: Role | None = None
    ) -> None:
        self.hall = hall
        factory = hall.factory.with_role(role) if role else hall.factory
        made: Any = factory.buildProtocol(None)
        self.protocol: LineProtocol = made
        self.transport: Any = transport or Transport()  # type: ignore[no-untyped-call]
        made.makeConnection(self.transport)

    def send(self, *lines: str) -> None:
        """Send lines, each ended by LF, and let the turn pass."""
        self.send_bytes("".join(f"{line}\n" for line in lines).encode())

    def send_bytes(self, *pieces: bytes) -> None:
        """Send bytes, one read for each piece, and let the turn pass."""
        for piece in pieces:
            self.protocol.dataReceived(piece)
        self.hall.turn()

    def take(self) -> bytes:
        """Return what was written since the last time."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def lines(self) -> list[str]:
        """Return the lines written since the last time."""
        data = self.take()
        assert not data or data.endswith(b"\n"), f"cut: {data[-100:]!r}"
        return data.decode().split("\n")[:-1]

    def end(self) -> None:
        """Close: the other end is read to its end, and then is gone."""
        self.protocol.readConnectionLost()
        self.hall.turn()
        if self.transport.disconnecting:
            self.drop(clean=True)

    def drop(self, clean: bool = False) -> None:
        """Lose the connection."""
        reason = ConnectionDone() if clean else ConnectionLost()
        self.protocol.connectionLost(Failure(reason))
        self.hall.turn()


SECRET = "open-sesame"


class LoginHall(Hall):
    """A hall that one has to log in to, with a secret, and Alice's and Bob's accounts.

    Nothing here is encrypted, so plaintext is allowed unless told otherwise.
    """

    def __init__(
        self, folder: Path, allows_plaintext: bool = True, log_size: int = 1 << 20
    ) -> None:
        tokens = folder / "tokens"
        tokens.write_text(f"# for the class\n{SECRET}\nthe-old-one\n")
        accounts = {"alice": b"alices-own", "Bob": b"bobs-own-1"}
        users: Any = InMemoryUsernamePasswordDatabaseDontUse(**accounts)
        clock = TurnClock()
        self.authenticator = Authenticator(
            [TokenChecker(str(tokens)), users],
            Work(clock),
            allows_plaintext=allows_plaintext,
        )
        bans = Bans(lambda: 0.0)
        policy = Policy(
            bans, self.authenticator, lambda folded: folded in ("alice", "bob")
        )
        super().__init__(log_size=log_size, policy=policy, clock=clock)

    def arrive(self, *lines: str) -> Guest:
        """Return somebody connected whose introduction is over."""
        guest = self.connect()
        if lines:
            guest.send(*lines)
        self.clock.advance(0.3)
        self.turn()
        return guest
