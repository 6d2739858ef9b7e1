"""The importable API when the connection goes: said once, in doubt, or over."""

import pytest

from broadcast.client import connect
from broadcast.client.errors import CannotConnectError, LostError, RefusedError
from tests.support.client.asynchronous import run
from tests.support.client.room import Member, ScriptedRoom


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
