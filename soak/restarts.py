"""A stream through ``bcast-client send`` while its daemon is restarted and killed.

    python -m soak.restarts [--graceful 20] [--killed 20] [-- OPTIONS OF THE DAEMON]

Between the two stands a wiretap, which sees each line said and each acknowledgement. In
the end every line of the stream is accounted for: it was acknowledged, once, or stands
on stderr as doubtful, and nothing hangs. The wiretap also counts the lines that the
daemon told twice in one life of its log.
"""

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field

from tests.support.client.command import environment
from tests.support.client.daemon import Daemon

_SAY = re.compile(rb"/say (\S+) (line \d+)")
_DOUBT = re.compile(r"said or not, nobody can tell: (line \d+)")
DEADLINE = 60.0
PAUSE = 0.002


@dataclass(slots=True)
class Wiretap:
    """A proxy that notes what passes."""

    daemon: Daemon
    said: dict[str, str] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    port: int = 0

    async def open(self) -> asyncio.Server:
        """Listen."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            inner, out = await asyncio.open_connection("127.0.0.1", self.daemon.port)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._up(reader, out), self._down(inner, writer))

    async def _up(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            async for line in reader:
                if found := _SAY.match(line):
                    self.said[found[1].decode()] = found[2].decode()
                out.write(line)
                await out.drain()
        out.close()

    async def _down(
        self, inner: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        epoch = ""
        with contextlib.suppress(OSError):
            async for line in inner:
                event = json.loads(line) if line.startswith(b"{") else {}
                epoch = event.get("epoch", epoch)
                if event.get("event") == "ack":
                    self.acknowledged.add(event["token"])
                elif event.get("event") == "message" and "replayed" not in event:
                    self.told[epoch, event["text"]] += 1
                writer.write(line)
                await writer.drain()
        writer.close()


async def _speak(process: asyncio.subprocess.Process, over: asyncio.Event) -> int:
    """Write the stream until it is over; how many lines it had."""
    assert process.stdin is not None
    number = 0
    while not over.is_set():
        number += 1
        process.stdin.write(b"line %d\n" % number)
        await process.stdin.drain()
        await asyncio.sleep(PAUSE)
    process.stdin.close()
    return number


async def _disturb(tap: Wiretap, graceful: int, killed: int) -> None:
    """Restart and kill the daemon, each time when lines have come through again."""
    for number in range(graceful + killed):
        before = len(tap.acknowledged)
        async with asyncio.timeout(DEADLINE):
            while len(tap.acknowledged) < before + 20:
                await asyncio.sleep(0.01)
        restart = tap.daemon.restart if number < graceful else tap.daemon.crash
        await asyncio.to_thread(restart)


async def run(graceful: int, killed: int, *options: str) -> list[str]:
    """Let it happen; return the report's lines, problems first."""
    with Daemon(*options) as daemon, tempfile.TemporaryDirectory() as home:
        tap = Wiretap(daemon)
        server = await tap.open()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "broadcast.client.cli.main", "send"),
            *("-p", str(tap.port), "-n", "stream"),
            env=environment(home),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        heard = asyncio.create_task(process.stderr.read())
        over = asyncio.Event()
        speaking = asyncio.create_task(_speak(process, over))
        try:
            await _disturb(tap, graceful, killed)
            over.set()
            async with asyncio.timeout(DEADLINE):
                count = await speaking
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
            server.close()
        return _account(tap, count, code, (await heard).decode())


def _account(tap: Wiretap, count: int, code: int, stderr: str) -> list[str]:
    said = Counter(tap.said[token] for token in tap.acknowledged)
    doubtful = Counter(_DOUBT.findall(stderr))
    lines = [f"line {number}" for number in range(1, count + 1)]
    lost = [line for line in lines if not said[line] and not doubtful[line]]
    twice = [line for (_, line), times in tap.told.items() if times > 1]
    twice += [line for line in lines if said[line] + doubtful[line] > 2]
    problems = []
    if lost:
        problems.append(f"FAILED: {len(lost)} lines unaccounted for, as {lost[:3]}")
    if twice:
        problems.append(f"FAILED: {len(twice)} lines said twice, as {twice[:3]}")
    if code != (5 if doubtful else 0):
        problems.append(f"FAILED: exit code {code}, {stderr[-500:]}")
    return [
        *problems,
        f"{count} lines: {len(said)} acknowledged, {len(doubtful)} named as doubtful,"
        f" {len(lost)} lost, {len(twice)} said twice; exit code {code}",
    ]


def main() -> int:
    """The command; see the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--graceful", type=int, default=20)
    parser.add_argument("--killed", type=int, default=20)
    parser.add_argument("options", nargs="*")
    given = parser.parse_args()
    report = asyncio.run(run(given.graceful, given.killed, *given.options))
    print(*report, sep="\n")
    return int(any(line.startswith("FAILED") for line in report))


if __name__ == "__main__":
    sys.exit(main())
