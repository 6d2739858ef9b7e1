"""Saying lines, with the server's part spoken by hand."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broadcast.client.address import Address
from broadcast.client.cli.send import Sender
from broadcast.client.core.options import Options
from broadcast.client.core.outbox import WINDOW_LINES
from broadcast.client.core.requests import Profile
from broadcast.client.io.runner import Exit
from broadcast.protocol.names import MAX_CODE_POINTS
from tests.support.client.asynchronous import run
from tests.support.client.memory import MemoryWire


async def lines(*texts: str) -> AsyncIterator[list[str]]:
    for text in texts:
        yield [text]


class SenderInMemory:
    """A sender whose connection is in memory; nothing is dialled."""

    def __init__(self, name: str = "bob") -> None:
        self.sender = Sender(Options("send"), Profile(name=name, insist=True))
        self.wire = MemoryWire(self.sender.runner.connection)
        self.sender.runner.connection.opened(self.wire)

    def sent(self, word: str) -> list[list[str]]:
        """The words of the commands that begin with this one."""
        commands = [line.split() for line in self.wire.data.decode().splitlines()]
        return [words for words in commands if words[0] == word]

    def answer(self, event: str, number: int, **fields: Any) -> None:
        """Answer the line said as that many, from 0."""
        self.wire.say(event, token=self.sent("/say")[number][1], **fields)

    def exit(self) -> Exit | None:
        self.sender.runner.connection.close()
        return (
            self.sender.runner.done.result() if self.sender.runner.done.done() else None
        )


def test_done_when_all_is_fed_and_acknowledged() -> None:
    """Neither a pause in the input nor its end is enough; nor is it without a room."""

    async def main() -> None:
        given = SenderInMemory()
        await given.sender.feeder.say("one")
        given.wire.welcome()
        given.answer("ack", 0, id=1)
        assert not given.sender.runner.done.done()
        await given.sender.feed(lines("two", "", "three"))
        given.answer("ack", 2, id=3)
        assert not given.sender.runner.done.done()
        given.answer("ack", 1, id=2)
        assert given.exit() is Exit.DONE
        early = SenderInMemory()
        await early.sender.feed(lines())
        assert not early.sender.runner.done.done()
        early.wire.welcome()
        assert early.exit() is Exit.DONE

    run(main())


def test_slowing_is_no_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """One refused line makes it fail in the end; a slowed one is still said."""

    async def main() -> None:
        for code, end in (("slowed", Exit.DONE), ("muted", Exit.REFUSED)):
            given = SenderInMemory()
            given.wire.welcome()
            await given.sender.feed(lines("one", "two"))
            given.answer("error", 0, code=code, command="say")
            assert not given.sender.runner.done.done()
            given.answer("ack", 1, id=1)
            given.answer("ack", 0, id=2)
            assert given.exit() is end

    run(main())
    assert capsys.readouterr().err == "bcast-client: a line was refused: muted: one\n"


def test_input_waits_for_the_server() -> None:
    """Of an endless input no more is read than a window; an answer lets it go on."""

    async def main() -> None:
        given = SenderInMemory()
        for _ in range(WINDOW_LINES):
            await given.sender.feeder.say("x")
        waiting = asyncio.create_task(given.sender.feeder.say("one more"))
        done, _ = await asyncio.wait([waiting], timeout=0)
        assert not done
        given.wire.welcome()
        await waiting
        assert given.exit() is None

    run(main())


def test_longest_default_name_leaves_room_for_a_suffix() -> None:
    """Where the name of this account is taken, another one that is a name is tried."""

    async def main() -> None:
        given = SenderInMemory(name="n" * 32)
        given.wire.welcome(name="guest-1")
        given.wire.say("error", code="name-taken", command="name", text="taken")
        (_, first, key), (_, second, same) = given.sent("/name")
        assert len(second) <= MAX_CODE_POINTS
        assert (second != first, second[:25], same) == (True, first[:25], key)

    run(main())


def test_input_that_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Input that can't be read as lines is an end, and 1: what came before is said."""

    async def broken() -> AsyncIterator[list[str]]:
        yield ["one"]
        raise ValueError("a line is too long; end it earlier")

    async def main() -> None:
        given = SenderInMemory()
        given.wire.welcome()
        await given.sender.feed(broken())
        assert not given.sender.runner.done.done()
        given.answer("ack", 0, id=1)
        assert given.exit() is Exit.FAILED

    run(main())
    assert capsys.readouterr().err == (
        "bcast-client: can't read standard input: a line is too long; end it earlier\n"
    )


def test_endless_input_does_not_keep_it(tmp_path: Path) -> None:
    """Where nobody answers it ends, though stdin is open and silent."""

    async def silent() -> AsyncIterator[list[str]]:
        yield await asyncio.get_running_loop().create_future()

    async def main() -> None:
        nobody = Address("unix", "", 0, str(tmp_path / "none"))
        sender = Sender(Options("send", nobody), Profile(name="bob"))
        running = asyncio.create_task(sender.run(silent()))
        done, _ = await asyncio.wait([running], timeout=10)
        assert [task.result() for task in done] == [Exit.CANNOT_CONNECT]

    run(main())
