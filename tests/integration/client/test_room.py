"""The importable API, on plain asyncio and on Twisted's reactors."""

import subprocess
import sys

import pytest

from broadcast.client import api as room_module
from broadcast.client import connect
from broadcast.client.errors import AddressError, LostError, RefusedError
from broadcast.client.events import Message, Missed, Welcome
from tests.integration.client.conftest import RoomThread
from tests.support.client.asynchronous import run
from tests.support.client.daemon import Daemon
from tests.support.client.room import Member, ScriptedRoom

EXAMPLE = """
import broadcast.client
from broadcast.client.events import Message

async def main(url, closed):
    async with broadcast.client.connect(url, name="robot") as room:
        number = await room.say("hi")
        async for event in room:
            if isinstance(event, Message):
                print(event.id == number, event.name, event.text, room.name)
                break
    try:
        async with broadcast.client.connect(closed) as room:
            pass
    except broadcast.client.errors.CannotConnectError as problem:
        print(problem)
"""
ON_ASYNCIO = """
import asyncio, sys
asyncio.run(main(*sys.argv[1:]))
assert "twisted" not in sys.modules
"""
ON_TWISTED = """
import sys
{install}
from twisted.internet import task
def run(reactor):
    from twisted.internet.defer import Deferred
    return Deferred.fromCoroutine(main(*sys.argv[1:]))
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
def test_example_runs_everywhere(
    daemon: Daemon, closed_port: int, reactor: str
) -> None:
    """One program text serves plain asyncio and any reactor of Twisted."""
    program = EXAMPLE + REACTORS[reactor]
    urls = (daemon.url, f"tcp://127.0.0.1:{closed_port}")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *urls],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "True robot hi robot\nconnection refused\n"


def test_two_talk(daemon: Daemon) -> None:
    """One hears the lines of the other, in order; commands are answered by events."""

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


def test_bounded_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without iterating, the newest events are kept, and the gone ones are counted."""
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
    """A slow reader loses nothing; and an answer comes through all the same."""
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
