"""The importable API, on plain asyncio and on Twisted's reactors."""

import asyncio
import subprocess
import sys
from collections.abc import Coroutine
from typing import Any

import pytest

from broadcast.client import connect
from broadcast.client import room as room_module
from broadcast.client.errors import (
    AddressError,
    CannotConnectError,
    LostError,
    RefusedError,
)
from broadcast.client.events import Message, Missed, Welcome
from tests.client.conftest import RoomThread
from tests.client.daemon import Daemon
from tests.client.room import Member, ScriptedRoom

EXAMPLE = """
import broadcast.client
from broadcast.client.events import Message

async def main(url):
    async with broadcast.client.connect(url, name="robot") as room:
        number = await room.say("hi")
        async for event in room:
            if isinstance(event, Message):
                print(event.id == number, event.name, event.text, room.name)
                break
    try:
        async with broadcast.client.connect("tcp://127.0.0.1:1") as room:
            pass
    except broadcast.client.errors.CannotConnectError as problem:
        print(problem)
"""
ON_ASYNCIO = """
import asyncio, sys
asyncio.run(main(sys.argv[1]))
assert "twisted" not in sys.modules
"""
ON_TWISTED = """
import sys
{install}
from twisted.internet import task
def run(reactor):
    from twisted.internet.defer import Deferred
    return Deferred.fromCoroutine(main(sys.argv[1]))
task.react(run)
"""
REACTORS = {
    "asyncio": ON_ASYNCIO,
    "select": ON_TWISTED.format(
        install="from twisted.internet import selectreactor as r; r.install()"
    ),
    "default": ON_TWISTED.format(install=""),
    "asyncioreactor": ON_TWISTED.format(
        install="from twisted.internet import asyncioreactor as r; r.install()"
    ),
}


