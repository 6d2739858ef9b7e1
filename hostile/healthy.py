"""``python -m hostile.healthy PORT MEMBERS RATE``: members who hear what one says.

One more says ``RATE`` lines a second, whatever comes of them, until a line comes on
standard input. What each of the others has not heard then is waited for. What came of
it is printed as ``hostile.pinging`` does: each line is asked of each member, and it is
answered when the member hears it, in its place.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict

from hostile.pinging import PATIENCE, Pings

_SAID = re.compile(rb": said-(\d+)\b")
_SETTLING = 0.02


class Listener(asyncio.Protocol):
    """A member who listens.

    Args:
        due: when each line was due, by its number.

    Attributes:
        is_here: it has been greeted.
        has_lost: the daemon has closed the connection.
        took: seconds until each line was heard, in order.
        strays: lines that came twice, or not in their order.
    """

    def __init__(self, due: list[float]) -> None:
        self.is_here = asyncio.Event()
        self.has_lost = False
        self.took: dict[int, float] = {}
        self.strays = 0
        self._due = due
        self._next = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"/ping hello\n")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self._tail + data
        if not self.is_here.is_set() and b"pong hello" in data:
            self.is_here.set()
        end = data.rfind(b"\n") + 1
        for match in _SAID.finditer(data, 0, end):
            self._hear(int(match[1]), now)
        self._tail = data[end:]

    def _hear(self, number: int, now: float) -> None:
        if number < self._next:
            self.strays += 1
            return
        self._next = number + 1
        self.took[number] = now - self._due[number]

    def connection_lost(self, _: Exception | None) -> None:
        self.has_lost = True


class Audience:
    """The members, and the one who speaks."""

    def __init__(self, port: int, members: int, rate: float) -> None:
        self._port = port
        self._members = members
        self._pause = 1 / rate
        self._due: list[float] = []
        self._listeners: list[Listener] = []

    async def join(self) -> None:
        """Have all of them join."""
        loop = asyncio.get_running_loop()
        for _ in range(self._members + 1):
            _, listener = await loop.create_connection(
                lambda: Listener(self._due), "127.0.0.1", self._port
            )
            self._listeners.append(listener)
        await asyncio.gather(*(one.is_here.wait() for one in self._listeners))

    async def speak(self, stop: asyncio.Event) -> None:
        """Say lines until ``stop``; then wait until they are heard."""
        speaker = self._listeners.pop()
        due = time.monotonic()
        while not stop.is_set():
            while due <= time.monotonic():
                if not speaker.has_lost:  # what it would say is missing then
                    speaker.transport.write(f"said-{len(self._due)}\n".encode())
                self._due.append(due)
                due += self._pause
            await asyncio.sleep(due - time.monotonic())
        end = time.monotonic() + PATIENCE
        while not self._has_heard() and time.monotonic() < end:
            await asyncio.sleep(_SETTLING)

    def _has_heard(self) -> bool:
        count = len(self._due)
        return all(one.has_lost or len(one.took) == count for one in self._listeners)

    def result(self) -> Pings:
        """Return what came of it; what was not heard was waited for till now."""
        now = time.monotonic()
        trips = [
            (due, one.took.get(number, now - due))
            for one in self._listeners
            for number, due in enumerate(self._due)
        ]
        heard = sum(len(one.took) - one.strays for one in self._listeners)
        lost = sum(one.has_lost for one in self._listeners)
        return Pings(trips, len(trips) - heard, lost)


async def run(port: int, members: int, rate: float) -> Pings:
    """Speak till standard input has a line or ends; return what came of it."""
    audience = Audience(port, members, rate)
    await audience.join()
    stop = asyncio.Event()
    speaking = asyncio.create_task(audience.speak(stop))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    stop.set()
    await speaking
    return audience.result()


def main() -> None:
    """Run the command."""
    port, members, rate = sys.argv[1:]
    pings = asyncio.run(run(int(port), int(members), float(rate)))
    print(json.dumps(asdict(pings)))


if __name__ == "__main__":
    main()
