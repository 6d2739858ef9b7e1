"""A small room that speaks the json dialect, for tests that need to script a server."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any


class Member:
    def __init__(self, room: "ScriptedRoom", writer: asyncio.StreamWriter) -> None:
        self.room = room
        self.writer = writer
        self.name = ""
        self.key = ""
        self.joined = False

    def send(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, ensure_ascii=False)
        self.writer.write(line.encode() + b"\n")

    def raw(self, data: bytes) -> None:
        self.writer.write(data)


class ScriptedRoom:
    """Joins, says, acknowledges once, replays. `on` overrides single commands."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.log: list[dict[str, Any]] = []
        self.tokens: dict[tuple[str, str, str], int] = {}
        self.members: list[Member] = []
        self.heard: list[str] = []
        self.missing: int | None = 0
        self.max_line = 8192
        self.on: dict[str, Callable[[Member, str], bool]] = {}
        self.address = ""
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "ScriptedRoom":
        await self.open(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        await self._server.wait_closed()

    def drop_all(self) -> None:
        for member in self.members:
            member.writer.transport.abort()

    def say(self, name: str, text: str) -> int:
        number = len(self.log) + 1
        message = {"id": number, "at": "2026-01-02T03:04:05.678Z"}
        self.log.append({**message, "name": name, "text": text})
        for member in self.members:
            if member.joined:
                member.send("message", **self.log[-1])
        return number

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        member = Member(self, writer)
        self.members.append(member)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                text = line.decode().rstrip("\n")
                self.heard.append(text)
                word, _, rest = text.partition(" ")
                scripted = self.on.get(word)
                if scripted is None or not scripted(member, rest):
                    getattr(self, f"do_{word[1:]}")(member, rest)
                await writer.drain()
        self.members.remove(member)
        writer.close()

    def join(self, member: Member) -> None:
        if member.joined:
            return
        member.joined = True
        member.name = member.name or f"guest-{len(self.members)}"
        member.send(
            "welcome",
            protocol=1,
            server="scripted",
            name=member.name,
            epoch=self.epoch,
            id=len(self.log),
            count=len(self.members),
            max_line=self.max_line,
            text="",
        )

    def do_format(self, member: Member, _: str) -> None:
        pass

    def do_name(self, member: Member, rest: str) -> None:
        name, _, key = rest.partition(" ")
        if member.joined:
            member.send("rename", at="2026-01-02T03:04:05Z", name=member.name, to=name)
        member.name, member.key = name, key

    def do_quiet(self, member: Member, _: str) -> None:
        pass

    def do_ping(self, member: Member, rest: str) -> None:
        self.join(member)
        member.send("pong", token=rest)

    def do_who(self, member: Member, _: str) -> None:
        self.join(member)
        names = [m.name for m in self.members]
        member.send("who", names=names, count=len(names), more=False)

    def do_history(self, member: Member, rest: str) -> None:
        self.join(member)
        self.replay(member, self.log[-int(rest or 20) :], 0)

    def do_since(self, member: Member, rest: str) -> None:
        self.join(member)
        epoch, _, number = rest.partition(":")
        lines = self.log[int(number) :] if epoch == self.epoch else self.log
        self.replay(member, lines, self.missing if epoch == self.epoch else None)

    def replay(
        self, member: Member, lines: list[dict[str, Any]], missing: int | None
    ) -> None:
        member.send("replay", count=len(lines), missing=missing)
        for line in lines:
            member.send("message", **line, replayed=True)
        member.send("replayed", position=f"{self.epoch}:{len(self.log)}")

    def do_say(self, member: Member, rest: str) -> None:
        token, _, text = rest.partition(" ")
        known = (member.name, member.key, token)
        number = self.tokens.get(known)
        if number is not None:
            member.send("ack", token=token, id=number, double=True)
            return
        number = self.tokens[known] = self.say(member.name, text)
        member.send("ack", token=token, id=number)

    def do_help(self, member: Member, _: str) -> None:
        member.send("notice", text="/help\n/who")

    def do_quit(self, member: Member, _: str) -> None:
        member.send("bye", code="quit", text="bye", reconnect=False)
        member.writer.close()
