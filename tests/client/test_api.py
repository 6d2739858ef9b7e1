"""A room from inside, on a reactor in memory: the server's part is spoken by hand."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from broadcast.client import Room, connect
from broadcast.client import events as ev
from broadcast.client.errors import LostError, RefusedError
from tests.support.client.scripted_session import AT

Program = Callable[[Room], Awaitable[None]]


class Server:
    """The server of one ``program``, which runs in the room as far as it can."""

    def __init__(self, program: Program, **options: Any) -> None:
        self.problems: list[Failure] = []
        reactor = self.reactor = MemoryReactorClock()

        async def run() -> None:
            async with connect("unix:/room", **options).on(reactor) as room:
                await program(room)

        self.finished = Deferred.fromCoroutine(run())
        self.wire = StringTransport()
        self.protocol: Any = reactor.unixClients[0][1].buildProtocol(None)
        self.protocol.makeConnection(self.wire)

    def heard(self, word: str) -> list[str]:
        lines = self.wire.value().decode().splitlines()
        return [line for line in lines if line.startswith(word)]

    def say(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields})
        self.protocol.dataReceived(line.encode() + b"\n")

    def welcome(self) -> None:
        self.say("welcome", name="bob", epoch="e", id=5, count=2)

    def end(self) -> None:
        """See that the program is through; what it raised is raised here."""
        self.reactor.advance(2)
        assert self.finished.called
        self.finished.addErrback(self.problems.append)
        for problem in self.problems:
            problem.raiseException()


def test_room_knows_where_it_stands() -> None:
    """Name, count and position are those after the last event that came."""
    seen: list[str] = []

    async def program(room: Room) -> None:
        async for _ in room:
            seen.append(f"{room.name} {room.count} {room.position}")
            if room.name == "robert":
                return

    server = Server(program)
    server.welcome()
    server.say("message", id=6, at=AT, name="eve", text="x")
    server.say("join", at=AT, name="zoe", count=3)
    server.say("rename", at=AT, name="bob", to="robert")
    server.end()
    assert seen == ["bob 2 e:5", "bob 2 e:6", "bob 3 e:6", "robert 3 e:6"]


def test_each_answer_is_for_its_line() -> None:
    """A refusal of one line leaves the others, and the room, as they are."""
    answers: list[Any] = []

    async def program(room: Room) -> None:
        said = [Deferred.fromCoroutine(room.say(text)) for text in "abc"]
        for each in [answer.addBoth(answers.append) for answer in said]:
            await each

    server = Server(program, name="bob")
    server.welcome()
    a, b, c = (line.split()[1] for line in server.heard("/say"))
    server.say("error", code="muted", command="say", token=b)
    for token, number in ((c, 8), ("somebody-1", 6), (a, 7)):
        server.say("ack", token=token, id=number)
    server.end()
    refusal, *numbers = answers
    assert (refusal.value.code, numbers) == ("muted", [8, 7])


def test_what_came_is_told_before_the_end() -> None:
    """A loss is raised after the events before it; then every call raises it too."""
    late = Deferred[None]()

    async def program(room: Room) -> None:
        await late
        seen = [await anext(room) for _ in range(3)]
        assert [type(event) for event in seen] == [ev.Welcome, ev.Message, ev.Lost]
        for call in (anext(room), room.say("x"), room.command("/who")):
            with pytest.raises(LostError, match="closed the connection"):
                await call

    server = Server(program, retry=0)
    server.welcome()
    server.say("message", id=6, at=AT, name="eve", text="x")
    server.protocol.connectionLost(Failure(ConnectionDone()))
    late.callback(None)
    server.end()


def test_leaving_gives_up_what_is_unanswered() -> None:
    """Leaving says goodbye; a line without an answer is unsure, and said so."""
    unsure: list[Failure] = []

    async def program(room: Room) -> None:
        Deferred.fromCoroutine(room.say("x")).addErrback(unsure.append)

    server = Server(program)
    server.welcome()
    assert [type(failure.value) for failure in unsure] == [LostError]
    assert not server.finished.called
    server.end()
    assert server.heard("/quit") == ["/quit"]
    assert server.wire.disconnecting


def test_closing_ends_the_iteration() -> None:
    """A loop over the events of a room that is closed ends, and raises nothing."""
    ended: list[bool] = []

    async def program(room: Room) -> None:
        async def read() -> None:
            async for _ in room:
                pass
            ended.append(True)

        reading = Deferred.fromCoroutine(read())
        await room.close()
        await reading

    server = Server(program)
    server.welcome()
    server.end()
    assert ended == [True]


def test_room_is_closed_once() -> None:
    """A second ``close`` says no second goodbye, and waits for nothing new."""

    async def program(room: Room) -> None:
        first, second = (Deferred.fromCoroutine(room.close()) for _ in range(2))
        await first
        await second
        await room.close()

    server = Server(program)
    server.welcome()
    server.protocol.connectionLost(Failure(ConnectionDone()))
    assert server.finished.called
    server.end()
    assert server.heard("/quit") == ["/quit"]


def test_giving_up_while_connecting_leaves_nothing_behind() -> None:
    """A program cancelled before the welcome has no connection that goes on alone."""
    dialling = MemoryReactorClock()
    entering = Deferred.fromCoroutine(
        connect("tcp://127.0.0.1:9").on(dialling).__aenter__()
    )
    entering.cancel()
    entering.addErrback(lambda failure: failure.trap(CancelledError))
    assert dialling.getDelayedCalls() == []
    assert all(connector.stoppedConnecting for connector in dialling.connectors)
    server = Server(Room.close)
    server.finished.cancel()
    assert server.wire.disconnecting
    with pytest.raises(CancelledError):
        server.end()


def test_slowed_line_is_still_said() -> None:
    """Being told to slow down answers nothing: the line is acknowledged later."""
    said: list[int] = []

    async def program(room: Room) -> None:
        said.append(await room.say("x"))

    server = Server(program, name="bob")
    server.welcome()
    token = server.heard("/say")[0].split()[1]
    server.say("error", code="slowed", command="say", token=token)
    server.say("ack", token=token, id=7)
    server.end()
    assert said == [7]


@pytest.mark.parametrize("code", ["kicked", "banned", "full"])
def test_reason_of_being_sent_away_is_the_protocols_word(code: str) -> None:
    """``code`` of a refusal is the server's own word for it, also at the door."""

    async def program(room: Room) -> None:
        async for _ in room:
            pass

    server = Server(program)
    if code != "full":
        server.welcome()
    server.say("bye", code=code, text="out", reconnect=False)
    server.protocol.connectionLost(Failure(ConnectionDone()))
    with pytest.raises(RefusedError, match="out") as refused:
        server.end()
    assert refused.value.code == code


def test_login_that_nobody_can_answer() -> None:
    """Without a secret the code is the protocol's word; the connection is closed."""
    server = Server(Room.close)
    server.say("login", text="who?")
    with pytest.raises(RefusedError) as refused:
        server.end()
    assert refused.value.code == "login-required"
    assert server.wire.disconnecting


def test_wrong_arguments_are_told_at_once() -> None:
    """A position that is none, or a command with a line end, is not sent."""
    with pytest.raises(ValueError, match="EPOCH:ID"):
        connect("unix:/room", since="yesterday")
    server = Server(lambda room: room.command("/who\n/quit"))
    server.welcome()
    with pytest.raises(ValueError, match="one line"):
        server.end()
    assert server.heard("/who") == []
