"""Hurt a room of several daemons and nats-servers, while keyed members talk and hear.

python -m soak.cluster [--faults 60] [--daemons 2] [--kinds daemon,leader,…] [--seed 1]

Three nats-servers keep the room; each daemon reaches them through cables that can be
held. Senders go to any daemon, say numbered lines by /say, and send again what was not
acknowledged. A hearer at each daemon comes back with /since. In the end the whole log
is read at each daemon: each acknowledged line is in it once, under the id that was
acknowledged; no id has changed its meaning; each sender's lines are in their order; and
all daemons have the same log.
"""

import argparse
import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from broadcast.store.nats import Access, Link
from soak.cable import Cable
from soak.kills import SENDERS, WINDOW, Found, Visit
from soak.servers import Server, Servers, free_ports

KINDS = ("daemon", "follower", "leader", "cut", "stop", "pause", "all", "rolling")

PATIENCE = 60.0

STOPPED = 12.0
"""Seconds for which a server or a daemon is stopped by a signal."""

CUT = 14.0
"""Seconds for which a daemon is cut off: longer than it waits for its servers."""


class Cables:
    """The cables of a daemon, one to each server, in a thread of their own."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._cables: list[Cable] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def urls(self) -> str:
        """Where the daemon finds its servers."""
        return ",".join(cable.url for cable in self._cables)

    def __enter__(self) -> "Cables":
        """Begin."""
        self._thread.start()
        for server in self._servers.all:
            cable = Cable(server.port)
            asyncio.run_coroutine_threadsafe(cable.__aenter__(), self._loop).result()
            self._cables.append(cable)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.release()
        for cable in self._cables:
            ended = asyncio.run_coroutine_threadsafe(cable.__aexit__(), self._loop)
            ended.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def hold(self) -> None:
        """Cut the daemon off; what it sends is kept."""
        for cable in self._cables:
            self._loop.call_soon_threadsafe(cable.hold)

    def release(self) -> None:
        """Let all through, late."""
        for cable in self._cables:
            self._loop.call_soon_threadsafe(cable.release)


class Daemon:
    """A daemon of the room, always on the same port.

    Args:
        number: which.
        port: where members find it.
        cables: how it reaches the servers.
        log: where it logs to.
    """

    def __init__(self, number: int, port: int, cables: Cables, log: Path) -> None:
        self.port = port
        self.cables = cables
        self._number = number
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "broadcast", "--port", str(self.port)]
        command += ["--nats", self.cables.urls, "--node", f"d{self._number}"]
        command += ["--rate", "0", "--history", "all", "--log-size", "3G"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it at once."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.process is not None:
            os.kill(self.process.pid, number)

    @property
    def has_ended(self) -> bool:
        """It has ended by itself."""
        return self.process is not None and self.process.poll() is not None


class Talk:
    """The members.

    Args:
        ports: where the daemons are.
    """

    def __init__(self, ports: list[int]) -> None:
        self.found = Found()
        self.last_ack = time.monotonic()
        self.longest = 0.0
        self.heard: list[dict[int, str]] = [{} for _ in ports]
        self._ports = ports
        self._is_over = threading.Event()
        self._senders = [
            threading.Thread(target=self._talk, args=(n,)) for n in range(SENDERS)
        ]
        hearers = [
            threading.Thread(target=self._hear, args=(n,), daemon=True)
            for n in range(len(ports))
        ]
        for thread in (*self._senders, *hearers):
            thread.start()

    def silence(self) -> float:
        """Return the longest silence since the last call, and count anew."""
        longest = max(self.longest, time.monotonic() - self.last_ack)
        self.longest = 0.0
        return longest

    def wait_for_more(self) -> None:
        """Wait until something more is acknowledged."""
        began, before = time.monotonic(), self.found.acknowledged
        while self.found.acknowledged == before:
            if time.monotonic() - began > PATIENCE:
                raise SystemExit(f"nothing was acknowledged for {PATIENCE:.0f} s")
            time.sleep(0.01)

    def finish(self) -> None:
        """Let senders end when all is acknowledged; compare the logs of all daemons."""
        self._is_over.set()
        for sender in self._senders:
            sender.join(PATIENCE)
            if sender.is_alive():
                self._complain("a sender waits for an acknowledgement")
        logs = [dict(whole_log(port)) for port in self._ports]
        self._judge(logs[0])
        for port, log in zip(self._ports, logs, strict=True):
            if digest(log) != digest(logs[0]):
                self._complain(f"the daemon at {port} has another log")
        for n, heard in enumerate(self.heard):
            self._expect_all(n, heard, logs[0])

    def _expect_all(self, n: int, heard: dict[int, str], log: dict[int, str]) -> None:
        """Wait until a hearer has all of the log."""
        end = time.monotonic() + PATIENCE
        expected = digest(log)
        while len(heard) < len(log) or digest({**heard}) != expected:
            if time.monotonic() > end:
                lacks = len(log.keys() - heard.keys())
                more = len(heard.keys() - log.keys())
                self._complain(f"hearer {n} lacks {lacks} lines, has {more} others")
                return
            time.sleep(0.1)

    def _complain(self, problem: str) -> None:
        self.found.problems.append(problem)

    def _visits(self, name: str, ports: list[int]) -> Iterator[Visit]:
        while True:
            try:
                visit = Visit(random.choice(ports), name)
            except (OSError, ValueError, KeyError):
                time.sleep(0.05)
                continue
            yield visit
            visit.close()

    def _talk(self, n: int) -> None:
        waiting: dict[str, int] = {}
        found = self.found
        for visit in self._visits(f"sender-{n}", self._ports):
            try:
                visit.send(*(f"/say {t} {n} {seq}" for t, seq in waiting.items()))
                while not self._is_over.is_set() or waiting:
                    self._say_more(visit, n, waiting)
                    event = visit.event()
                    if event["event"] == "ack":
                        found.acked[n][waiting.pop(event["token"])] = event["id"]
                        found.doubles += bool(event.get("double"))
                        now = time.monotonic()
                        self.longest = max(self.longest, now - self.last_ack)
                        self.last_ack = now
                return
            except OSError:
                continue

    def _say_more(self, visit: Visit, n: int, waiting: dict[str, int]) -> None:
        while len(waiting) < WINDOW and not self._is_over.is_set():
            self.found.said[n] += 1
            seq = self.found.said[n]
            waiting[f"t{seq}"] = seq
            visit.send(f"/say t{seq} {n} {seq}")

    def _hear(self, n: int) -> None:
        epoch, last, heard = "", 0, self.heard[n]
        for visit in self._visits(f"hearer-{n}", [self._ports[n]]):
            try:
                epoch = epoch or str(visit.welcome["epoch"])
                if visit.welcome["epoch"] != epoch:
                    self._complain("the epoch changed")
                visit.send(f"/since {epoch}:{last}")
                newest, is_whole = 0, False
                while True:
                    event = visit.event()
                    id = self._take(visit, event, heard)
                    if id and not event.get("replayed"):
                        if id <= newest:
                            self._complain(f"{id} was heard after {newest}")
                        newest = id
                    is_whole |= event["event"] == "replayed" and not event["more"]
                    if event.get("replayed"):
                        last = max(last, id)
                    elif is_whole:  # until then lines are missing before the live ones
                        last = max(last, newest)
            except OSError:
                continue

    def _take(self, visit: Visit, event: dict[str, Any], heard: dict[int, str]) -> int:
        """Take what a hearer is told; return a line's id, or 0."""
        match event["event"]:
            case "replay" if event["missing"] != 0:
                self._complain(f"missing {event['missing']}")
            case "replayed" if event["more"]:
                visit.send(f"/since {event['position']}")
            case "message":
                id, text = int(event["id"]), str(event["text"])
                if heard.setdefault(id, text) != text:
                    self._complain(f"{id} was {heard[id]!r}, and is {text!r}")
                return id
        return 0

    def _judge(self, log: dict[int, str]) -> None:
        """Compare what was acknowledged with the log."""
        for n, acked in enumerate(self.found.acked):
            for seq, id in acked.items():
                if log.get(id) != f"{n} {seq}":
                    self._complain(f"'{n} {seq}' as {id}, which is {log.get(id)!r}")
        last = [0] * SENDERS
        for id, text in sorted(log.items()):
            n, seq = map(int, text.split())
            if seq != last[n] + 1:
                self._complain(f"{id}: {n} said {seq} after {last[n]}")
            last[n] = seq
        if last != self.found.said:
            self._complain(f"said {self.found.said}, kept {last}")


