"""Kill a daemon with --store again and again, while keyed members talk and hear.

python -m soak.kills [--kills 100] [--seed 1]

Four senders say numbered lines by /say, and send again what was not acknowledged. A
hearer comes back with /since. In the end the whole log is read: each acknowledged line
is in it once, under the id that was acknowledged; no id has changed its meaning; each
sender's lines are in their order.
"""

import argparse
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soak.room import percentile, room

SENDERS = 4
WINDOW = 50
"""Lines of a sender that are not acknowledged, at most."""

PATIENCE = 30.0


@dataclass
class Found:
    """What members were told, and what is wrong with it.

    Attributes:
        acked: sender → its line's number → the id acknowledged.
        said: lines said by each sender.
        heard: id → text, as the hearer has it.
        doubles: lines that were sent again and had been said.
        problems: what must not be, a line each.
    """

    acked: list[dict[int, int]] = field(
        default_factory=lambda: [{} for _ in range(SENDERS)]
    )
    said: list[int] = field(default_factory=lambda: [0] * SENDERS)
    heard: dict[int, str] = field(default_factory=dict)
    doubles: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def acknowledged(self) -> int:
        """How many lines were acknowledged."""
        return sum(map(len, self.acked))


class Visit:
    """A connection in the json dialect, greeted under its own name."""

    def __init__(self, port: int, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")
        self.send("/format json", f"/name {name} key-of-{name}", "/ping in")
        self.welcome = self.event()
        if self.welcome["name"] != name:
            raise SystemExit(f"{name} is called {self.welcome['name']}")

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._socket.sendall("".join(f"{line}\n" for line in lines).encode())

    def event(self) -> dict[str, Any]:
        """Return the next event; OSError if there is none."""
        line = self._lines.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("cut off")
        event: dict[str, Any] = json.loads(line)
        return event

    def close(self) -> None:
        """Close it."""
        self._lines.close()
        self._socket.close()


class Run:
    """The members, and the port on which they find the daemon.

    Args:
        port: it has the same one each time.
    """

    def __init__(self, port: int) -> None:
        self.found = Found()
        self._port = port
        self._is_over = threading.Event()
        senders = [
            threading.Thread(target=self._talk, args=(n,), daemon=True)
            for n in range(SENDERS)
        ]
        self._senders = senders
        self._hearer = threading.Thread(target=self._hear, daemon=True)
        for thread in (*senders, self._hearer):
            thread.start()

    def wait_for_more(self) -> None:
        """Wait until something more is acknowledged."""
        began, before = time.monotonic(), self.found.acknowledged
        while self.found.acknowledged == before:
            if time.monotonic() - began > PATIENCE:
                raise SystemExit(f"nothing was acknowledged for {PATIENCE:.0f} s")
            time.sleep(0.002)

    def finish(self) -> None:
        """Let senders end when all is acknowledged; look at the whole log."""
        self._is_over.set()
        for sender in self._senders:
            sender.join(PATIENCE)
            if sender.is_alive():
                self.found.problems.append("a sender waits for an acknowledgement")
        self._judge()

    def _visits(self, name: str) -> Iterator[Visit]:
        """Yield a connection each time that the one before is lost."""
        while True:
            try:
                visit = Visit(self._port, name)
            except (OSError, ValueError):
                time.sleep(0.02)
                continue
            yield visit
            visit.close()

    def _talk(self, n: int) -> None:
        waiting: dict[str, int] = {}
        for visit in self._visits(f"sender-{n}"):
            try:
                visit.send(*(f"/say {t} {n} {seq}" for t, seq in waiting.items()))
                while not self._is_over.is_set() or waiting:
                    self._say_more(visit, n, waiting)
                    event = visit.event()
                    if event["event"] == "ack":
                        self.found.acked[n][waiting.pop(event["token"])] = event["id"]
                        self.found.doubles += bool(event.get("double"))
                return
            except OSError:
                continue

    def _say_more(self, visit: Visit, n: int, waiting: dict[str, int]) -> None:
        while len(waiting) < WINDOW and not self._is_over.is_set():
            self.found.said[n] += 1
            seq = self.found.said[n]
            waiting[f"t{seq}"] = seq
            visit.send(f"/say t{seq} {n} {seq}")

    def _hear(self) -> None:
        epoch, last = "", 0
        for visit in self._visits("hearer"):
            if self._is_over.is_set():
                return
            try:
                epoch = epoch or visit.welcome["epoch"]
                self._expect(visit.welcome["epoch"] == epoch, "the epoch changed")
                self._expect(
                    visit.welcome["id"] >= last, f"{last} was heard and is gone"
                )
                visit.send(f"/since {epoch}:{last}")
                while True:
                    last = max(last, self._take(visit, visit.event()))
            except OSError:
                continue

    def _take(self, visit: Visit, event: dict[str, Any]) -> int:
        """Take what the hearer is told; return a line's id, or 0."""
        match event["event"]:
            case "replay":
                self._expect(event["missing"] == 0, f"missing {event['missing']}")
            case "replayed" if event["more"]:
                visit.send(f"/since {event['position']}")
            case "message":
                id, text = event["id"], event["text"]
                known = self.found.heard.setdefault(id, text)
                self._expect(known == text, f"{id} was {known!r}, and is {text!r}")
                return int(id)
        return 0

    def _expect(self, is_so: bool, problem: str) -> None:
        if not is_so:
            self.found.problems.append(problem)

    def _judge(self) -> None:
        """Read the log from its first line, and compare."""
        log = dict(self._whole_log())
        for n, acked in enumerate(self.found.acked):
            for seq, id in acked.items():
                text = f"{n} {seq}"
                had = f"{text!r} was acknowledged as {id}, which is {log.get(id)!r}"
                self._expect(log.get(id) == text, had)
        for id, text in self.found.heard.items():
            was = f"{id} was {text!r}, and is {log.get(id)!r}"
            self._expect(log.get(id) == text, was)
        last = [0] * SENDERS
        for id, text in sorted(log.items()):
            n, seq = map(int, text.split())
            self._expect(seq == last[n] + 1, f"{id}: {n} said {seq} after {last[n]}")
            last[n] = seq
        self._expect(last == self.found.said, f"said {self.found.said}, kept {last}")

    def _whole_log(self) -> Iterator[tuple[int, str]]:
        visit = Visit(self._port, "judge")
        visit.send(f"/since {visit.welcome['epoch']}:0")
        while (event := visit.event())["event"] != "replayed" or event["more"]:
            match event["event"]:
                case "message" if event.get("replayed"):
                    yield event["id"], event["text"]
                case "replayed":
                    visit.send(f"/since {event['position']}")
        visit.close()


def run(path: Path, kills: int, luck: random.Random) -> tuple[Found, list[float]]:
    """Return what was found, and for how long nothing was acknowledged each time."""
    options = ("--store", str(path), "--rate", "0", "--history", "all")
    silences: list[float] = []
    members: Run | None = None
    port, killed = "0", time.monotonic()
    for _ in range(kills):
        with room(*options, "--port", port) as here:
            port = str(here.port)
            members = members or Run(here.port)
            members.wait_for_more()
            silences.append(time.monotonic() - killed)
            time.sleep(luck.uniform(0.02, 0.4))
            here.process.kill()
            here.process.wait()
            killed = time.monotonic()
    assert members is not None
    with room(*options, "--port", port):
        members.wait_for_more()
        silences.append(time.monotonic() - killed)
        members.finish()
    return members.found, silences[1:]


def main() -> None:
    """Run it and print the report; exit 1 if there is a problem."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.db"
        found, silences = run(path, chosen.kills, random.Random(chosen.seed))
    for problem in found.problems[:20]:
        print(f"FAILED: {problem}")
    print(
        f"{chosen.kills} kills: {found.acknowledged} of {sum(found.said)} lines"
        f" acknowledged, {found.doubles} of them when sent again, {len(found.heard)}"
        f" heard, {len(found.problems)} problems; silence p50"
        f" {percentile(silences, 0.5):.2f} s, most {max(silences):.2f} s"
    )
    sys.exit(bool(found.problems))


if __name__ == "__main__":
    main()
