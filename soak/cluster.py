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
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from broadcast.store.nats import Access, Link
from soak.daemons import Cables, Daemon
from soak.senders import Found, Senders, Visit, visits, whole_log
from soak.servers import Server, Servers, free_ports

KINDS = ("daemon", "follower", "leader", "cut", "stop", "pause", "all", "rolling")

PATIENCE = 60.0

STOPPED = 12.0
"""Seconds for which a server or a daemon is stopped by a signal."""

CUT = 14.0
"""Seconds for which a daemon is cut off: longer than it waits for its servers."""


class Hearers:
    """A member at each daemon that comes back with /since, each in a thread.

    Args:
        ports: where the daemons are.
        senders: those that they hear.
    """

    def __init__(self, ports: list[int], senders: Senders) -> None:
        self._ports = ports
        self._expect = senders.expect
        self._heard: list[dict[int, str]] = [{} for _ in ports]
        for n in range(len(ports)):
            threading.Thread(target=self._hear, args=(n,), daemon=True).start()

    def judge(self, log: dict[int, str]) -> None:
        """Wait until each has all of a whole log."""
        for n, heard in enumerate(self._heard):
            self._expect_all(n, heard, log)

    def _expect_all(self, n: int, heard: dict[int, str], log: dict[int, str]) -> None:
        """Wait until a hearer has all of the log."""
        end = time.monotonic() + PATIENCE
        expected = digest(log)
        while len(heard) < len(log) or digest({**heard}) != expected:
            if time.monotonic() > end:
                lacks = len(log.keys() - heard.keys())
                more = len(heard.keys() - log.keys())
                self._expect(False, f"hearer {n} lacks {lacks}, has {more} others")
                return
            time.sleep(0.1)

    def _hear(self, n: int) -> None:
        epoch, last, heard = "", 0, self._heard[n]
        for visit in visits([self._ports[n]], f"hearer-{n}"):
            try:
                epoch = epoch or str(visit.welcome["epoch"])
                self._expect(visit.welcome["epoch"] == epoch, "the epoch changed")
                visit.send(f"/since {epoch}:{last}")
                newest, is_whole = 0, False
                while True:
                    event = visit.event()
                    id = self._take(visit, event, heard)
                    if id and not event.get("replayed"):
                        self._expect(id > newest, f"{id} was heard after {newest}")
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
            case "replay":
                self._expect(event["missing"] == 0, f"missing {event['missing']}")
            case "replayed" if event["more"]:
                visit.send(f"/since {event['position']}")
            case "message":
                id, text = int(event["id"]), str(event["text"])
                known = heard.setdefault(id, text)
                self._expect(known == text, f"{id} was {known!r}, and is {text!r}")
                return id
        return 0


def digest(log: dict[int, str]) -> str:
    """Return what tells a log from others: all lines, in order, with their ids."""
    said = "".join(f"{id} {text}\n" for id, text in sorted(log.items()))
    return hashlib.sha256(said.encode()).hexdigest()


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
        ports = [daemon.port for daemon in room]
        senders = Senders(ports, PATIENCE)
        hearers = Hearers(ports, senders)
        senders.wait_for_more()
        look(servers)
        faults = Faults(servers, room, luck)
        for kind in kinds:
            time.sleep(luck.uniform(0.1, 0.6))
            senders.silence()
            faults.do(kind)
            senders.wait_for_more()
            look(servers)
            silences[kind].append(senders.silence())
            if ended := [daemon.port for daemon in room if daemon.has_ended]:
                raise SystemExit(f"FAILED: after {kind}: ended by itself: {ended}")
            print(f"{kind}: {silences[kind][-1]:.1f} s of silence", flush=True)
        senders.finish()
        logs = [dict(whole_log(port, PATIENCE)) for port in ports]
        for port, log in zip(ports, logs, strict=True):
            is_same = digest(log) == digest(logs[0])
            senders.expect(is_same, f"the daemon at {port} has another log")
        for each in (senders, hearers):
            each.judge(logs[0])
    return senders.found, silences


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
