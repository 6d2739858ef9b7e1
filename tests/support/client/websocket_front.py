"""A scripted room behind a WebSocket."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from tests.support.client.room import ScriptedRoom


class WebSocketFront:
    """A WebSocket face for a scripted room: frames on one side, lines on the other."""

    def __init__(self, room: ScriptedRoom, accept: bool) -> None:
        self.room = room
        self.accept = accept
        self.target = ""
        self.frames: list[str] = []
        self.serving: list[asyncio.Task[None]] = []

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.append(task)
        inner, out = await asyncio.open_connection("127.0.0.1", self.room.port)
        connection = WSConnection(ConnectionType.SERVER)
        pump = asyncio.create_task(self._outwards(inner, connection, writer))
        while data := await reader.read(1000):
            connection.receive_data(data)
            for event in connection.events():
                if isinstance(event, ws.Request):
                    self.target = event.target
                    answer: ws.Event = ws.AcceptConnection()
                    if not self.accept:
                        answer = ws.RejectConnection(status_code=404)
                    writer.write(connection.send(answer))
                elif isinstance(event, ws.TextMessage):
                    self.frames.append(event.data)
                    out.write(event.data.encode())
                    if event.message_finished:
                        out.write(b"\n")
                elif isinstance(event, ws.CloseConnection):
                    writer.write(connection.send(event.response()))
        pump.cancel()
        for each in (out, writer):
            each.close()
            with contextlib.suppress(OSError):
                await each.wait_closed()

    async def _outwards(
        self,
        inner: asyncio.StreamReader,
        connection: WSConnection,
        writer: asyncio.StreamWriter,
    ) -> None:
        while line := await inner.readline():
            text = line.decode().removesuffix("\n")
            half = len(text) // 2
            for message in (
                ws.TextMessage(text[:half], message_finished=False),
                ws.Ping(b"x"),
                ws.TextMessage(text[half:]),
            ):
                writer.write(connection.send(message))


@asynccontextmanager
async def web_room(
    *, accept: bool = True, tls: Path | None = None
) -> AsyncIterator[tuple[ScriptedRoom, WebSocketFront, int]]:
    """A scripted room behind a WebSocket."""
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    async with ScriptedRoom() as room:
        front = WebSocketFront(room, accept)
        server = await asyncio.start_server(front.serve, "127.0.0.1", 0, ssl=context)
        yield room, front, server.sockets[0].getsockname()[1]
        server.close()
        await asyncio.gather(*front.serving)
