"""A connection between two programs that can be held, and let go late."""

import asyncio
from contextlib import suppress


class Cable:
    """A connection between a daemon and NATS that can be held, and let go later.

    Attributes:
        url: where the daemon finds it.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._free = asyncio.Event()
        self._free.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> "Cable":
        """Begin."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"nats://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Let nothing through; what comes from the daemon is kept for later."""
        self._free.clear()

    def release(self) -> None:
        """Let all through, what was kept first."""
        self._free.set()

    async def _joined(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        await self._free.wait()
        with suppress(OSError, asyncio.CancelledError):
            back, out = await asyncio.open_connection("127.0.0.1", self._to)
            await asyncio.gather(self._pass(reader, out), self._pass(back, writer))

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._free.wait()
                writer.write(data)
                await writer.drain()
        await self._free.wait()
        writer.close()