@pytest.mark.parametrize("reactor", REACTORS)
def test_example_runs_everywhere(daemon: Daemon, reactor: str) -> None:
    """One program text serves plain asyncio and any reactor of Twisted."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXAMPLE + REACTORS[reactor], daemon.url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "True robot hi robot\nconnection refused\n"


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await coroutine

    asyncio.run(bounded())


def test_two_talk(daemon: Daemon) -> None:
    """What one says the other hears, in order; commands are answered by events."""

    async def main() -> None:
        async with (
            connect(daemon.url, name="ann") as ann,
            connect(daemon.url, name="ben") as ben,
        ):
            numbers = [await ann.say(f"line {n}") for n in range(5)]
            heard: list[Message] = []
            async for event in ben:
                if isinstance(event, Message):
                    heard.append(event)
                if len(heard) == 5:
                    break
            assert [event.id for event in heard] == numbers
            assert [event.text for event in heard] == [f"line {n}" for n in range(5)]
            assert ben.position.endswith(f":{numbers[-1]}")
            assert ben.count == 2
            await ben.command("/quit")
            async for _ in ben:
                pass
            assert (await anext(aiter(ann))) is not None

    run(main())


def test_history_and_since(daemon: Daemon) -> None:
    """Earlier lines come first when asked for; a position is where to go on."""

    async def main() -> None:
        async with connect(daemon.url, name="ann") as ann:
            await ann.say("one")
            position = ann.position
            await ann.say("two")
        for options, expected in (
            ({"history": 5}, ["one", "two"]),
            ({"since": position}, ["two"]),
        ):
            seen: list[str] = []
            async with connect(daemon.url, **options) as room:
                async for event in room:
                    if isinstance(event, Message):
                        seen.append(event.text)
                    if len(seen) == len(expected):
                        break
            assert seen == expected

    run(main())


def test_what_cannot_be_said() -> None:
    """A line end, a blank, a bad address: refused before anything is sent."""

    async def main() -> None:
        async with ScriptedRoom() as server:
            async with connect(server.address, name="ann") as ann:
                for text in ("", " ", "a\nb", "a\rb"):
                    with pytest.raises(ValueError, match="one line"):
                        await ann.say(text)
                with pytest.raises(ValueError, match="slash"):
                    await ann.command("who")
                with pytest.raises(RefusedError, match="longer than"):
                    await ann.say("x" * 9000)
                server.on["/say"] = refuse
                with pytest.raises(RefusedError) as refused:
                    await ann.say("x")
                assert refused.value.code == "muted"
            with pytest.raises(LostError):
                await ann.say("late")
        with pytest.raises(AddressError):
            connect("http://x")

    def refuse(member: Member, rest: str) -> bool:
        member.send(
            "error", code="muted", command="say", text="", token=rest.split()[0]
        )
        return True

    run(main())


def test_said_once_over_a_reconnect() -> None:
    """A line whose answer was lost is sent again under its token, and said once."""

    async def main() -> None:
        async with ScriptedRoom() as server:
            forgets = [True]

            def say_and_drop(member: Member, rest: str) -> bool:
                if not forgets.pop():
                    return False
                token, _, text = rest.partition(" ")
                number = server.say("ann", text)
                server.tokens[("ann", member.key, token)] = number
                server.drop_all()
                del server.on["/say"]
                return True

            server.on["/say"] = say_and_drop
            async with connect(server.address, name="ann") as ann:
                assert await ann.say("once") == 1
            assert len(server.log) == 1

    run(main())


def test_a_hole_is_an_error() -> None:
    """Where nobody can tell whether a line was said, who said it is told."""

    async def main() -> None:
        async with ScriptedRoom() as server:

            def drop(member: Member, rest: str) -> bool:
                server.missing = None
                server.drop_all()
                return True

            server.on["/say"] = drop
            async with connect(server.address, name="ann") as ann:
                with pytest.raises(LostError, match="said or not"):
                    await ann.say("x")

    run(main())


def test_the_end_is_told() -> None:
    """Kicked, or lost for good: iterating raises it, and so does the next word."""

    async def main() -> None:
        async with ScriptedRoom() as server:
            async with connect(server.address) as room:
                bye = {"code": "kicked", "text": "out", "reconnect": False}
                server.members[0].send("bye", **bye)
                server.members[0].writer.close()
                with pytest.raises(RefusedError, match="out"):
                    async for _ in room:
                        pass
            async with connect(server.address, retry=0) as room:
                server.drop_all()
                with pytest.raises(LostError):
                    async for _ in room:
                        pass
            server.on["/ping"] = ask
            with pytest.raises(RefusedError, match=r"who\?"):
                async with connect(server.address):
                    pass
            server.on["/login"] = wrong
            with pytest.raises(RefusedError, match="no such secret"):
                async with connect(server.address, secret="x"):
                    pass
        with pytest.raises(CannotConnectError):
            async with connect(server.address):
                pass

    def ask(member: Member, rest: str) -> bool:
        member.send("login", text="who?")
        return True

    def wrong(member: Member, rest: str) -> bool:
        member.send("error", code="login-failed", text="no such secret")
        return True

    run(main())


def test_bounded_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never iterates keeps the newest events, and is told how many are gone."""
    monkeypatch.setattr(room_module, "MAX_EVENTS", 10)

    async def main() -> None:
        async with ScriptedRoom() as server, connect(server.address) as room:
            for number in range(50):
                server.say("eve", str(number))
            await room.say("last")
            first = await anext(aiter(room))
            assert isinstance(first, Missed)
            assert first.count >= 40
            assert not isinstance(await anext(room), Welcome)

    run(main())


def test_slow_reader_makes_the_server_wait(
    monkeypatch: pytest.MonkeyPatch, room: RoomThread
) -> None:
    """Who iterates slowly loses nothing; and an answer comes through all the same."""
    monkeypatch.setattr(room_module, "MAX_EVENTS", 10)

    async def main() -> None:
        async with connect(room.room.address) as client:
            events = aiter(client)
            assert isinstance(await anext(events), Welcome)
            room.do(lambda: [room.room.say("eve", str(n)) for n in range(2000)])
            seen = [await anext(events) for _ in range(5)]
            assert await client.say("mine") == 2001
            while len(seen) < 2001:
                event = await anext(events)
                if isinstance(event, Message):
                    seen.append(event)
            ids = [event.id for event in seen if isinstance(event, Message)]
            assert ids == list(range(1, 2002))

    run(main())
