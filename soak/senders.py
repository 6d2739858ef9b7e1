"""Senders: they say numbered lines by /say, again until each is acknowledged.

They go to any of a room's daemons, under a name and a key of their own. Programs that
hurt the daemons have them talk meanwhile, and compare in the end.
"""

import json
import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

SENDERS = 4
WINDOW = 50
"""Lines of a sender that are not acknowledged, at most."""

PATIENCE = 30.0
"""Seconds for which a connection may be silent."""


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


def visits(ports: Sequence[int], name: str) -> Iterator[Visit]:
    """Yield a connection to any of the daemons each time the one before is lost."""
    while True:
        try:
            visit = Visit(random.choice(ports), name)
        except (OSError, ValueError, KeyError):
            time.sleep(0.02)
            continue
        yield visit
        visit.close()


def whole_log(port: int, patience: float) -> Iterator[tuple[int, str]]:
    """Yield all lines that a daemon has, each with its id.

    Args:
        port: where the daemon is.
        patience: seconds within which it has to let somebody in.
    """
    end = time.monotonic() + patience
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


class Senders:
    """The senders, each in a thread.

    Args:
        ports: where the daemons are.
        patience: seconds without an acknowledgement after which it is given up.

    Attributes:
        found: what they were told, and what is wrong with it.
        is_over: they are to say no more.
    """

    def __init__(self, ports: Sequence[int], patience: float) -> None:
        self.found = Found()
        self.is_over = threading.Event()
        self._ports = ports
        self._patience = patience
        self._last_ack = time.monotonic()
        self._longest = 0.0
        self._threads = [
            threading.Thread(target=self._talk, args=(n,), daemon=True)
            for n in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def silence(self) -> float:
        """Return the longest silence since the last call, and count anew."""
        longest = max(self._longest, time.monotonic() - self._last_ack)
        self._longest = 0.0
        return longest

    def wait_for_more(self) -> None:
        """Wait until something more is acknowledged."""
        began, before = time.monotonic(), self.found.acknowledged
        while self.found.acknowledged == before:
            if time.monotonic() - began > self._patience:
                raise SystemExit(f"nothing was acknowledged for {self._patience:.0f} s")
            time.sleep(0.002)

    def finish(self) -> None:
        """Let them end when all is acknowledged."""
        self.is_over.set()
        for thread in self._threads:
            thread.join(self._patience)
            is_done = not thread.is_alive()
            self.expect(is_done, "a sender waits for an acknowledgement")

    def expect(self, is_so: bool, problem: str) -> None:
        """Note a problem, unless all is as it should be."""
        if not is_so:
            self.found.problems.append(problem)

    def judge(self, log: dict[int, str]) -> None:
        """Compare what was said and acknowledged with a whole log."""
        for n, acked in enumerate(self.found.acked):
            for seq, id in acked.items():
                text = f"{n} {seq}"
                had = f"{text!r} was acknowledged as {id}, which is {log.get(id)!r}"
                self.expect(log.get(id) == text, had)
        last = [0] * SENDERS
        for id, text in sorted(log.items()):
            n, seq = map(int, text.split())
            self.expect(seq == last[n] + 1, f"{id}: {n} said {seq} after {last[n]}")
            last[n] = seq
        self.expect(last == self.found.said, f"said {self.found.said}, kept {last}")

    def _talk(self, n: int) -> None:
        waiting: dict[str, int] = {}
        for visit in visits(self._ports, f"sender-{n}"):
            try:
                visit.send(*(f"/say {t} {n} {seq}" for t, seq in waiting.items()))
                while not self.is_over.is_set() or waiting:
                    self._say_more(visit, n, waiting)
                    event = visit.event()
                    if event["event"] == "ack":
                        self._count(n, waiting.pop(event["token"]), event)
                return
            except OSError:
                continue

    def _say_more(self, visit: Visit, n: int, waiting: dict[str, int]) -> None:
        while len(waiting) < WINDOW and not self.is_over.is_set():
            self.found.said[n] += 1
            seq = self.found.said[n]
            waiting[f"t{seq}"] = seq
            visit.send(f"/say t{seq} {n} {seq}")

    def _count(self, n: int, seq: int, ack: dict[str, Any]) -> None:
        self.found.acked[n][seq] = ack["id"]
        self.found.doubles += bool(ack.get("double"))
        now = time.monotonic()
        self._longest = max(self._longest, now - self._last_ack)
        self._last_ack = now
