"""``python -m hostile.pinging PORT MEMBERS [SECRET]``: members who ping.

Each pings every 20 ms, whether or not the last ping has been answered, until a line
comes on standard input or it ends. What is still unanswered is then waited for.
The round trips are printed as json: see ``Pings``.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

PAUSE = 0.02
"""Seconds between two pings of a member."""

PATIENCE = 10.0
"""Seconds that the last pings are waited for."""

_PONG = re.compile(rb"\* pong p-(\d+)")
_LONGEST = 64
"""Bytes that may be the beginning of an answer, kept for the next read."""


@dataclass(frozen=True, slots=True)
class Pings:
    """What came of the pings.

    Attributes:
        trips: when each was due (``time.monotonic``), and the seconds from then to
            its answer; to the end, where there was none.
        unanswered: how many have had no answer.
        lost: how many members the daemon has closed.
    """

    trips: list[tuple[float, float]]
    unanswered: int = 0
    lost: int = 0

    @classmethod
    def read(cls, text: bytes) -> "Pings":
        """Return what ``main`` has printed."""
        return cls(**json.loads(text))


class Pinger(asyncio.Protocol):
    """A member who pings at a fixed rate.

    A ping's time begins when it is due, not when it is sent. A daemon that stands
    still for a second so delays fifty pings, as it would delay people; one who pings
    only after an answer would see a single slow one.

    Attributes:
        is_here: it has been greeted.
        has_lost: the daemon has closed the connection.
    """

    def __init__(self, secret: str) -> None:
        self.is_here = asyncio.Event()
        self.has_lost = False
        self._secret = secret
        self._due: list[float] = []
        self._took: dict[int, float] = {}
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        login = f"/login {self._secret}\n" if self._secret else ""
        transport.write(f"{login}/ping hello\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self._tail + data
        if not self.is_here.is_set() and b"pong hello" in data:
            self.is_here.set()
        end = data.rfind(b"\n") + 1
        for match in _PONG.finditer(data, 0, end):
            number = int(match[1])
            self._took.setdefault(number, now - self._due[number])
        self._tail = data[end:][:_LONGEST]

    def connection_lost(self, _: Exception | None) -> None:
        self.has_lost = True

    async def ping(self, stop: asyncio.Event) -> None:
        """Ping until ``stop``; then wait for what is unanswered."""
        await self.is_here.wait()
        due = time.monotonic()
        while not stop.is_set():
            while due <= time.monotonic():
                if not self.has_lost:
                    self._transport.write(f"/ping p-{len(self._due)}\n".encode())
                self._due.append(due)
                due += PAUSE
            await asyncio.sleep(due - time.monotonic())
        end = time.monotonic() + PATIENCE
        while not self._is_content() and time.monotonic() < end:
            await asyncio.sleep(PAUSE)

    def _is_content(self) -> bool:
        return self.has_lost or len(self._took) == len(self._due)

    def result(self) -> Pings:
        """Return what came of it; those that were never answered waited till now."""
        now = time.monotonic()
        took = self._took
        trips = [(due, took.get(n, now - due)) for n, due in enumerate(self._due)]
        return Pings(trips, len(trips) - len(took), int(self.has_lost))


class Apart:
    """Members in a process of their own; else what delays them could be others' work.

    Args:
        module: what it runs; it says ``ready`` when all have joined, and prints
            ``Pings`` after the next line on standard input.
        arguments: its own.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", "they can't join"

    def leave(self) -> Pings:
        """Let them end; return what came of it."""
        out, _ = self._process.communicate(b"\n", timeout=PATIENCE + 20)
        return Pings.read(out)

    def __enter__(self) -> "Apart":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


class Members(Apart):
    """Members who ping all the while.

    Args:
        port: the daemon's.
        count: so many of them.
        secret: what they log in with; none where that is not needed.
    """

    def __init__(self, port: int, count: int, secret: str = "") -> None:
        super().__init__("hostile.pinging", str(port), str(count), secret)


async def run(port: int, members: int, secret: str = "") -> Pings:
    """Ping till standard input has a line or ends; return what came of it."""
    loop = asyncio.get_running_loop()
    pingers: list[Pinger] = []
    for _ in range(members):
        _, pinger = await loop.create_connection(
            lambda: Pinger(secret), "127.0.0.1", port
        )
        pingers.append(pinger)
    stop = asyncio.Event()
    tasks = [asyncio.create_task(pinger.ping(stop)) for pinger in pingers]
    await asyncio.gather(*(pinger.is_here.wait() for pinger in pingers))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    stop.set()
    await asyncio.gather(*tasks)
    found = [pinger.result() for pinger in pingers]
    return Pings(
        [trip for one in found for trip in one.trips],
        sum(one.unanswered for one in found),
        sum(one.lost for one in found),
    )


def main() -> None:
    """Run the command."""
    port, members, *secret = sys.argv[1:]
    pings = asyncio.run(run(int(port), int(members), *secret))
    print(json.dumps(asdict(pings)))


if __name__ == "__main__":
    main()
