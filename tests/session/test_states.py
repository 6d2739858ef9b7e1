"""The life of a connection: any order of events ends it once, and gives all back."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.interfaces import ISSLTransport
from zope.interface import alsoProvides

from broadcast.protocol.events import Bye
from broadcast.protocol.roles import ASKING, LISTEN_ONLY, UNRESTRICTED, Role
from broadcast.room.directory import When
from broadcast.session.states import ENDED, MOVES, State, StateError, move
from tests.support.hall import SECRET, Guest, Hall, LoginHall, Transport

LINES = st.sampled_from(
    [
        b"hello\n",
        b"x\n" * 3000,
        b"a\x1bb\n" * 40,
        b"/ping\n" * 70,
        b"/name al sesame-open\n",
        b"/name bo\n",
        b"/format json\n",
        b"CONNECT carl\n",
        b"/login " + SECRET.encode() + b"\n",
        b"/login alice alices-own\n",
        b"/login wrong\n" * 2,
        b"/quit\n",
        b"anna\n",
        b"no name\n" * 30,
        b"/who\n/history 3\n",
        b"no end",
        b"z" * 40_000,
    ]
)
ROLES = st.sampled_from(
    [
        *(UNRESTRICTED, UNRESTRICTED, ASKING, ASKING, LISTEN_ONLY),
        Role(hears=False, name="feed"),
    ]
)


class Life(RuleBasedStateMachine):
    """Connections that do anything, in a room that one may have to log in to."""

    def __init__(self, hall: Hall) -> None:
        super().__init__()
        self.hall = hall
        self.watcher = hall.join(f"/login {SECRET}", "/name watcher")
        self.hall.turn(6)
        self.guests: list[Guest] = []
        self.seen: dict[Guest, list[State]] = {}
        self.dropped: set[Guest] = set()
        self.kicked: dict[Guest, bytes] = {}

    def _pick(self, who: int) -> Guest:
        return self.guests[who % len(self.guests)]

    def _note(self) -> None:
        for guest in self.guests:
            state = guest.protocol.session.state
            if self.seen[guest][-1] is not state:
                self.seen[guest].append(state)

    @precondition(lambda self: len(self.guests) < 4)
    @rule(is_tls=st.booleans(), role=ROLES)
    def connect(self, is_tls: bool, role: Role) -> None:
        transport: Any = Transport()  # type: ignore[no-untyped-call]  # Twisted's
        if is_tls:
            alsoProvides(transport, ISSLTransport)
        guest = Guest(self.hall, transport, role)
        self.guests.append(guest)
        self.seen[guest] = [guest.protocol.session.state]
        assert (self.seen[guest] == [State.SECURING]) is is_tls

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0))
    def secure(self, who: int) -> None:
        guest = self._pick(who)
        if guest.protocol.session.state is State.SECURING:
            guest.protocol.handshakeCompleted()

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0), data=LINES, turns=st.integers(0, 2))
    def send(self, who: int, data: bytes, turns: int) -> None:
        guest = self._pick(who)
        if guest not in self.dropped and guest.protocol.session.state not in (
            State.SECURING,
        ):
            guest.protocol.dataReceived(data)
        self.hall.turn(turns)

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0), clean=st.booleans())
    def drop(self, who: int, clean: bool) -> None:
        guest = self._pick(who)
        if guest not in self.dropped:
            self.dropped.add(guest)
            guest.drop(clean)

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0))
    def end(self, who: int) -> None:
        guest = self._pick(who)
        session = guest.protocol.session
        if guest not in self.dropped and session.state is not State.SECURING:
            guest.protocol.readConnectionLost()

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0), when=st.sampled_from([When.NOW, When.AFTER_READ]))
    def close(self, who: int, when: When) -> None:
        guest = self._pick(who)
        session = guest.protocol.session
        was = session.state
        session.close(Bye("kicked", "these are the last words"), when)
        if when is When.NOW and was not in ENDED and guest not in self.dropped:
            self.kicked[guest] = session.subscription.next_dialect.told(
                Bye("kicked", "these are the last words")
            )

    @precondition(lambda self: self.guests)
    @rule(who=st.integers(0), is_full=st.booleans())
    def read(self, who: int, is_full: bool) -> None:
        guest = self._pick(who)
        if guest not in self.dropped:
            writer: Any = guest.protocol.writer
            if is_full:
                writer.pauseProducing()
            else:
                writer.resumeProducing()

    @rule(seconds=st.sampled_from([0.0, 0.3, 2.1, 31.0]))
    def wait(self, seconds: float) -> None:
        self.hall.wait(seconds)

    @rule()
    def speak(self) -> None:
        self.watcher.send(*["y" * 5000] * 5)  # the log holds few of them
        self.watcher.take()

    @rule()
    def tick(self) -> None:
        self.hall.clock.tick = 0 if self.hall.clock.tick else 0.0005

    @invariant()
    def states_follow_one_another(self) -> None:
        self._note()

    def teardown(self) -> None:
        """Lose all that are left: nobody and nothing may remain."""
        self.hall.clock.tick = 0
        self.hall.wait(1)
        for guest, last in self.kicked.items():
            if guest not in self.dropped:
                writer: Any = guest.protocol.writer
                writer.resumeProducing()
                assert guest.transport.value().endswith(last)
        for guest in [*self.guests, self.watcher]:
            if guest not in self.dropped:
                guest.drop()
        self.hall.wait(61)
        self.hall.turn(60)
        self._note()
        directory, room = self.hall.directory, self.hall.room
        for guest in self.guests:
            assert self.seen[guest].count(State.GONE) == 1
            assert guest.protocol.session.state is State.GONE
        assert not directory.sessions
        assert not room.subscriptions
        assert len(room.roster) == 0
        assert room.store.state.count == 0
        assert directory.occupancy.count == 0
        assert not self.hall.connections
        assert not room.fanout.behind
        assert not any(
            audience.sends for audience in room.fanout.readers.audiences.values()
        )
        assert not len(self.hall.work)
        assert room.stats.left.total() == room.stats.joined


class OpenLife(Life):
    """Nobody has to log in."""

    def __init__(self) -> None:
        super().__init__(Hall(log_size=60_000))


class GuardedLife(Life):
    """Everybody has to log in first."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            super().__init__(LoginHall(Path(folder), log_size=60_000))


TestOpenLife = OpenLife.TestCase
TestOpenLife.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestGuardedLife = GuardedLife.TestCase
TestGuardedLife.settings = TestOpenLife.settings


def test_the_table_leads_from_everywhere_to_the_end() -> None:
    """Every state can be lost, none comes back, and only ``GONE`` is the end."""
    for state, following in MOVES.items():
        assert (State.GONE in following) is (state is not State.GONE)
        assert state not in following
    order = [State.LEAVING, State.CLOSING, State.GONE]
    for at, state in enumerate(order):
        assert MOVES[state] == set(order[at + 1 :])


@pytest.mark.parametrize("state", State)
def test_any_other_move_is_a_fault(state: State) -> None:
    """It raises, and says both."""
    for to in State:
        if to in MOVES[state]:
            assert move(state, to) is to
        else:
            with pytest.raises(StateError, match=f"{state.name} .* {to.name}"):
                move(state, to)
