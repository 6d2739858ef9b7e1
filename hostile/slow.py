"""``python -m hostile.slow``: those who begin and never finish.

A share of them on each door: a line before the login that never ends (TCP), a TLS
handshake that never ends, an HTTP request that never ends, a body that never ends,
a byte now and then.
The daemon must free them all by their deadlines, while members talk on as before.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from broadcast.web.site import REQUEST_TIME
from hostile.pinging import Members
from tests.support.daemon import Daemon
from tests.support.faces import make_certificate
from tests.support.websocket import web_port

SECRET = "open-sesame"
DEADLINE = 5.0
"""Seconds that the daemon is told to give them; an HTTP request has its own."""

DOORS = ("tcp", "tls", "http", "post")

GRACE = 5.0
"""Seconds after the deadline in which the last must be gone: 2 of them are for
last words to be read."""

LINGER = 3.0
"""Seconds in which the daemon notices that the other end has closed too."""

CALM = 3.0
"""Seconds in which the members are alone."""

MEMBERS = 5
"""How many ping."""

DRIP = 1.0
"""Seconds between two bytes of a slow one."""

_BEGINNINGS = {
    "tcp": b"/login nobody-knows-this-and-it-never-ends",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "post": b"POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"
    + b"x" * 100,
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 100,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it. Times in seconds.

    Attributes:
        opened: slow connections made, by door.
        freed: those that the daemon has closed in time.
        cpu: seconds of the daemon's own CPU time while they were there.
        descriptors: the daemon's, before and after.
        calm, storm: round trips of members, before and during.
    """

    opened: dict[str, int]
    freed: int
    cpu: float
    descriptors: tuple[int, int]
    calm: list[float]
    storm: list[float]

    def __str__(self) -> str:
        """Return it as lines."""
        doors = ", ".join(f"{count} {door}" for door, count in self.opened.items())
        return (
            f"{sum(self.opened.values())} slow connections ({doors}),"
            f" {self.freed} freed; descriptors {self.descriptors[0]} before,"
            f" {self.descriptors[1]} after; {self.cpu:.2f} s of the daemon's CPU\n"
            f"round trips before: {_spell(self.calm)}\n"
            f"round trips during: {_spell(self.storm)}"
        )


def _spell(times: list[float]) -> str:
    ordered = sorted(times)
    half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return (
        f"{len(ordered)}, p50 {half * 1000:.1f} ms, p99 {most * 1000:.1f} ms,"
        f" max {ordered[-1] * 1000:.1f} ms"
    )


async def _be_slow(door: str, port: int, deadline: float) -> bool:
    """Drip until the daemon closes; tell whether it did so in time."""
    if door in ("http", "post"):
        deadline = REQUEST_TIME
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drip() -> None:
        for byte in _BEGINNINGS[door]:
            writer.write(bytes([byte]))
            await asyncio.sleep(DRIP)

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(deadline + GRACE):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        dripping.cancel()
        await _close(writer)
    return True


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def _storm(
    daemon: Daemon, ports: dict[str, int], home: Daemon, count: int, deadline: float
) -> Report:
    members = Members(home.port, MEMBERS, SECRET)
    await asyncio.sleep(CALM)
    before = _descriptors(daemon.pid)
    began = time.monotonic()
    used = _cpu(daemon.pid)
    doors = [list(ports)[number % len(ports)] for number in range(count)]
    slow = [
        asyncio.create_task(_be_slow(door, ports[door], deadline)) for door in doors
    ]
    freed = sum(await asyncio.gather(*slow))
    end = time.monotonic() + LINGER
    while (after := _descriptors(daemon.pid)) > before and time.monotonic() < end:
        await asyncio.sleep(0.05)
    used = _cpu(daemon.pid) - used
    trips = members.leave().trips
    calm = [took for due, took in trips if due < began]
    storm = [took for due, took in trips if due >= began]
    opened = {door: doors.count(door) for door in ports}
    return Report(opened, freed, used, (before, after), calm, storm)


def run(
    count: int,
    deadline: float = DEADLINE,
    doors: tuple[str, ...] = DOORS,
    is_elsewhere: bool = False,
) -> Report:
    """Start a daemon, let ``count`` slow ones at its doors, and report.

    Args:
        is_elsewhere: the members are in another daemon: what they notice then is
            what the machine does, not the daemon.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, certificate = make_certificate(folder)
        tokens = folder / "tokens"
        tokens.write_text(f"{SECRET}\n")
        options = [
            *("--listen", "tcp:0:interface=127.0.0.1", "--token-file", str(tokens)),
            *("--listen", "tls:0:interface=127.0.0.1", "--tls-cert", str(certificate)),
            *("--tls-key", str(key), "--tls-handshake", str(deadline)),
            *("--login-timeout", str(deadline), "--web", "0"),
        ]
        with ExitStack() as stack:
            daemon = stack.enter_context(Daemon(*options))
            home = daemon
            if is_elsewhere:
                home = stack.enter_context(Daemon(*options))
            found = [int(a.rpartition(":")[2]) for a in daemon.addresses]
            web = web_port(daemon)
            ports = dict(zip(DOORS, [*found, web, web], strict=True))
            chosen = {door: ports[door] for door in doors}
            return asyncio.run(_storm(daemon, chosen, home, count, deadline))


def main() -> int:
    """Run the command; 1 if some were not freed."""
    parser = argparse.ArgumentParser("hostile.slow", description=__doc__)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--doors", nargs="+", choices=DOORS, default=list(DOORS))
    parser.add_argument("--elsewhere", action="store_true", help="not the members'")
    given = parser.parse_args()
    report = run(given.connections, DEADLINE, tuple(given.doors), given.elsewhere)
    print(report)
    return 0 if report.freed == given.connections else 1


if __name__ == "__main__":
    sys.exit(main())
