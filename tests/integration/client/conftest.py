"""Rooms and homes for the client's tests."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.client.daemon import Daemon
from tests.support.client.room import ScriptedRoom


class RoomThread:
    """A scripted room on a loop of its own; ``do`` runs a call there and waits."""

    def __init__(self) -> None:
        self.room = ScriptedRoom()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.run(self.room.open(0))

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def do(self, call: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return call()

        return self.run(run())

    def stop(self) -> None:
        self.run(self.room.close())
        self.run(_settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _settle() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def room() -> Iterator[RoomThread]:
    thread = RoomThread()
    yield thread
    thread.stop()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A daemon for one test."""
    with Daemon() as started:
        yield started


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def home(tmp_path: Path) -> str:
    path = tmp_path / "home"
    path.mkdir()
    return str(path)