def digest(log: dict[int, str]) -> str:
    """Return what tells a log from others: all lines, in order, with their ids."""
    said = "".join(f"{id} {text}\n" for id, text in sorted(log.items()))
    return hashlib.sha256(said.encode()).hexdigest()


def whole_log(port: int) -> Iterator[tuple[int, str]]:
    """Yield all lines that a daemon has."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            visit = Visit(port, f"judge-{port}")
            break
        except (OSError, KeyError):
            if time.monotonic() > end:
                raise SystemExit(f"nobody is let in at {port}") from None
            time.sleep(0.1)
    visit.send(f"/since {visit.welcome['epoch']}:0")
    while (event := visit.event())["event"] != "replayed" or event["more"]:
        match event["event"]:
            case "message" if event.get("replayed"):
                yield event["id"], event["text"]
            case "replayed":
                visit.send(f"/since {event['position']}")
    visit.close()


async def _ask(urls: str) -> dict[str, Any]:
    link = Link(Access(tuple(urls.split(","))))
    await link.connect()
    try:
        return await link.ask("STREAM.INFO.broadcast")
    finally:
        await link.close()


def look(servers: Servers) -> dict[str, Any]:
    """Return how the stream's servers are, once one of them leads and all are there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(Exception, SystemExit):
            cluster: dict[str, Any] = asyncio.run(_ask(servers.urls))["cluster"]
            others = cluster.get("replicas") or []
            is_whole = all(other["current"] for other in others)
            if cluster.get("leader") and is_whole:
                return cluster
        time.sleep(0.1)
    raise SystemExit("the stream has no leader")


