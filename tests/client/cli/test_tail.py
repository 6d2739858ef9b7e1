"""Printing what is said, with the server's part spoken by hand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from broadcast.client.cli.tail import Pipe, Tail
from broadcast.client.core.options import Options
from broadcast.client.core.outbox import WINDOW_LINES
from broadcast.client.core.requests import Profile
from broadcast.client.events import Position
from broadcast.client.io.runner import Exit
from broadcast.client.io.stdio import FULL, read_lines
from tests.support.client.asynchronous import run
from tests.support.client.memory import MemoryWire


def plug(command: Tail | Pipe) -> MemoryWire:
    wire = MemoryWire(command.runner.connection)
    command.runner.connection.opened(wire)
    return wire


async def end(command: Tail | Pipe) -> Exit | None:
    command.runner.connection.close()
    await command.listing.printer.flush()
    return command.runner.done.result() if command.runner.done.done() else None


def tail(since: Position | None = None, lines: int = 10, **more: Any) -> Tail:
    options = Options("tail", color="never", since=since, lines=lines, **more)
    return Tail(options, Profile(history=lines, since=since))


def pipe() -> Pipe:
    return Pipe(Options("connect", color="never"), Profile(name="bob", insist=True))


def test_where_not_following_ends() -> None:
    """It ends after the earlier lines, or at the welcome if none were asked for."""

    async def main() -> None:
        for since, n, early in ((None, 0, 1), (None, 3, 0), (Position("e", 0), 0, 0)):
            command = tail(since, n, follow=False)
            wire = plug(command)
            wire.welcome()
            assert command.runner.done.done() == bool(early)
            wire.say("replay", count=0, missing=0)
            wire.say("replayed", position="e:0")
            assert await end(command) is Exit.DONE

    run(main())


def test_refusals_after_a_return(capfd: pytest.CaptureFixture[str]) -> None:
    """A name that is taken meanwhile ends no ``tail``; a lost place in the log does."""

    async def main() -> None:
        command = tail()
        plug(command).resume_log()
        command.runner.connection.closed("reset")
        wire = plug(command)
        wire.welcome()
        wire.say("error", code="name-taken", command="name", text="taken")
        assert not command.runner.done.done()
        wire.say("error", code="bad-argument", command="since", text="no such place")
        assert await end(command) is Exit.REFUSED

    run(main())
    *_, first, last = capfd.readouterr().err.splitlines()
    assert (first, last[-13:]) == ("bcast-client: taken", "no such place")


def test_json_is_all_the_servers(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that reads along gets no line of ours, and, if quiet, no presence."""

    async def main() -> None:
        for command in (tail(json=True, quiet=True), tail(json=True)):
            wire = plug(command)
            wire.resume_log()
            wire.say("join", at="", name="zoe", count=2)
            command.runner.connection.closed("reset")
            wire = plug(command)
            wire.welcome()
            wire.say("error", code="name-taken", command="name", text="taken")
            await end(command)

    run(main())
    printed = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    log = ["welcome", "replay", "replayed"]
    assert [e["event"] for e in printed] == [*log, "welcome", *log, "join", "welcome"]


def test_reading_waits_for_the_printer(capfd: pytest.CaptureFixture[str]) -> None:
    """While too much is unprinted nothing more is read; then it goes on."""

    async def main() -> None:
        command = tail()
        wire = plug(command)
        wire.resume_log()
        wire.say("notice", text="x" * FULL)
        paused = not wire.is_reading
        await command.listing.printer.flush()
        assert (paused, wire.is_reading) == (True, True)

    run(main())
    assert capfd.readouterr().out.endswith("x" * FULL + "\n")


def test_commands_in_a_pipe_wait_for_the_room() -> None:
    """A command typed before the welcome is not lost, nor does it overtake."""

    async def main() -> None:
        command = pipe()
        wire = plug(command)
        taking = asyncio.create_task(command.take("/who  b"))
        assert not (await asyncio.wait([taking], timeout=0))[0]
        wire.welcome()
        await taking
        await command.take("//who")
        command.runner.connection.pump()
        *_, asked, said = wire.data.decode().splitlines()
        assert (asked, said[-5:]) == ("/who b", " /who")

    run(main())


def test_commands_in_a_pipe_overtake_no_lines() -> None:
    """A command waits until the lines before it are sent, however many they are."""

    async def main() -> None:
        command = pipe()
        wire = plug(command)
        wire.welcome()
        for _ in range(WINDOW_LINES + 1):
            await command.take("x")
        asking = asyncio.create_task(command.take("/who"))
        assert not (await asyncio.wait([asking], timeout=0))[0]
        token = wire.data.decode().partition("/say ")[2].split()[0]
        wire.say("ack", token=token, id=1)
        await asking
        command.runner.connection.pump()
        *_, said, asked = wire.data.decode().splitlines()
        assert (said[-2:], asked) == (" x", "/who")

    run(main())


def test_receipt(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A connection lost before the last answer costs no line; no receipt is shown."""

    async def main() -> None:
        command = pipe()
        first = plug(command)
        first.welcome()
        with open(tmp_path / "empty", "w+b") as file:
            await command.feed(read_lines(file.fileno()))
        assert first.data.endswith(b"\n/ping end-of-input\n")
        command.runner.connection.closed("reset")
        second = plug(command)
        second.resume_log()
        second.say("pong", token="heartbeat")
        assert second.data.endswith(b"\n/ping end-of-input\n")
        assert not command.runner.done.done()
        second.say("pong", token="end-of-input")
        assert await end(command) is Exit.DONE

    run(main())
    assert "pong" not in capfd.readouterr().out
