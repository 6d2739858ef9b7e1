"""A network and a clock in memory, for the client's connection."""

import heapq
import json
from collections.abc import Awaitable, Callable
from typing import Any

from broadcast.client.address import Address
from broadcast.client.io.connection import Receiver, Waiter


class MemoryWire:
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.data = b""
        self.is_open = True
        self.is_reading = True

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self) -> None:
        self.is_open = False

    def abort(self) -> None:
        if self.is_open:
            self.is_open = False
            self.receiver.closed("aborted")

    def pause(self) -> None:
        self.is_reading = False

    def resume(self) -> None:
        self.is_reading = True

    def say(self, event: str, **fields: Any) -> None:
        """Speak as the server."""
        self.receiver.received(json.dumps({"event": event, **fields}).encode() + b"\n")

    def welcome(self, **fields: Any) -> None:
        default = {"name": "bob", "epoch": "e", "id": 0, "count": 1, "max_line": 99}
        self.say("welcome", **(default | fields))

    def resume_log(self) -> None:
        self.welcome()
        self.say("replay", count=0, missing=0)
        self.say("replayed", position="e:0")


class MemoryNet:
    """Connects when the test says so; time passes when the test says so."""

    def __init__(self) -> None:
        self.time = 0.0
        self.taps: list[Receiver] = []
        self.dialled: list[str] = []
        self.given_up = 0
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()
        self._made = 0

    def now(self) -> float:
        return self.time

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        self._made += 1
        number = self._made
        heapq.heappush(self._calls, (self.time + seconds, number, call))
        return lambda: self._cancelled.add(number)

    def open(self, address: Address, receiver: Receiver) -> Callable[[], None]:
        self.taps.append(receiver)
        self.dialled.append(address.where)

        def stop() -> None:
            self.given_up += 1

        return stop

    def waiter(self) -> Waiter:
        return MemoryWaiter()

    def accept(self) -> MemoryWire:
        """Let the last try succeed."""
        transport = MemoryWire(self.taps[-1])
        self.taps[-1].opened(transport)
        return transport

    def refuse(self) -> None:
        """Let the last try fail."""
        self.taps[-1].closed("connection refused")

    def advance(self, seconds: float) -> None:
        end = self.time + seconds
        while self._calls and self._calls[0][0] <= end:
            self.time, number, call = heapq.heappop(self._calls)
            if number not in self._cancelled:
                call()
        self.time = end


class MemoryWaiter:
    def answer(self, value: object) -> None: ...

    def fail(self, problem: Exception) -> None: ...

    def result(self) -> Awaitable[object]:
        raise NotImplementedError