class Faults:
    """Does harm, and puts it right.

    Args:
        servers: the nats-servers.
        daemons: the daemons.
        luck: chooses.
    """

    def __init__(
        self, servers: Servers, daemons: list[Daemon], luck: random.Random
    ) -> None:
        self._servers = servers
        self._daemons = daemons
        self._luck = luck

    def do(self, kind: str) -> None:
        """Do it, and return when it is over."""
        faults: dict[str, Callable[[], None]] = {
            "daemon": self._kill_daemon,
            "follower": lambda: self._kill([self._one(leads=False)], 1.0),
            "leader": lambda: self._kill([self._one(leads=True)], 1.0),
            "all": lambda: self._kill(self._servers.all, 2.0),
            "stop": self._stop_leader,
            "rolling": self._roll,
            "cut": self._cut,
            "pause": self._pause,
        }
        faults[kind]()

    def _one(self, leads: bool) -> Server:
        leader = look(self._servers)["leader"]
        found = [s for s in self._servers.all if (s.folder.name == leader) == leads]
        return self._luck.choice(found)

    def _kill(self, servers: list[Server], seconds: float) -> None:
        for server in servers:
            server.kill()
        time.sleep(seconds)
        for server in servers:
            server.start()
        for server in servers:
            server.wait()

    def _roll(self) -> None:
        for server in self._servers.all:
            self._kill([server], 0.5)
            look(self._servers)

    def _stop_leader(self) -> None:
        server = self._one(leads=True)
        server.signal(signal.SIGSTOP)
        time.sleep(STOPPED)
        server.signal(signal.SIGCONT)

    def _kill_daemon(self) -> None:
        daemon = self._luck.choice(self._daemons)
        daemon.kill()
        daemon.start()

    def _cut(self) -> None:
        daemon = self._luck.choice(self._daemons)
        daemon.cables.hold()
        time.sleep(CUT)
        daemon.cables.release()

    def _pause(self) -> None:
        daemon = self._luck.choice(self._daemons)
        daemon.signal(signal.SIGSTOP)
        time.sleep(STOPPED + 8)
        daemon.signal(signal.SIGCONT)


def run(
    folder: Path, kinds: list[str], daemons: int, luck: random.Random
) -> tuple[Found, dict[str, list[float]]]:
    """Return what was found, and the longest silence for each kind of fault."""
    silences: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        servers = stack.enter_context(Servers(folder, 3))
        room: list[Daemon] = []
        for number, port in enumerate(free_ports(daemons)):
            cables = stack.enter_context(Cables(servers))
            daemon = Daemon(number, port, cables, folder / f"d{number}.log")
            stack.callback(daemon.kill)
            daemon.start()
            room.append(daemon)
        talk = Talk([daemon.port for daemon in room])
        talk.wait_for_more()
        look(servers)
        faults = Faults(servers, room, luck)
        for kind in kinds:
            time.sleep(luck.uniform(0.1, 0.6))
            talk.silence()
            faults.do(kind)
            talk.wait_for_more()
            look(servers)
            silences[kind].append(talk.silence())
            if ended := [daemon.port for daemon in room if daemon.has_ended]:
                raise SystemExit(f"FAILED: after {kind}: ended by itself: {ended}")
            print(f"{kind}: {silences[kind][-1]:.1f} s of silence", flush=True)
        talk.finish()
    return talk.found, silences


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--daemons", type=int, default=2)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for what daemons and servers leave")
    chosen = parser.parse_args()
    given = chosen.kinds.split(",")
    kinds = [given[n % len(given)] for n in range(chosen.faults)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(chosen.keep or folder)
        luck = random.Random(chosen.seed)
        found, silences = run(path, kinds, chosen.daemons, luck)
    for problem in found.problems[:20]:
        print(f"FAILED: {problem}")
    most = ", ".join(f"{kind} {max(each):.1f} s" for kind, each in silences.items())
    print(
        f"{chosen.faults} faults: {found.acknowledged} of {sum(found.said)} lines"
        f" acknowledged, {found.doubles} of them when sent again,"
        f" {len(found.problems)} problems; longest silence: {most}"
    )
    sys.exit(bool(found.problems))


if __name__ == "__main__":
    main()
